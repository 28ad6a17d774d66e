"""The quick tokeniser: plain documents as columns, with array operations instead of a parser's callbacks.

It reads documents of elements and text only, as clearing houses write them, and gives up on everything else:
attributes, comments, CDATA sections, processing instructions, document types, character references, or anything
that is not well-formed. The strict tokeniser then reads the document or says what is wrong with it. On what it
does read, both give the same table.

The offsets of all ``<`` and ``>`` cut the document into tags and the text between them. A start tag directly
followed by an end tag is a leaf; all other text between tags must be white space. Every tag's name becomes a
code, so that nesting is checked and elements are found by comparing small numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from margin.numeric.arrays import BoolArray, CodeArray, IntArray
from margin.read.parameters._spn.elements import ElementTable
from margin.read.parameters._spn.names import NameCoder, NameCollisionError, first_words, words_of
from margin.read.parameters._spn.strict import MAX_DEPTH

_MOST_BYTES = 2**31 - 1
_MOST_REFERENCES = 1_000_000
_LONGEST_GAP = 4_096
_CHUNK_BYTES = 1 << 20
_REFERENCES = ((b"&lt;", b"<"), (b"&gt;", b">"), (b"&quot;", b'"'), (b"&apos;", b"'"), (b"&amp;", b"&"))
_NAMED_REFERENCES = tuple(reference for reference, _ in _REFERENCES)
_NONCHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
# Adding this to a byte sets its highest bit exactly if the byte is above the space character.
_ABOVE_SPACE = np.uint64(0x5F5F5F5F5F5F5F5F)
_HIGHEST_BITS = np.uint64(0x8080808080808080)
_WORD = 8
_XML_SPACE = b" \t\r\n"


class _NotPlainError(Exception):
    """The document needs the strict tokeniser."""


def tokenise(content: bytes) -> ElementTable | None:
    """Turn a plain UTF-8 document into columns.

    Returns:
        The same table as `strict.tokenise`, or `None` if the document is not plain.
    """
    try:
        return _tokenise(content)
    except (_NotPlainError, NameCollisionError):
        return None


def _require(plain: bool | np.bool_) -> None:
    if not plain:
        raise _NotPlainError


def _tokenise(content: bytes) -> ElementTable:
    _require(len(content) <= _MOST_BYTES and content.endswith(b"</spanFile>"))
    _require(b"<!" not in content and b"<?" not in content)
    _require(content.isascii() or not any(noncharacter in content for noncharacter in _NONCHARACTERS))
    coder = NameCoder(content)
    tags = _joined([_find_tags(content, chunk, coder) for chunk in _chunks(content)])
    _require(bool((tags.close[:-1] < tags.open[1:]).all()))
    is_leaf = np.zeros(len(tags.open), dtype=bool)
    is_leaf[:-1] = tags.is_start[:-1] & ~tags.is_empty[:-1] & ~tags.is_start[1:]
    _require_white_space(content, tags, is_leaf)
    starts = np.flatnonzero(tags.is_start)
    parent, end = _nest(tags, is_leaf, starts)
    text_start, text_end = _leaf_texts(tags, is_leaf, starts)
    return ElementTable(
        names=coder.names(),
        tag=tags.code[starts].astype(np.int32),
        parent=parent,
        end=end,
        offset=tags.open[starts].astype(np.int64),
        content=content,
        text=_with_references_replaced(content, text_start, text_end),
        text_start=text_start,
        text_end=text_end,
    )


@dataclass
class _Tags:
    """Tags in document order; arrays of shape (tags,).

    Attributes:
        open: Offset of ``<``.
        close: Offset of ``>``.
        is_start: Start tags and empty-element tags: each begins an element.
        is_empty: Empty-element tags, which are complete elements.
        code: Code of the name.
    """

    open: CodeArray
    close: CodeArray
    is_start: BoolArray
    is_empty: BoolArray
    code: npt.NDArray[np.int16]


def _chunks(content: bytes) -> Iterator[slice]:
    """Pieces of the document that end behind a ``>``; small ones, whose arrays stay in the processor's cache."""
    start = 0
    while start < len(content):
        stop = content.find(b">", start + _CHUNK_BYTES) + 1 or len(content)
        yield slice(start, stop)
        start = stop


def _find_tags(content: bytes, chunk: slice, coder: NameCoder) -> _Tags:
    characters = np.frombuffer(content, dtype=np.uint8, count=chunk.stop - chunk.start, offset=chunk.start)
    controls = characters[characters < ord(" ")]
    _require(bool(((controls == ord("\n")) | (controls == ord("\r")) | (controls == ord("\t"))).all()))
    opened = np.flatnonzero(characters == ord("<"))
    closed = np.flatnonzero(characters == ord(">"))
    _require(len(opened) == len(closed) and bool((opened < closed).all()))
    is_end = characters[opened + 1] == ord("/")
    is_empty = (characters[closed - 1] == ord("/")) & ~is_end
    name = opened + 1 + is_end
    length = closed - name - is_empty
    _require(bool((length > 0).all()))
    code = coder.codes(name + chunk.start, length)
    begin, finish = (offsets.astype(np.int32) + np.int32(chunk.start) for offsets in (opened, closed))
    return _Tags(begin, finish, ~is_end, is_empty, code)


def _joined(parts: list[_Tags]) -> _Tags:
    return _Tags(
        open=np.concatenate([part.open for part in parts]),
        close=np.concatenate([part.close for part in parts]),
        is_start=np.concatenate([part.is_start for part in parts]),
        is_empty=np.concatenate([part.is_empty for part in parts]),
        code=np.concatenate([part.code for part in parts]),
    )


def _require_white_space(content: bytes, tags: _Tags, is_leaf: BoolArray) -> None:
    """Only white space between tags other than inside leaves, and before the first."""
    _require(not content[: tags.open[0]].strip(_XML_SPACE))
    length = tags.open[1:] - tags.close[:-1] - 1
    gaps = np.flatnonzero((length > 0) & ~is_leaf[:-1])
    start, length = tags.close[gaps].astype(np.int64) + 1, length[gaps].astype(np.int64)
    _require(int(length.max(initial=0)) <= _LONGEST_GAP)
    words = words_of(content)
    while len(start):
        word = first_words(words, start, length)
        _require(not bool((((word + _ABOVE_SPACE) | word) & _HIGHEST_BITS).any()))
        longer = length > _WORD
        start, length = start[longer] + _WORD, length[longer] - _WORD


def _leaf_texts(tags: _Tags, is_leaf: BoolArray, starts: IntArray) -> tuple[IntArray, IntArray]:
    """Where the text of each element starts and ends: the same place for elements that are not leaves."""
    text_start = tags.close[starts].astype(np.int64) + 1
    text_end = text_start.copy()
    leaf = is_leaf[starts]
    text_end[leaf] = tags.open[starts[leaf] + 1]
    return text_start, text_end


def _nest(tags: _Tags, is_leaf: BoolArray, starts: IntArray) -> tuple[CodeArray, CodeArray]:
    """Parent and end of every element, once every end tag is found to match its start tag."""
    leaves = np.flatnonzero(is_leaf)
    _require(bool((tags.code[leaves] == tags.code[leaves + 1]).all()))
    is_event = ~is_leaf & ~tags.is_empty
    is_event[leaves + 1] = False
    events = np.flatnonzero(is_event)
    is_opening = tags.is_start[events]
    depth = np.cumsum(np.where(is_opening, 1, -1))
    _require(len(depth) > 1 and depth[-1] == 0 and bool((depth[:-1] > 0).all()) and int(depth.max()) < MAX_DEPTH)
    _require(events[0] == 0 and events[-1] == len(tags.open) - 1)
    opening, closing = np.flatnonzero(is_opening), np.flatnonzero(~is_opening)
    # Containers of one depth follow one another, so the nth start tag of a depth belongs to its nth end tag.
    begin = opening[np.argsort(depth[opening], kind="stable")]
    finish = closing[np.argsort(depth[closing], kind="stable")]
    _require(bool((tags.code[events[begin]] == tags.code[events[finish]]).all()))
    return _parents_and_ends(tags, is_event, starts, _Containers(events, depth, begin, finish))


@dataclass
class _Containers:
    """Elements with elements inside, outermost first.

    Attributes:
        events: The tags that open or close a container; shape (events,).
        depth: How many containers are open behind each event; shape (events,).
        begin: The event that opens each container; shape (containers,).
        finish: The event that closes it; shape (containers,).
    """

    events: IntArray
    depth: IntArray
    begin: IntArray
    finish: IntArray

    def outer(self) -> IntArray:
        """The event that opens the container around each container, −1 around the root; shape (containers,)."""
        bounds = np.searchsorted(self.depth[self.begin], np.arange(1, int(self.depth.max()) + 2))
        outer = np.full(len(self.begin), -1, dtype=np.int64)
        for level in range(1, len(bounds) - 1):
            around = self.begin[bounds[level - 1] : bounds[level]]
            inside = self.begin[bounds[level] : bounds[level + 1]]
            outer[bounds[level] : bounds[level + 1]] = around[np.searchsorted(around, inside) - 1]
        return outer


def _parents_and_ends(
    tags: _Tags, is_event: BoolArray, starts: IntArray, containers: _Containers
) -> tuple[CodeArray, CodeArray]:
    """Between two events all elements have the same parent: the innermost container that is open there."""
    begin, finish = containers.begin, containers.finish
    element = (np.cumsum(tags.is_start, dtype=np.int32) - 1)[containers.events]
    outer = containers.outer()
    innermost = np.full(len(containers.events), -1, dtype=np.int32)
    innermost[begin] = element[begin]
    innermost[finish] = np.where(outer >= 0, element[outer], -1)
    before = (np.cumsum(is_event, dtype=np.int32) - is_event)[starts] - 1
    parent = innermost[before]
    parent[0] = -1
    end = np.arange(1, len(starts) + 1, dtype=np.int32)
    end[element[begin]] = element[finish] + 1
    return parent, end


def _with_references_replaced(content: bytes, text_start: IntArray, text_end: IntArray) -> bytes:
    """The document with the texts that hold ``&amp;`` and the like appended in plain; moves their offsets there."""
    found = _references(content)
    if not found:
        return content
    positions = np.array(found, dtype=np.int64)
    at = np.searchsorted(text_start, positions, side="right") - 1
    _require(bool((positions < text_end[at]).all()))
    pieces, length = [content], len(content)
    for row in np.unique(at).tolist():
        text = content[text_start[row] : text_end[row]]
        for reference, character in _REFERENCES:
            text = text.replace(reference, character)
        text_start[row], text_end[row] = length, length + len(text)
        pieces.append(text)
        length += len(text)
    return b"".join(pieces)


def _references(content: bytes) -> list[int]:
    """Offsets of all references, which must be the five that XML defines."""
    positions: list[int] = []
    at = content.find(b"&")
    while at >= 0:
        _require(content.startswith(_NAMED_REFERENCES, at) and len(positions) < _MOST_REFERENCES)
        positions.append(at)
        at = content.find(b"&", at + 1)
    return positions
