"""Parameter files that were parsed before: kept by digest, so that they are parsed once.

What is kept is used only if it is of the same bytes, read by the same code, for the same session; whatever is wrong
with it, the file is parsed again. What is said about it goes to the logger ``margin.cache`` at level INFO.
"""
