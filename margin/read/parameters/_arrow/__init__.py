"""The columnar file of a whole parameter set, in both directions: what `arrow` reads, and what the cache keeps."""
