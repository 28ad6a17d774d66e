"""Writes what a file holds, or what changed between two, for a person or a program: one module per format.

A format module has ``render(document, out, presentation)``, ``SUFFIXES`` and ``IS_BINARY`` as formats of a run have;
the document is what `margin.inspect` or `margin.compare_parameters` returns. What begins with an underscore is
shared by some of them.
"""
