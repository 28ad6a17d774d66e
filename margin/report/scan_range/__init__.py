"""Writes price scan ranges from history for a person, a house configuration or a program: one module per format.

A format module has ``render(study, out, presentation)``, ``SUFFIXES`` and ``IS_BINARY`` as formats of a run have;
what is written is a `margin.model.scan_range.ScanRangeStudy`.
"""
