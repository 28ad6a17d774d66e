"""Values of the model's dataclasses as JSON and back: each a list of its fields, in the order of the class.

Nothing is named in the JSON, so nothing but the classes that the model's own annotations name is ever made.
Fields that the model calls a `Sequence` may hold thousands of objects of which a calculation looks at few: their
JSON is kept apart, and read when they are first looked at.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from margin.model.deferred import Deferred
from margin.model.scenario import ScenarioGrid
from margin.read.parameters._arrow.layout import Damaged

T = TypeVar("T")

_SHARED: type = ScenarioGrid
"""Most commodities have the same scenarios: they are written once, and referred to by number."""

_Convert = Callable[[Any], Any]
_Kind = tuple[frozenset[type], _Convert | None]

_PLAIN = frozenset({str, int, float, bool, NoneType})

_FREE_TEXT = frozenset({"charge_method"})
"""Fields that keep what the file says where it is none of the words that the method knows."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class ObjectWriter:
    """Turns values into what JSON can say.

    Attributes:
        shared: The values that others refer to by number.
        deferred: JSON of the fields that are read later, one after the other.
    """

    def __init__(self) -> None:
        self.shared: list[Any] = []
        self.deferred = bytearray()
        self._numbers: dict[str, int] = {}

    def values(self, items: Iterable[Any]) -> list[Any]:
        """Several values."""
        return [self.value(item) for item in items]

    def value(self, item: Any) -> Any:
        """One value.

        Raises:
            TypeError: It is of a kind that is not read back the same.
        """
        if type(item) in _PLAIN:
            return item
        if isinstance(item, tuple):
            return [self.value(part) for part in item]
        if isinstance(item, _SHARED):
            return self._number(item)
        if is_dataclass(item):
            return self._row(item)
        if isinstance(item, Mapping):
            if not all(type(key) is str for key in item):
                raise TypeError("keys other than text are not written")
            return {key: self.value(part) for key, part in item.items()}
        return _scalar(item)

    def _row(self, item: Any) -> list[Any]:
        cls: type = type(item)
        return [
            field if type(field := getattr(item, name)) in _PLAIN else getattr(self, write)(field)
            for name, write in _how_to_write(cls)
        ]

    def _tagged(self, item: Any) -> Any:
        """A value of a field that may hold anything JSON can say; what JSON cannot tell apart is given a name."""
        if isinstance(item, Mapping):
            return {"mapping": [[self._tagged(key), self._tagged(part)] for key, part in item.items()]}
        if isinstance(item, tuple | list):
            return {type(item).__name__: [self._tagged(part) for part in item]}
        return _scalar(item)

    def _defer(self, items: Sequence[Any]) -> list[int]:
        """Where the JSON of some items begins, how long it is, and how many they are."""
        start = len(self.deferred)
        if items:
            self.deferred += json.dumps(self.values(items), allow_nan=False, separators=(",", ":")).encode()
        return [start, len(self.deferred) - start, len(items)]

    def _number(self, item: Any) -> int:
        row = self._row(item)
        text = json.dumps(row)
        if text not in self._numbers:
            self._numbers[text] = len(self.shared)
            self.shared.append(row)
        return self._numbers[text]


def _scalar(item: Any) -> Any:
    if type(item) in _PLAIN or isinstance(item, StrEnum):
        return item
    if isinstance(item, np.bool_ | np.integer | np.floating):
        return item.item()
    raise TypeError(f"a {type(item).__name__} is not written")


def _untagged(item: Any) -> Any:
    if not isinstance(item, dict):
        return item
    (kind, parts), *_ = item.items()
    if kind == "mapping":
        return {_untagged(key): _untagged(part) for key, part in parts}
    return {"tuple": tuple, "list": list}[kind](map(_untagged, parts))


@cache
def _hints(cls: type) -> dict[str, Any]:
    return get_type_hints(cls)


@cache
def _how_to_write(cls: type) -> list[tuple[str, str]]:
    """Names of a class's fields, each with the method of `ObjectWriter` that writes it."""
    how = []
    for name in (field.name for field in fields(cls)):
        hint = _hints(cls)[name]
        is_any = Any in get_args(hint)
        how.append((name, "_defer" if get_origin(hint) is Sequence else "_tagged" if is_any else "value"))
    return how


class ObjectReader:
    """Makes values again from what `ObjectWriter` wrote, checking every type."""

    def __init__(self, shared: list[Any], deferred: memoryview) -> None:
        self._deferred = deferred
        self._rows: dict[type, _Convert] = {}
        self._shared = [self._row_of(_SHARED)(row) for row in shared]

    def values(self, cls: type[T], rows: Any) -> tuple[T, ...]:
        """Values of one class.

        Raises:
            Damaged: A row has not the fields of the class, or fields of other types.
        """
        if type(rows) is not list:
            raise Damaged(f"expected a list of {cls.__name__}, found a {type(rows).__name__}")
        return tuple(map(self._row_of(cls), rows))

    def _row_of(self, cls: type) -> _Convert:
        if cls not in self._rows:
            self._rows[cls] = self._make_row_of(cls)
        return self._rows[cls]

    def _make_row_of(self, cls: type) -> _Convert:
        names = [field.name for field in fields(cls)]
        kinds = [self._kind(_hints(cls)[name], is_free=name in _FREE_TEXT) for name in names]
        # Rows of a class have few patterns of types, so that checking a pattern once checks nearly all rows.
        known: dict[tuple[type, ...], list[tuple[int, _Convert]]] = {}

        def conversions(types: tuple[type, ...]) -> list[tuple[int, _Convert]]:
            if len(types) != len(names):
                raise Damaged(f"a {cls.__name__} has {len(types)} fields, expected {len(names)}")
            for name, found, (expected, _) in zip(names, types, kinds, strict=True):
                if found not in expected:
                    raise Damaged(f"the {name} of a {cls.__name__} is a {found.__name__}")
            return [
                (index, convert)
                for index, (found, (_, convert)) in enumerate(zip(types, kinds, strict=True))
                if convert is not None and found is not NoneType
            ]

        def row_of(row: Any) -> Any:
            types = tuple(map(type, row)) if type(row) is list else ()
            if types not in known:
                known[types] = conversions(types)
            for index, convert in known[types]:
                row[index] = convert(row[index])
            return cls(*row)

        return row_of

    def _kind(self, hint: Any, *, is_free: bool = False) -> _Kind:
        """The JSON types that an annotation allows, and what makes its value of them."""
        origin, arguments = get_origin(hint), get_args(hint)
        if origin in (Union, UnionType):
            (inner,) = (part for part in arguments if part is not NoneType)
            types, convert = self._kind(inner, is_free=is_free)
            return types | {NoneType}, convert
        if hint in (str, int, bool, float):
            return frozenset({float, int} if hint is float else {hint}), None
        if origin is Literal:
            return frozenset({str}), None if is_free else {word: word for word in arguments}.__getitem__
        if origin is tuple:
            return frozenset({list}), self._tuple_of(arguments)
        if origin is Sequence:
            return frozenset({list}), self._deferred_of(arguments[0])
        if origin is not None and issubclass(origin, Mapping):
            return frozenset({dict}), _untagged if arguments[1] is Any else self._mapping_of(arguments[1])
        if hint is _SHARED:
            return frozenset({int}), lambda number: self._shared[_place(number, len(self._shared))]
        if is_dataclass(hint) and isinstance(hint, type):
            return frozenset({list}), self._row_of(hint)
        if isinstance(hint, type) and issubclass(hint, StrEnum):
            return frozenset({str}), {str(word): word for word in hint}.__getitem__
        raise TypeError(f"fields of type {hint} are not read")

    def _tuple_of(self, arguments: tuple[Any, ...]) -> _Convert:
        if arguments[-1] is Ellipsis:
            kind = self._kind(arguments[0])

            def tuple_of(items: list[Any]) -> tuple[Any, ...]:
                return tuple(_converted(items, kind)) if items else ()

            return tuple_of
        kinds = [self._kind(part) for part in arguments]
        return lambda items: tuple(
            part for item, kind in zip(items, kinds, strict=True) for part in _converted([item], kind)
        )

    def _deferred_of(self, cls: type) -> _Convert:
        def deferred_of(place: list[Any]) -> Any:
            start, length, count = place
            text = self._deferred[start : start + length]
            if set(map(type, place)) != {int} or min(place) < 0 or len(text) != length:
                raise Damaged(f"found {place} as the place of a list of {cls.__name__}")

            def make() -> tuple[Any, ...]:
                items: tuple[Any, ...] = self.values(cls, json.loads(bytes(text)))
                if len(items) != count:
                    raise Damaged(f"found {len(items)} of {cls.__name__}, expected {count}")
                return items

            return Deferred(count, make) if count else ()

        return deferred_of

    def _mapping_of(self, hint: Any) -> _Convert:
        kind = self._kind(hint)

        def mapping_of(items: dict[str, Any]) -> Mapping[str, Any]:
            return (
                MappingProxyType(dict(zip(items, _converted(items.values(), kind), strict=True))) if items else _NOTHING
            )

        return mapping_of


def _converted(items: Collection[Any], kind: _Kind) -> Collection[Any]:
    """Values that are all of one kind."""
    types, convert = kind
    if not types.issuperset(map(type, items)):
        raise Damaged(f"found {', '.join({type(item).__name__ for item in items})} where they cannot be")
    return items if convert is None else [None if item is None else convert(item) for item in items]


def _place(number: int, count: int) -> int:
    if not 0 <= number < count:
        raise Damaged(f"found number {number} of {count}")
    return number


def field_names(classes: Iterable[type]) -> dict[str, list[str]]:
    """Fields of classes and of those that their fields hold: what rows must have been written with to be read."""
    found: dict[str, list[str]] = {}
    waiting: list[Any] = list(classes)
    while waiting:
        hint = waiting.pop()
        waiting += get_args(hint)
        if is_dataclass(hint) and isinstance(hint, type) and hint.__name__ not in found:
            found[hint.__name__] = [field.name for field in fields(hint)]
            waiting += _hints(hint).values()
    return found
