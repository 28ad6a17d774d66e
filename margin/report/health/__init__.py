"""Writes the health of accounts for a person or a program: one module per format.

A format module has ``render(run, out, presentation)``, ``SUFFIXES`` and ``IS_BINARY`` as formats of a margin run have;
what is written is a `margin.model.health.HealthRun`.
"""
