"""Holds an account of the JSON report against the oracle, component by component."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from tests.oracle.intracommodity import SpreadFormed
from tests.oracle.result import AccountResult, CommodityResult, RequirementResult

Json = dict[str, Any]
ZERO = Fraction(0)

HEADLINE = (
    "span_risk",
    "net_option_value",
    "available_net_option_value",
    "long_option_value",
    "short_option_value",
    "maintenance_requirement",
    "initial_requirement",
    "outright_risk",
)
REQUIREMENT = ("span_risk", "available_net_option_value", "requirement", "additional_requirement")
AMOUNTS = (
    "scan_risk",
    "intracommodity_charge",
    "delivery_charge",
    "intercommodity_credit",
    "interclearing_credit",
    "short_option_minimum",
    "span_risk",
    "net_option_value",
    "available_net_option_value",
    "requirement",
)
DECOMPOSITION = (
    "time_risk",
    "volatility_risk",
    "price_risk",
    "weighted_futures_price_risk",
    "net_delta",
)
"""Figures a gross account does not have."""


def agrees(got: Any, expected: Fraction | None) -> bool:
    """Whether |got − expected| ≤ 1e-9 × max(1, |expected|); `None` agrees with `None` alone."""
    if expected is None or got is None:
        return got is None and expected is None
    return abs(Fraction(got) - expected) <= Fraction(1, 10**9) * max(Fraction(1), abs(expected))


def shown(value: Any) -> str:
    """A figure as a difference line shows it."""
    return repr(float(value)) if isinstance(value, Fraction) else repr(value)


def figure(where: str, name: str, got: Any, expected: Fraction | None) -> Iterator[str]:
    """A line if one figure differs."""
    if not agrees(got, expected):
        yield f"{where} {name}: got {shown(got)}, expected {shown(expected)}"


def differences(oracle_result: AccountResult, engine_json_account: Json) -> list[str]:
    """Every figure of the account that differs, one line each; empty when all agree.

    Args:
        oracle_result: What the oracle says.
        engine_json_account: One element of ``accounts`` of ``margin calculate --format json``.

    Returns:
        Lines ``where component: got X, expected Y``.
    """
    return list(account_lines(oracle_result, engine_json_account))


def account_lines(oracle: AccountResult, engine: Json) -> Iterator[str]:
    """Headline figures, then requirements, commodities and spreads."""
    for name in ("netting", "currency"):
        if engine[name] != getattr(oracle, name):
            yield f"account {name}: got {engine[name]!r}, expected {getattr(oracle, name)!r}"
    if engine["complete"] is not True:
        yield f"account complete: got {engine['complete']!r}, expected True"
    for name in HEADLINE:
        yield from figure("account", name, engine[name], getattr(oracle, name))
    yield from requirement_lines(oracle.requirements, engine["requirements"])
    yield from commodity_lines(oracle, engine["commodities"])
    if oracle.netting == "net":
        yield from spread_lines(oracle.spreads, engine["spreads"])


def class_name(name: str) -> str:
    """``RESRV`` is the file's spelling of RESERVE."""
    return "RESERVE" if name == "RESRV" else name


def requirement_lines(expected: list[RequirementResult], got: list[Json]) -> Iterator[str]:
    """Sums by class and kind."""
    rows = {(class_name(row["class"]), row["kind"]): row for row in got}
    wanted = {(row.bond_class, row.kind): row for row in expected}
    for key in sorted(rows.keys() ^ wanted.keys()):
        yield f"requirement {key}: {'not expected' if key in rows else 'missing'}"
    for key in sorted(rows.keys() & wanted.keys()):
        for name in REQUIREMENT:
            yield from figure(f"requirement {key}", name, rows[key][name], getattr(wanted[key], name))


def is_flat(row: CommodityResult) -> bool:
    """Whether nothing is held any more, so that the row may be left out."""
    return not row.periods and all(getattr(row, name) == 0 for name in AMOUNTS)


def commodity_lines(oracle: AccountResult, got: list[Json]) -> Iterator[str]:
    """Components by commodity, class and kind."""
    rows = {(row["clearing_org"], row["commodity"], class_name(row["class"]), row["kind"]): row for row in got}
    wanted = {(row.clearing_org, row.commodity, row.bond_class, row.kind): row for row in oracle.commodities}
    for key in sorted(rows.keys() - wanted.keys()):
        yield f"commodity {key}: not expected"
    for key, row in wanted.items():
        where = " ".join(key)
        if key not in rows:
            if not is_flat(row):
                yield f"commodity {where}: missing"
            continue
        engine = rows[key]
        if engine["absorbed_into"] != row.absorbed_into:
            yield (f"{where} absorbed_into: got {engine['absorbed_into']!r}, expected {row.absorbed_into!r}")
        for name in AMOUNTS:
            yield from figure(where, name, engine[name], getattr(row, name))
        if row.absorbed_into is None and oracle.netting == "net":
            yield from detail_lines(where, row, engine)


def detail_lines(where: str, row: CommodityResult, engine: Json) -> Iterator[str]:
    """Scan detail and period deltas of a commodity of a net account."""
    for name in DECOMPOSITION:
        yield from figure(where, name, engine[name], getattr(row, name))
    listed_tiers_leave_none = engine["active_scenario"] is None and len(engine["scan_tiers"]) > 1
    if engine["active_scenario"] != row.active_scenario and not listed_tiers_leave_none:
        yield f"{where} active_scenario: got {engine['active_scenario']!r}, expected {row.active_scenario!r}"
    yield from vector_lines(f"{where} scenario_losses", engine["scenario_losses"], row.scenario_losses or [])
    tiers = {tier["tier"]: tier for tier in engine["scan_tiers"]}
    for tier in row.scan_tiers:
        if tier.tier not in tiers:
            yield f"{where} scan tier {tier.tier}: missing"
            continue
        other = tiers.pop(tier.tier)
        yield from figure(f"{where} scan tier {tier.tier}", "scan_risk", other["scan_risk"], tier.scan_risk)
        if other["active_scenario"] != tier.active_scenario:
            yield (
                f"{where} scan tier {tier.tier} active_scenario: "
                f"got {other['active_scenario']!r}, expected {tier.active_scenario!r}"
            )
        yield from vector_lines(
            f"{where} scan tier {tier.tier} scenario_losses", other["scenario_losses"], tier.scenario_losses
        )
    for number, other in tiers.items():
        yield from figure(f"{where} scan tier {number}, without positions,", "scan_risk", other["scan_risk"], ZERO)
    yield from period_lines(where, row, engine["periods"])


def vector_lines(where: str, got: list[Any] | None, expected: list[Fraction]) -> Iterator[str]:
    """Scenario losses, scenario by scenario."""
    if got is None or len(got) != len(expected):
        yield f"{where}: got {got!r}, expected {len(expected)} losses"
        return
    for number, (one, other) in enumerate(zip(got, expected, strict=True), start=1):
        yield from figure(where, f"scenario {number}", one, other)


def period_lines(where: str, row: CommodityResult, got: list[Json]) -> Iterator[str]:
    """Original and remaining delta by period; a period without delta may be left out."""
    rows = {period["period"]: period for period in got}
    for period in sorted(rows.keys() | row.periods.keys()):
        expected = row.periods.get(period)
        engine = rows.get(period, {"delta": 0, "remaining_delta": 0})
        for name in ("delta", "remaining_delta"):
            value = getattr(expected, name) if expected else ZERO
            yield from figure(f"{where} period {period!r}", name, engine[name], value)


SpreadKey = tuple[str, str, int, tuple[tuple[str, str], ...]]


def oracle_spread_sums(spreads: list[SpreadFormed]) -> dict[SpreadKey, list[Fraction]]:
    """[number, amount, delta used by each leg…] by kind, priority and sides of the legs in the file's order."""
    sums: dict[SpreadKey, list[Fraction]] = {}
    for formed in spreads:
        legs = [(part.leg.commodity, part.side, part.delta_used) for part in formed.legs]
        kind = {"super_interclearing": "interclearing"}.get(formed.spread.kind, formed.spread.kind)
        if formed.spread.form == "scanning":
            kind, legs = "scanning", []
        key = (kind, formed.clearing_org, formed.spread.priority, tuple((leg[0], leg[1]) for leg in legs))
        add(sums, key, [formed.number, formed.amount, *(leg[2] for leg in legs)])
    return sums


def engine_spread_sums(spreads: list[Json]) -> dict[SpreadKey, list[Fraction]]:
    """The same of the JSON; where spreads say their class and kind, only CORE maintenance counts."""
    sums: dict[SpreadKey, list[Fraction]] = {}
    for formed in spreads:
        if formed.get("class", "CORE") != "CORE" or formed.get("maintenance", True) is not True:
            continue
        legs = [(leg["commodity"], leg["side"], abs(Fraction(leg["delta_used"] or 0))) for leg in formed["legs"]]
        kind = formed["kind"]
        if formed["form"] == "scanning":
            kind, legs = "scanning", []
        key = (kind, formed["clearing_org"], formed["priority"], tuple((leg[0], leg[1]) for leg in legs))
        number, amount = Fraction(formed["number"] or 0), Fraction(formed["amount"] or 0)
        add(sums, key, [number, amount, *(leg[2] for leg in legs)])
    return sums


def add(sums: dict[SpreadKey, list[Fraction]], key: SpreadKey, values: list[Fraction]) -> None:
    """Adds figures to those already under the key."""
    known = sums.get(key, [ZERO] * len(values))
    sums[key] = [one + other for one, other in zip(known, values, strict=True)]


def spread_lines(expected: list[SpreadFormed], got: list[Json]) -> Iterator[str]:
    """Spreads formed, matched by kind, priority and orientation."""
    engine, oracle = engine_spread_sums(got), oracle_spread_sums(expected)
    for key in sorted(engine.keys() | oracle.keys()):
        where = f"spread {key}"
        if key[0] == "scanning":
            if (key in engine) != (key in oracle):
                yield f"{where}: {'not expected' if key in engine else 'missing'}"
            continue
        width = len(key[3])
        values = engine.get(key, [ZERO] * (width + 2))
        wanted = oracle.get(key, [ZERO] * (width + 2))
        names = ["number", "amount", *(f"leg {i + 1} delta_used" for i in range(width))]
        for name, one, other in zip(names, values, wanted, strict=True):
            yield from figure(where, name, one, other)
