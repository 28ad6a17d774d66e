"""Combined commodities as record 2 defines them: their products, currency and risk exponent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from margin.model.contract import OPTION_TYPES
from margin.model.problem import Reason
from margin.read.parameters._pa2.lines import RecordFile
from margin.read.parameters._pa2.products import ProductKey
from margin.read.parameters._pa2.reading import Reading
from margin.read.parameters._pa2.record import Record

_PRODUCTS = 6


@dataclass
class Definition:
    """One combined commodity: its first record 2, and the products of all of them.

    Attributes:
        record: The first record.
        code: Code of the commodity.
        products: Array decimal locator of each product, and the line it stands on.
    """

    record: Record
    code: str
    products: dict[ProductKey, tuple[int, int]] = field(default_factory=dict)

    @property
    def is_futures_style(self) -> bool:
        """Whether options of this commodity are settled daily."""
        return self.record.text("option_style") == "F"


_STATED_ONCE = ("risk_exponent", "currency", "option_style", "limit_option_value", "combination_method")


def read_definitions(file: RecordFile, reading: Reading) -> dict[str, Definition]:
    """Read all combined commodities; further records of one list more products, on any exchange."""
    found: dict[str, Definition] = {}
    home: dict[ProductKey, str] = {}
    for record in file.records("2"):
        code = record.require_text("commodity")
        definition = found.setdefault(code, Definition(record, code))
        for name in _STATED_ONCE:
            first, own = definition.record.text(name), record.text(name)
            if own and own != first:
                reading.contradiction(
                    "2",
                    record.line,
                    f"commodity {code} has {name} {own!r} here and {first!r} on line {definition.record.line}, "
                    "expected the same",
                    found=own,
                    expected=first,
                )
        for index in range(1, _PRODUCTS + 1):
            _read_member(record, index, definition, home)
    return found


def _read_member(record: Record, index: int, definition: Definition, home: dict[ProductKey, str]) -> None:
    """One of the six products of a record; a product is margined in one combined commodity only."""
    code = record.text(f"product_{index}")
    if not code:
        return
    key = record.require_text("exchange"), code, record.require_text(f"type_{index}")
    if key in definition.products:
        return
    if key in home:
        record.reading.faults.add(
            Reason.DUPLICATE_KEY,
            f"record 2: product {' '.join(key)} belongs to two combined commodities, {home[key]} and "
            f"{definition.code}, expected one; remove it from one of them",
            line=record.line,
            found=" ".join(key),
        )
    home.setdefault(key, definition.code)
    definition.products[key] = record.signed_digits(f"array_locator_{index}") or 0, record.line


def futures_style_options(definitions: Mapping[str, Definition]) -> frozenset[ProductKey]:
    """Options of the commodities whose options are settled daily."""
    return frozenset(
        key
        for definition in definitions.values()
        if definition.is_futures_style
        for key in definition.products
        if key[2] in OPTION_TYPES
    )
