"""Writes risk arrays for a person or a program: one module per format.

A format module has ``render(arrays, out, presentation)``, ``SUFFIXES`` and ``IS_BINARY`` as formats of a run have;
what is written is a `margin.views.risk_arrays.RiskArrayTable`.
"""
