"""Writes what was found in files for a person or a program: one module per format.

A format module has ``render(validation, out, presentation)``, ``SUFFIXES`` and ``IS_BINARY`` as formats of a run have;
what is written is a `margin.views.validate.Validation`.
"""
