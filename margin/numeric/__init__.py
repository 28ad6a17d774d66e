"""Array functions without a word of the domain: sums in a fixed order, rounding modes, segments."""
