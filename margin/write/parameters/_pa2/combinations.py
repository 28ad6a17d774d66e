"""Records X, Y and Z: how combinations are margined, the options on them, and their legs."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from margin.write.parameters._pa2.commodities import combination_code
from margin.write.parameters._pa2.limits import OTHER_FORMAT
from margin.write.parameters._pa2.periods import split_period
from margin.write.parameters._pa2.record import Record
from margin.write.parameters._pa2.subject import Subject

_COMBINATION = "CMB"
_NO_OFFSET = 0.0


def combination_records(subject: Subject, contracts: pl.DataFrame) -> Iterator[Record]:
    """Records X, Y and Z of all combinations.

    Args:
        subject: What is written.
        contracts: Its contracts with the names that records use.
    """
    yield from _methods(subject)
    options = contracts.filter(pl.col("type") == "OOC").select("underlying_product", "code").unique(maintain_order=True)
    for combination, option in options.iter_rows():
        record = Record("Y", f"OOC[{option}]", subject.limits)
        record.text("combination", combination)
        record.text("option", option)
        yield record
    yield from _legs(subject, contracts)


def _methods(subject: Subject) -> Iterator[Record]:
    """A record X for each combination product with a method of its own."""
    found: dict[str, str] = {}
    for row, (commodity, link) in subject.links.items():
        product = subject.parameters.products[row]
        if product.type != _COMBINATION or not link.combination_method:
            continue
        code = combination_code(link.combination_method)
        own = combination_code(commodity.combination_method)
        record = Record("X", f"ccDef[{commodity.code}]/pfLink[{product.code}]", subject.limits, link.line)
        if code is None or (not code and own) or found.setdefault(product.code, code) != code:
            subject.limits.refuse(
                f"{record.element}/cmbMeth", link.combination_method,
                "a combination product is split, or split by delta alone, or as its commodity says",
                f"take the product out, {OTHER_FORMAT}", line=link.line,
            )  # fmt: skip
        elif code:
            record.text("method", code)
            record.text("product", product.code)
            record.whole("price_offset", _NO_OFFSET)
            yield record


def _legs(subject: Subject, contracts: pl.DataFrame) -> Iterator[Record]:
    legs = subject.parameters.combination_legs
    if legs.is_empty():
        return
    priced = int(legs["price"].is_not_null().sum())
    if priced:
        subject.limits.leave_out("prices of combination legs", priced)
    names = ["exchange", "code", "type", "period", "line", "is_option"]
    number = pl.int_range(1, pl.len() + 1).over("contract")
    for row, leg_row, ratio, flag, place in legs.select("contract", "leg", "ratio", "price_flag", number).iter_rows():
        combination = contracts.select(names).row(row, named=True)
        element = f"CMB[{combination['code']} {combination['period']}]/undC[{place}]"
        leg = contracts.select(names).row(leg_row, named=True) if leg_row is not None else None
        if leg is None or leg["is_option"] or leg["exchange"] != combination["exchange"]:
            subject.limits.refuse(
                element, leg["code"] if leg else "unknown",
                "legs are futures and the like on the combination's exchange",
                f"take the combination out, {OTHER_FORMAT}", line=combination["line"],
            )  # fmt: skip
            continue
        record = Record("Z", element, subject.limits, combination["line"])
        record.text("exchange", combination["exchange"])
        record.text("product", combination["code"])
        for prefix, side in (("", combination), ("leg_", leg)):
            period, line = side["period"], side["line"]
            month, day = split_period(period, element, subject.limits, line) if period else ("", "")
            record.text(f"{prefix}month", month)
            record.text(f"{prefix}day", day)
        record.whole("leg", place)
        record.text("side", "B" if ratio < 0 else "A")
        record.whole("ratio", abs(ratio), "/i")
        record.text("leg_product", leg["code"])
        record.text("leg_type", leg["type"])
        record.text("price_flag", flag, "/legPriceFlag")
        yield record
