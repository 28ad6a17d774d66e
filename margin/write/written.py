"""What a writer makes of its subject: bytes, and what the format could not say exactly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from margin.model.problem import Problem


@dataclass(frozen=True, slots=True)
class Written:
    """A document in a format.

    Attributes:
        content: The document, piece by piece; can be gone through once.
        problems: Warnings: what the document says less exactly than its source, with the largest difference.
    """

    content: Iterable[bytes]
    problems: tuple[Problem, ...] = ()
