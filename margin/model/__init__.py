"""The nouns of a margin run, one file each; no input or output."""
