"""Requirements as elements: net (``nReq``), gross (``gReq``), derived (``dReq``), and their totals (``oReq``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import fsum
from typing import Any

from margin.write.parameters._spn.clearing import BOND_CLASSES
from margin.write.parameters._spn.text import element, tag, tags

Row = Mapping[str, Any]
"""One row of a frame of the run, by column."""


def head(row: Row, *, additional: bool = False) -> str:
    """What every requirement opens with: ``isM``, ``pbc``, ``spanReq``, ``addlReq`` and ``anov``."""
    bond_class = row["class"]
    return tags(
        isM=row["kind"] == "maintenance",
        pbc=BOND_CLASSES.get(bond_class, bond_class),
        spanReq=row["span_risk"],
        addlReq=row["additional_requirement"] if additional else None,
        anov=row["available_net_option_value"],
    )


def derived_requirement(row: Row) -> str:
    """A requirement that is another one times a factor."""
    return element("dReq", head(row))


def gross_requirement(row: Row) -> str:
    """The requirement of positions that do not net; the risks of its two sides are known together only."""
    return element("gReq", head(row), tags(som=row["short_option_minimum"], nlRisk="", nsRisk=""))


def net_requirement(row: Row, periods: Iterable[Row], scan_tiers: Iterable[Row]) -> str:
    """The requirement of net positions with its components, deltas by period and losses by scan tier."""
    parts = tags(
        sr=row["scan_risk"],
        ia=row["intracommodity_charge"],
        dr=row["delivery_charge"],
        ie=row["intercommodity_credit"],
        iex=row["interclearing_credit"],
        som=row["short_option_minimum"],
    )
    deltas = (
        element("pd", tags(pe=item["period"] or "000000", od=item["delta"], gd="", rd=item["remaining_delta"]))
        for item in periods
    )
    tiers = (_scan_tier(item) for item in scan_tiers)
    return element("nReq", head(row), parts, *deltas, *tiers)


def _scan_tier(row: Row) -> str:
    values = "".join(tag("sv", loss) for loss in row["scenario_losses"])
    fields = tags(tn=row["tier"], sr=row["scan_risk"])
    return element("str", fields, tag("as", row["active_scenario"]), values)


def account_requirement(row: Row, rows: Iterable[Row]) -> str:
    """The requirement of one class and kind of an account, and what each currency contributes.

    Args:
        row: The account's row of this class and kind.
        rows: Its commodities' rows of this class and kind.
    """
    return element("oReq", head(row, additional=True), *_by_currency(rows))


def organisation_requirement(rows: list[Row]) -> str:
    """What an account's commodities of one clearing organisation add up to, in the account's currency."""
    total = {
        **rows[0],
        **{name: fsum(row[name] * row["conversion_factor"] for row in rows) for name in _ADDED},
    }
    return element("oReq", head(total), *_by_currency(rows))


_ADDED = ("span_risk", "available_net_option_value")


def _by_currency(rows: Iterable[Row]) -> Iterable[str]:
    currencies: dict[str, list[Row]] = {}
    for row in rows:
        currencies.setdefault(row["currency"], []).append(row)
    for currency, own in currencies.items():
        sums = {name: fsum(row[name] for row in own) for name in _ADDED}
        yield element(
            "curReq",
            tags(currency=currency, spanReq=sums["span_risk"], anov=sums["available_net_option_value"]),
        )
