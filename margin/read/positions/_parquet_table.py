"""Parquet tables as frames, or refused in words where they are cut off or damaged."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import polars as pl

from margin.model.problem import Faults, Reason
from margin.read.native_noise import native_noise_held
from margin.read.parquet_sizes import ParquetDamage, check_sizes
from margin.read.positions._input import PositionInput

Read = TypeVar("Read")

MAGIC = b"PAR1"
"""The mark that Parquet files start and end with."""

_TAIL_BYTES = 8  # length of the footer, mark


def read_parquet_table(source: PositionInput) -> pl.DataFrame:
    """The table that a Parquet file holds.

    Raises:
        InputRefused: The file is damaged, cut off or of an unknown kind.
    """
    faults = Faults(source.path)
    frame = _read_frame(source, faults) if _is_whole(source, faults) else pl.DataFrame()
    faults.refuse_if_any()
    return frame


def _is_whole(source: PositionInput, faults: Faults) -> bool:
    """Whether the file ends as a Parquet file must: with the length of its footer and the mark."""
    if source.in_place is None:
        content = source.load().content
        size, tail = len(content), content[-_TAIL_BYTES:]
    else:
        with source.in_place.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - _TAIL_BYTES))
            tail = stream.read()
    footer = int.from_bytes(tail[:4], "little")
    if tail.endswith(MAGIC) and size >= footer + _TAIL_BYTES + len(MAGIC):
        return True
    faults.add(
        Reason.UNREADABLE,
        "the Parquet file does not end with its footer, expected the mark PAR1 there; it was cut off: "
        "write or fetch it again",
        found=tail[-4:].hex(),
        expected=MAGIC.hex(),
    )
    return False


def parquet_columns(source: PositionInput) -> list[str]:
    """Names of the columns that a Parquet file holds; only its footer is read.

    Raises:
        InputRefused: The file is damaged, cut off or of an unknown kind.
    """
    faults = Faults(source.path)
    names = _read(source, pl.read_parquet_schema, faults) if _is_whole(source, faults) else None
    faults.refuse_if_any()
    return list(names or ())


def _read_frame(source: PositionInput, faults: Faults) -> pl.DataFrame:
    frame = _read(source, partial(pl.read_parquet, glob=False, hive_partitioning=False), faults)
    return pl.DataFrame() if frame is None else frame


def _read(source: PositionInput, reader: Callable[[Any], Read], faults: Faults) -> Read | None:
    """What a reader makes of a file; `None`, with a fault, where it is damaged."""
    content = io.BytesIO(source.load().content) if source.in_place is None else source.in_place
    try:
        check_sizes(source.load().content if source.in_place is None else source.in_place)
        with native_noise_held():
            return reader(content)
    except (ParquetDamage, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        faults.add(
            Reason.UNREADABLE,
            f"the Parquet file is damaged, cut off or of an unknown kind ({reason[:200]}); write or fetch it again",
            found=reason[:200],
        )
        return None
