"""Modules of the writers' folders are formats: each keeps its folder's protocol, and no ending means two formats."""

from __future__ import annotations

import inspect
from types import ModuleType

import pytest

import margin.write.parameters as parameter_writers
import margin.write.positions as position_writers
from margin.write.document import choose_format


@pytest.mark.parametrize("folder", [parameter_writers, position_writers], ids=lambda folder: folder.__name__)
def test_writers_keep_their_protocol(folder: ModuleType) -> None:
    endings: list[str] = []
    subject = folder.__name__.rpartition(".")[2]
    for name in folder.format_names():
        module = folder.writer(name)
        assert [subject] == list(inspect.signature(module.write).parameters), name
        assert inspect.getdoc(module)
        assert inspect.getdoc(module.write)
        assert module.TITLE
        assert all(ending.startswith(".") and ending == ending.lower() for ending in module.SUFFIXES)
        for ending in module.SUFFIXES:
            assert name == choose_format(f"FILE{ending.upper()}", None, folder.format_names(), folder.writer)
        endings += module.SUFFIXES

    assert len(endings) == len(set(endings))


def test_the_formats_that_are_written() -> None:
    assert {"csv", "ndjson", "parquet", "posfile", "spanposconv"} == set(position_writers.format_names())
    assert {"arrow", "pa2", "spn"} <= set(parameter_writers.format_names())
