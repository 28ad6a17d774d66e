"""Bytes become parameters, positions and policies; the only room that opens files for reading."""
