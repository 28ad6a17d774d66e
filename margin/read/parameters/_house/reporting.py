"""Faults of a house configuration with the place they stand at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from margin.model.problem import Faults, Reason
from margin.read.strict_yaml import TreePath, YamlTree
from margin.read.validated import describe_place


def report_at(
    tree: YamlTree, path: TreePath, message: str, faults: Faults, reason: Reason = Reason.INVALID_VALUE
) -> None:
    """Record a fault of the document at a path, or as near to it as the document goes."""
    line, column = tree.position_of(path)
    place = describe_place(tree.known_path(path))
    faults.add(reason, f"{place}: {message}" if place else message, line=line, column=column, path=path)


def check_unique(
    tree: YamlTree, section: TreePath, items: Iterable[tuple[TreePath, Any]], field: str, faults: Faults
) -> None:
    """Refuse two entries of a list with one key."""
    first: dict[Any, TreePath] = {}
    for path, key in items:
        known = first.setdefault(key, path)
        if known != path:
            line = tree.position_of(known).line
            shown = " ".join(map(str, key)) if isinstance(key, tuple) else key
            report_at(
                tree,
                (*path, field),
                f"{shown} stands in {describe_place(section)} already (line {line}); keep one",
                faults,
                Reason.DUPLICATE_KEY,
            )
