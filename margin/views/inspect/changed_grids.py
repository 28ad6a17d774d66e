"""What changed between the scenario grids that commodities are scanned on, wherever a file defines them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from margin.model.parameters import ParameterSet
from margin.model.scenario import ScenarioGrid
from margin.resolve.contracts import resolve_contracts
from margin.resolve.grids import grid_codes
from margin.views.inspect.changed_definitions import Naming, Value, change, in_order
from margin.views.inspect.definitions import Document

_EVERY_COMMODITY = ""


def changed_grids(before: ParameterSet, after: ParameterSet, naming: Naming) -> list[Document]:
    """Fields of scenario grids that differ; a change of all commodities of an organisation is one row.

    Args:
        before: The earlier set.
        after: The later set.
        naming: What to call the later set's clearing organisations and rate ids.
    """
    old, new = _grids(before, Naming({}, {})), _grids(after, naming)
    shared = old.keys() & new.keys()
    found: dict[tuple[str, str, str, Value, Value], list[str]] = {}
    for key in sorted(shared):
        if old[key] == new[key]:
            continue
        org, commodity, rate_id = key
        one, other = dict(_fields(old[key])), dict(_fields(new[key]))
        for name in {**one, **other}:
            if one.get(name) != other.get(name):
                found.setdefault((org, rate_id, name, one.get(name), other.get(name)), []).append(commodity)
    rows: list[Document] = []
    for (org, rate_id, name, earlier, later), commodities in found.items():
        every = len(commodities) == sum(key[0] == org and key[2] == rate_id for key in shared)
        for commodity in [_EVERY_COMMODITY] if every else commodities:
            place = {"item": "scenario grid", "clearing_org": org, "commodity": commodity, "where": commodity}
            rows.append({**place, "field": name, "rate_id": rate_id, **change(earlier, later)})
    return in_order(rows)


def _grids(parameters: ParameterSet, naming: Naming) -> Mapping[tuple[str, str, str], ScenarioGrid]:
    """The grid by clearing organisation, commodity and rate id."""
    contracts = resolve_contracts(parameters)
    found = {}
    for rate_id in parameters.arrays:
        grids, codes = grid_codes(contracts, dict.fromkeys(range(len(contracts.commodities)), rate_id))
        for code, item in enumerate(contracts.commodities):
            key = naming.organisation(item.clearing_org), item.code, naming.rate(rate_id)
            found[key] = grids[codes[code]]
    return found


def _fields(grid: ScenarioGrid) -> Iterator[tuple[str, Value]]:
    """A grid's figures by name; those of the composite delta are already inside the published deltas."""
    yield "scenarios", float(len(grid))
    for point in grid.points:
        yield f"scenario {point.number} price move", point.price_move
        yield f"scenario {point.number} volatility move", point.volatility_move
        yield f"scenario {point.number} weight", point.weight
        yield f"scenario {point.number} paired with", float(point.paired_point)
