"""Looks at the sizes a Parquet file states before anything is made as large as they say.

A library that decodes pages takes memory for as many values as their headers state, and where there is not that much
it ends the process. So the footer and every page header are read here first: all sizes must lie inside the file,
and the numbers of values must be those of the rows.
Source: Apache Parquet format, ``parquet.thrift`` (FileMetaData, ColumnMetaData, PageHeader); Apache Thrift, "Thrift
Compact protocol encoding".
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from margin.read.source import FREE_EXPANSION_BYTES, MAX_CONTENT_BYTES, MAX_EXPANSION

FREE_ROWS = 1_000_000
"""So many rows any file may have; larger files at most `MAX_EXPANSION` times their bytes."""

_MARK = b"PAR1"
_TAIL_BYTES = 8
_MAX_DEPTH = 16
_MAX_HEADER_BYTES = 1 << 20
_LONGEST_VARINT = 10
_ROWS, _ROW_GROUPS = 3, 4  # FileMetaData
_COLUMNS, _GROUP_ROWS = 1, 3  # RowGroup
_META_DATA = 3  # ColumnChunk
_VALUES, _PACKED_BYTES, _DATA_OFFSET, _DICTIONARY_OFFSET = 5, 7, 9, 11  # ColumnMetaData
_PAGE_TYPE, _PAGE_BYTES, _PACKED_PAGE_BYTES = 1, 2, 3  # PageHeader
_PAGE_FIELDS = {0: 5, 2: 7, 3: 8}  # PageHeader: the field of data pages, dictionary pages and data pages V2
_DICTIONARY_PAGE = 2
_PAGE_VALUES = 1

Struct = Mapping[int, Any]


class ParquetDamage(Exception):
    """What a file states cannot be; `str` of it says what."""


def check_sizes(content: bytes | Path) -> None:
    """Check every size that a Parquet file states.

    Args:
        content: The whole file in memory, or where it lies. It must end with its mark.

    Raises:
        ParquetDamage: A size cannot be, or a header cannot be read.
    """
    if isinstance(content, bytes):
        _check(memoryview(content))
        return
    with content.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        view = memoryview(mapped)
        try:
            _check(view)
        finally:
            view.release()


def _check(content: memoryview) -> None:
    end = len(content) - _TAIL_BYTES
    footer = int.from_bytes(content[end : end + 4], "little")
    if not 0 < footer <= end - len(_MARK):
        _damaged(f"its footer has {footer:,} bytes, the file {len(content):,}")
    meta, _ = _struct(content, end - footer, end)
    rows = _whole(meta, _ROWS, "rows of the file")
    groups = _structs(meta, _ROW_GROUPS)
    most = min(MAX_CONTENT_BYTES, max(FREE_ROWS, MAX_EXPANSION * len(content)))
    if rows > most:
        _damaged(f"it states {rows:,} rows in {len(content):,} bytes, expected at most {most:,}")
    if sum(_whole(group, _GROUP_ROWS, "rows of a row group") for group in groups) != rows:
        _damaged(f"its row groups do not have the {rows:,} rows that it states")
    for group in groups:
        for chunk in _structs(group, _COLUMNS):
            _check_column(content, end, chunk, most)


def _check_column(content: memoryview, end: int, chunk: Struct, most: int) -> None:
    meta = chunk.get(_META_DATA)
    if not isinstance(meta, Mapping):
        _damaged("a column has no description")
    values = _whole(meta, _VALUES, "values of a column")
    if not values:
        return  # some writers state no place for a column without rows
    if values > most:
        _damaged(f"a column states {values:,} values in {len(content):,} bytes, expected at most {most:,}")
    packed = _whole(meta, _PACKED_BYTES, "bytes of a column")
    data = _whole(meta, _DATA_OFFSET, "place of a column")
    dictionary = meta.get(_DICTIONARY_OFFSET)
    start = min(data, dictionary) if isinstance(dictionary, int) and dictionary > 0 else data
    if start < len(_MARK) or start + packed > end:
        _damaged(f"a column lies at bytes {start:,} to {start + packed:,} of {len(content):,}")
    found = 0
    for kind, number in _pages(content, start, start + packed):
        # A dictionary may hold words that no row has.
        if number > (most if kind == _DICTIONARY_PAGE else values):
            _damaged(f"a page states {number:,} values, its column {values:,}")
        found += number if kind != _DICTIONARY_PAGE else 0
    if found != values:
        _damaged(f"the pages of a column state {found:,} values, the column {values:,}")


def _pages(content: memoryview, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Kind and number of values of each page of a column."""
    while start < end:
        header, start = _struct(content, start, min(end, start + _MAX_HEADER_BYTES))
        packed = _whole(header, _PACKED_PAGE_BYTES, "bytes of a page")
        unpacked = _whole(header, _PAGE_BYTES, "bytes of a page before compression")
        if start + packed > end:
            _damaged(f"a page of {packed:,} bytes goes beyond its column")
        if unpacked > min(MAX_CONTENT_BYTES, max(FREE_EXPANSION_BYTES, MAX_EXPANSION * packed)):
            _damaged(f"a page of {packed:,} bytes states that it expands to {unpacked:,}")
        kind = _whole(header, _PAGE_TYPE, "kind of a page")
        described = header.get(_PAGE_FIELDS.get(kind, -1))
        if isinstance(described, Mapping):
            yield kind, _whole(described, _PAGE_VALUES, "values of a page")
        elif kind in _PAGE_FIELDS:
            _damaged("a page has no description")
        start += packed


def _whole(struct: Struct, field: int, what: str) -> int:
    value = struct.get(field)
    if not isinstance(value, int) or value < 0:
        _damaged(f"the {what} are {'not stated' if value is None else 'no sound number'}")
    return value


def _structs(struct: Struct, field: int) -> list[Struct]:
    value = struct.get(field)
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        _damaged("a list of its footer cannot be read")
    return value


def _damaged(what: str) -> NoReturn:
    raise ParquetDamage(what)


def _struct(content: memoryview, start: int, end: int) -> tuple[Struct, int]:
    """A structure in the compact protocol, and where it ends."""
    reader = _Compact(content, start, end)
    return reader.struct(0), reader.at


class _Compact:
    """Reads values of the compact protocol; binary ones are skipped."""

    def __init__(self, content: memoryview, start: int, end: int) -> None:
        self.content = content
        self.at = start
        self.end = end

    def struct(self, depth: int) -> Struct:
        """Fields by their number, those of kinds that are not looked at with `None`."""
        if depth > _MAX_DEPTH:
            _damaged("its structures lie too deep inside one another")
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            if number in fields:
                _damaged("a structure has a field twice")
            kind = head & 15
            fields[number] = kind == 1 if kind in (1, 2) else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (1, 2, 3):
            return self._byte()
        if kind in (4, 5, 6):
            return self._zigzag()
        if kind == 7:
            return self._skip(8)
        if kind == 8:
            return self._skip(self._varint())
        if kind in (9, 10):
            return self._list(depth)
        if kind == 12:
            return self.struct(depth + 1)
        return _damaged("a structure has a field of an unknown kind")

    def _list(self, depth: int) -> list[Any]:
        if depth > _MAX_DEPTH:
            _damaged("its structures lie too deep inside one another")
        head = self._byte()
        length = self._varint() if head >> 4 == 15 else head >> 4
        if length > self.end - self.at:
            _damaged(f"a list states {length:,} items, more than there are bytes")
        return [self._value(head & 15, depth + 1) for _ in range(length)]

    def _byte(self) -> int:
        if self.at >= self.end:
            _damaged("a header does not end where it must")
        self.at += 1
        return self.content[self.at - 1]

    def _varint(self) -> int:
        value = 0
        for place in range(_LONGEST_VARINT):
            byte = self._byte()
            value |= (byte & 0x7F) << (7 * place)
            if byte < 0x80:
                return value
        return _damaged("a number has too many bytes")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _skip(self, length: int) -> None:
        if length > self.end - self.at:
            _damaged("a text goes beyond its header")
        self.at += length
