"""A sequence whose items are made when they are first looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, overload

T_co = TypeVar("T_co", covariant=True)


class Deferred(Sequence[T_co]):
    """Stands for a tuple whose items are made when they are first looked at; its length is known before.

    It equals the tuple it stands for, and any other deferred sequence of equal items; so does its hash. Two threads
    that look first may both make the items, equal ones.
    """

    __slots__ = ("_items", "_length", "_make")

    def __init__(self, length: int, make: Callable[[], tuple[T_co, ...]]) -> None:
        """Defer.

        Args:
            length: How many items `make` gives.
            make: Gives the items; called when they are first looked at, and then let go.
        """
        self._length = length
        self._make: Callable[[], tuple[T_co, ...]] | None = make
        self._items: tuple[T_co, ...] | None = None

    @property
    def items(self) -> tuple[T_co, ...]:
        """The tuple."""
        make = self._make
        if self._items is None and make is not None:
            self._items, self._make = make(), None
        return () if self._items is None else self._items

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T_co]:
        return iter(self.items)

    @overload
    def __getitem__(self, index: int) -> T_co: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[T_co, ...]: ...

    def __getitem__(self, index: int | slice) -> T_co | tuple[T_co, ...]:
        return self.items[index]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Deferred):
            return self.items == other.items
        return self.items == other if isinstance(other, tuple) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.items)

    def __repr__(self) -> str:
        return repr(self.items)

    def __reduce__(self) -> tuple[Any, ...]:
        # What makes the items may hold a whole file: copies in other processes get the items.
        return (tuple, (self.items,))
