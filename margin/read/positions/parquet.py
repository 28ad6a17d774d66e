"""Positions as a Parquet table, its types checked instead of guessed."""

from __future__ import annotations

import io
import os

import polars as pl

from margin.model.position import PositionPart, PositionSource
from margin.model.problem import Faults, Reason
from margin.read.positions._columns import match_columns, misspelling_warnings, require_columns
from margin.read.positions._input import PositionInput, PositionsRead
from margin.read.positions._validate import RawTable, no_rows_warning, validate
from margin.read.source import file_digest

FORMAT = "parquet"

_MAGIC = b"PAR1"
_TAIL_BYTES = 8  # length of the footer, mark


def recognise(head: bytes, name: str) -> bool:
    """Whether an input starts with the Parquet mark."""
    return head.startswith(_MAGIC)


def read(source: PositionInput) -> PositionsRead:
    """Read a Parquet table of positions, with the columns of a text table.

    Codes are text or whole numbers (taken as their digits), also dictionary-encoded; expiries and dates may be
    of the date type; quantities are integers, decimals or floats. Rows have no lines.

    Raises:
        InputRefused: With every fault of the input: damage, names, types and values.
    """
    faults = Faults(source.path)
    frame = _read_frame(source, faults) if _is_whole(source, faults) else pl.DataFrame()
    faults.refuse_if_any()
    columns = match_columns(frame.columns, faults, line=None)
    require_columns(columns, faults, line=None)
    table = RawTable(
        columns,
        tuple(frame.to_series(column.position) for column in columns),
        first_line=None,
        may_have_nul=True,
    )
    positions = validate(table, faults)
    faults.refuse_if_any()
    sha256 = file_digest(source.path) if source.source is None else source.source.sha256
    part = PositionPart(PositionSource(source.path, sha256, FORMAT, positions.height), positions, first_line=None)
    problems = misspelling_warnings(columns, source.path, line=None)
    return PositionsRead(part, problems=problems if table.height else (*problems, no_rows_warning(source.path)))


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
    if tail.endswith(_MAGIC) and size >= footer + _TAIL_BYTES + len(_MAGIC):
        return True
    faults.add(
        Reason.UNREADABLE,
        "the Parquet file does not end with its footer, expected the mark PAR1 there; it was cut off: "
        "write or fetch it again",
        found=tail[-4:].hex(),
        expected=_MAGIC.hex(),
    )
    return False


def _read_frame(source: PositionInput, faults: Faults) -> pl.DataFrame:
    content = io.BytesIO(source.load().content) if source.in_place is None else source.in_place
    try:
        return pl.read_parquet(content, glob=False, hive_partitioning=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        faults.add(
            Reason.UNREADABLE,
            f"the Parquet file is damaged, cut off or of an unknown kind ({reason[:200]}); write or fetch it again",
            found=reason[:200],
        )
        return pl.DataFrame()
