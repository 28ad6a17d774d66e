"""Components become requirements: option value, short option minimum, classes, currencies, totals."""
