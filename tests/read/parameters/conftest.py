"""Reads the small SPAN XML documents of these tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from margin.model.parameters import ParameterSet
from margin.model.problem import InputRefused
from margin.read.parameters import read_parameters


@pytest.fixture
def read_spn(tmp_path: Path) -> Callable[[str | bytes], ParameterSet]:
    """Read a document given as text or bytes."""

    def read(content: str | bytes, name: str = "test.spn") -> ParameterSet:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_parameters([path])

    return read


@pytest.fixture
def refuse_spn(read_spn: Callable[[str | bytes], ParameterSet]) -> Callable[[str | bytes], InputRefused]:
    """Read a document that must be refused, and give back the refusal."""

    def refuse(content: str | bytes) -> InputRefused:
        with pytest.raises(InputRefused) as caught:
            read_spn(content)
        return caught.value

    return refuse
