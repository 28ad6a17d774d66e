"""YAML as plain data with positions: YAML 1.2 scalars, nothing guessed, nothing expanded, nothing executed.

What other YAML readers resolve silently is text here (``NO``, ``on``, ``12:30``, ``012``, ``1_000``, dates),
and what can hide or repeat content is refused (duplicate keys, tags, anchors and aliases, several documents,
NaN and infinity, line breaks that editors do not show).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

import yaml

from margin.model.problem import Faults, InputRefused, Reason
from margin.read.yaml_scalars import resolve_scalar

MAX_BYTES = 4 * 2**20
"""Largest YAML document that is read."""

MAX_DEPTH = 32
"""How many lists and mappings may lie inside one another."""

TreePath: TypeAlias = tuple[str | int, ...]
"""Keys and 0-based list indexes that lead to a value."""


class Position(NamedTuple):
    """A place in the text, both numbers 1-based."""

    line: int
    column: int


class _Refused:
    """Stands where a value was refused, so that nobody complains about it a second time."""

    def __repr__(self) -> str:
        return "REFUSED"


REFUSED: Final = _Refused()
"""The value of an entry that has been reported already; never part of a document without faults."""


@dataclass(slots=True)
class _Place:
    """Where a value stands, and where its children stand."""

    at: Position
    key_at: Position | None = None
    children: dict[str | int, _Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class YamlTree:
    """A document as plain data (dict, list, str, int, float, bool, None) that knows its positions.

    Attributes:
        file: The file as the user named it.
        value: The data.
    """

    file: str
    value: Any
    _root: _Place

    def position_of(self, path: Sequence[str | int]) -> Position:
        """Where the value at a path stands; steps that do not exist are passed over."""
        return self._walk(path).at

    def key_position_of(self, path: Sequence[str | int]) -> Position:
        """Where the key of the value at a path stands; list items stand where their value does."""
        place = self._walk(path)
        return place.key_at or place.at

    def known_path(self, path: Sequence[str | int]) -> TreePath:
        """The steps of a path that exist in the document."""
        place, known = self._root, []
        for step in path:
            child = place.children.get(step)
            if child is not None:
                place = child
                known.append(step)
        return tuple(known)

    def at(self, path: Sequence[str | int]) -> Any:
        """The value at a path that exists."""
        value = self.value
        for step in path:
            value = value[step]
        return value

    def _walk(self, path: Sequence[str | int]) -> _Place:
        place = self._root
        for step in path:
            place = place.children.get(step, place)
        return place


def load_yaml(content: bytes, faults: Faults) -> YamlTree | None:
    """Read one YAML document; everything wrong with it goes to `faults`.

    Args:
        content: UTF-8 text, at most `MAX_BYTES`.
        faults: Collector of the file; names the file in the tree.

    Returns:
        The tree, or `None` where the text has no structure to look at. After faults it may hold `REFUSED`.
    """
    text = _decode(content, faults)
    if text is None:
        return None
    builder = _read(text, faults)
    if builder is None:
        return None
    if builder.root_place is None:
        faults.add(Reason.SYNTAX, "the file holds no YAML content; expected a mapping of fields", line=1)
        return None
    return YamlTree(faults.file or "", builder.root, builder.root_place)


# All but tab, line feed, carriage return and what Unicode calls printable. NEL and the Unicode line and
# paragraph separators end a line for the parser and not for an editor: they could hide a key in a comment.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")

_LISTED_CHARACTERS = 10  # a binary file has one in every other byte


def _decode(content: bytes, faults: Faults) -> str | None:
    if len(content) > MAX_BYTES:
        faults.add(
            Reason.HOSTILE_CONTENT,
            f"the YAML text has {len(content):,} bytes, expected at most {MAX_BYTES:,}; "
            "move long lists of contracts into a CSV or Parquet file",
            found=len(content),
            expected=MAX_BYTES,
        )
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _position_after(error.object[: error.start].decode("utf-8"))
        faults.add(
            Reason.SYNTAX,
            f"byte 0x{error.object[error.start]:02x} is not UTF-8 text; save the file as UTF-8",
            line=line,
            column=column,
        )
        return None
    forbidden = list(_FORBIDDEN.finditer(text))
    for match in forbidden[:_LISTED_CHARACTERS]:
        line, column = _position_after(text[: match.start()])
        faults.add(
            Reason.SYNTAX,
            f"the invisible character U+{ord(match.group()):04X} is not allowed here; delete it",
            line=line,
            column=column,
        )
    faults.count_unlisted(max(0, len(forbidden) - _LISTED_CHARACTERS))
    return None if forbidden else text


def _position_after(text: str) -> Position:
    lines = re.split("\r\n|\r|\n", text)
    return Position(len(lines), len(lines[-1]) + 1)


_FAST_LOADER: type | None = getattr(yaml, "CSafeLoader", None)
"""libyaml's parser, which gives the same events many times faster, where it is installed."""

_REREAD_CHARACTERS = 2**17


def _read(text: str, faults: Faults) -> _Builder | None:
    """Build the document; `None` where the text cannot be read to its end.

    What libyaml cannot read is read again by the parser in Python, whose complaints are clearer, unless that would
    take long.
    """
    loaders: list[type] = [yaml.SafeLoader]
    if _FAST_LOADER is not None:
        loaders = [_FAST_LOADER, yaml.SafeLoader] if len(text) <= _REREAD_CHARACTERS else [_FAST_LOADER]
    for loader in loaders:
        heard = Faults(faults.file)
        builder = _Builder(heard)
        is_read = _feed(builder, loader(text), heard)
        if is_read or builder.is_stopped or loader is loaders[-1]:
            faults.extend(InputRefused(heard.problems, heard.total))
            return builder if is_read else None
    return None


def _feed(builder: _Builder, loader: Any, faults: Faults) -> bool:
    """Pass all parser events to the builder; False where the text cannot be read to its end."""
    # The parser is a state machine: no recursion that deep nesting could exhaust.
    try:
        while loader.check_event():
            if not builder.accept(loader.get_event()):
                builder.is_stopped = True
                return False
    except yaml.MarkedYAMLError as error:
        _add_syntax_fault(error, faults)
        return False
    except (yaml.YAMLError, ValueError, OverflowError):
        # Escapes beyond Unicode and absurd version numbers end as plain conversion errors.
        faults.add(
            Reason.SYNTAX,
            "this is not valid YAML: an escape or directive stands for nothing; write the character itself",
            line=loader.line + 1 if hasattr(loader, "line") else None,
            column=loader.column + 1 if hasattr(loader, "column") else None,
        )
        return False
    return True


_PLAIN_WORDS = (
    (
        "cannot start any token",
        "a tab or reserved character stands here; indent with blanks, quote text",
    ),
    ("mapping values are not allowed", "a second colon on this line; put text that holds ': ' in quotes"),
    ("could not find expected ':'", "a field name without a colon; write 'name: value'"),
    ("expected <block end>", "the indentation does not match the lines above; align it with its neighbours"),
    ("expected '<document start>'", "a second document starts here; keep one document per file"),
    ("unexpected end of stream", "the text ends inside quotes; close them"),
    ("expected ',' or", "a list or mapping in brackets is not closed or lacks a comma"),
)


def _add_syntax_fault(error: yaml.MarkedYAMLError, faults: Faults) -> None:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or error.context or "unreadable text"
    words = next((text for key, text in _PLAIN_WORDS if key in problem), "check quotes, colons and indentation")
    start = ""
    if error.context and error.context_mark and mark and error.context_mark.line != mark.line:
        start = f", {error.context} that starts in line {error.context_mark.line + 1}"
    faults.add(
        Reason.SYNTAX,
        f"this is not valid YAML: {words} ({problem}{start})",
        line=mark.line + 1 if mark else None,
        column=mark.column + 1 if mark else None,
    )


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not been read."""

    value: Any
    place: _Place
    is_key: bool = False
    key: str | None = None
    key_at: Position | None = None
    repeats: bool = False


class _Builder:
    """Builds data and places from parser events with a stack of its own."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.root: Any = None
        self.root_place: _Place | None = None
        self.stack: list[_Open] = []
        self.documents = 0
        self.is_stopped = False

    def accept(self, event: yaml.Event) -> bool:
        """Take one event; False ends the reading after a fault that leaves nothing to go on with."""
        if isinstance(event, yaml.DocumentStartEvent):
            return self._start_document(event)
        if isinstance(event, yaml.AliasEvent):
            self._refuse_anchor(event, f"the alias *{event.anchor}")
            self._add(REFUSED, _position(event))
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            return self._start_collection(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self.stack.pop()
        return True

    def _start_document(self, event: yaml.DocumentStartEvent) -> bool:
        self.documents += 1
        at = _position(event)
        if self.documents > 1:
            self._fault(Reason.SYNTAX, at, "a second document starts here; keep one document per file")
            return False
        if event.version not in (None, (1, 2)):
            self._fault(Reason.SYNTAX, at, "the %YAML directive names another version; expected 1.2 or none")
        if event.tags:
            self._fault(Reason.SYNTAX, at, "%TAG directives are not read; delete it")
        return True

    def _start_collection(self, event: yaml.CollectionStartEvent) -> bool:
        at = _position(event)
        if len(self.stack) >= MAX_DEPTH:
            self._fault(
                Reason.HOSTILE_CONTENT,
                at,
                f"lists and mappings lie more than {MAX_DEPTH} deep inside one another; flatten them",
            )
            return False
        self._check_node(event, at)
        value: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        self.stack.append(self._add(value, at))
        return True

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        at = _position(event)
        clean = self._check_node(event, at)
        value: Any = event.value
        if event.implicit[0] and not event.style:
            value = self._resolve(event.value, at)
        elif _LONE_SURROGATE.search(event.value):
            self._fault(Reason.SYNTAX, at, "an escape stands for half a character; write it whole")
            value = REFUSED
        self._add(value if clean else REFUSED, at, event.value)

    def _check_node(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, at: Position) -> bool:
        """Refuse anchors and tags; the nodes that carry them."""
        if event.anchor is not None:
            self._refuse_anchor(event, f"the anchor &{event.anchor}")
        if event.tag is not None:
            self._fault(
                Reason.SYNTAX,
                at,
                f"the tag {event.tag} is not read; write the value alone, in quotes where it is text",
            )
        return event.anchor is None and event.tag is None

    def _refuse_anchor(self, event: yaml.NodeEvent, found: str) -> None:
        message = f"{found} is not read, because repeated content can grow without bound; write it out"
        self._fault(Reason.SYNTAX, _position(event), message)

    def _resolve(self, text: str, at: Position) -> Any:
        value, complaint = resolve_scalar(text)
        if complaint:
            self._fault(Reason.INVALID_VALUE, at, complaint, found=text[:60])
            return REFUSED
        return value

    def _add(self, value: Any, at: Position, text: str = "") -> _Open:
        """Hang a value into its parent, or take it as the key of the next one."""
        place = _Place(at)
        opened = _Open(value, place)
        if not self.stack:
            self.root, self.root_place = value, place
            return opened
        parent = self.stack[-1]
        if parent.is_key:
            opened.is_key = True  # inside a key that was refused: read on, keep nothing
        elif isinstance(parent.value, list):
            parent.place.children[len(parent.value)] = place
            parent.value.append(value)
        elif parent.key is None:
            self._key(parent, value, at, text)
            opened.is_key = True
        else:
            self._entry(parent, value, place)
        return opened

    def _key(self, parent: _Open, value: Any, at: Position, text: str) -> None:
        if isinstance(value, dict | list):
            self._fault(Reason.SYNTAX, at, "a field name must be text, found a list or mapping")
            text = f"the key in line {at.line}, column {at.column}"
        elif value is REFUSED:
            text = f"the key in line {at.line}, column {at.column}"
        elif not isinstance(value, str):
            self._fault(
                Reason.SYNTAX,
                at,
                f"a field name must be text, found {text or 'nothing'}; put it in quotes",
            )
        parent.key, parent.key_at = text, at
        known = parent.place.children.get(text)
        parent.repeats = known is not None
        if known is not None:
            first = known.key_at or known.at
            self._fault(
                Reason.DUPLICATE_KEY,
                at,
                f"the field {text!r} stands here again, first in line {first.line}; keep one of them",
                found=text,
                first_line=first.line,
            )

    @staticmethod
    def _entry(parent: _Open, value: Any, place: _Place) -> None:
        key, parent.key = parent.key or "", None
        if not parent.repeats:
            place.key_at = parent.key_at
            parent.value[key] = value
            parent.place.children[key] = place

    def _fault(self, reason: Reason, at: Position, message: str, **attributes: Any) -> None:
        self.faults.add(reason, message, line=at.line, column=at.column, **attributes)


def _position(event: yaml.Event) -> Position:
    mark = event.start_mark
    return Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)


_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
