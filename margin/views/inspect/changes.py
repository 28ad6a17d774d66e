"""What changed between two parameter sets: the question a margin desk asks every morning."""

from __future__ import annotations

from dataclasses import asdict

from margin.model.parameters import ClearingOrganisation, ParameterSet
from margin.views.inspect.changed_contracts import (
    changed_factors,
    changed_ranges,
    counts,
    listings,
    match_contracts,
    price_moves,
)
from margin.views.inspect.changed_definitions import (
    Naming,
    changed_fields,
    definitions_of,
    in_order,
    only_in,
)
from margin.views.inspect.changed_grids import changed_grids
from margin.views.inspect.definitions import Document, session_words


def changes_document(before: ParameterSet, after: ParameterSet) -> Document:
    """What changed from one parameter set to another, of any formats.

    Where both sets have one clearing organisation, or one rate id with arrays, these belong together whatever they
    are called. A field that only one of two formats states has not changed, and is listed apart.
    """
    own = Naming({}, {})
    theirs = Naming(_organisations(before, after), _rates_of_after(before, after))
    rates = tuple((theirs.rate(rate_id), rate_id) for rate_id in after.arrays if theirs.rate(rate_id) in before.arrays)
    old, new = definitions_of(before, own), definitions_of(after, theirs)
    matched = match_contracts(before, after, theirs, rates)
    date = max((item.business_date for item in after.clearing_orgs), default="")
    counted = counts(before, after, matched)
    definitions = changed_fields(old, new)
    unstated: list[Document] = []
    if {source.format for source in before.sources} != {source.format for source in after.sources}:
        unstated = [row for row in definitions if None in (row["before"], row["after"])]
        definitions = [row for row in definitions if None not in (row["before"], row["after"])]
    found = {
        "definitions": in_order([*definitions, *changed_grids(before, after, theirs)]),
        "definitions_new": only_in(new, old),
        "definitions_gone": only_in(old, new),
        "scan_ranges": changed_ranges(before, after, matched),
        "factors": changed_factors(matched),
        "contracts_new": listings(matched.after, matched.new, date),
        "contracts_gone": listings(matched.before, matched.gone, date),
    }
    unchanged = not any(found.values()) and not any(
        counted[name] for name in ("other_price", "other_delta", "other_array")
    )
    return {
        "before": [asdict(source) for source in before.sources],
        "after": [asdict(source) for source in after.sources],
        "is_unchanged": unchanged,
        "is_same_content": sorted(s.sha256 for s in before.sources) == sorted(s.sha256 for s in after.sources),
        "header": _header(before, after, theirs),
        "counts": counted,
        **found,
        "definitions_unstated": unstated,
        "prices": price_moves(before, after, matched),
    }


def _organisations(before: ParameterSet, after: ParameterSet) -> dict[str, str]:
    """What the earlier set calls the later set's clearing organisation, where each has one."""
    if len(before.clearing_orgs) == len(after.clearing_orgs) == 1:
        return {after.clearing_orgs[0].code: before.clearing_orgs[0].code}
    return {}


def _rates_of_after(before: ParameterSet, after: ParameterSet) -> dict[str, str]:
    """What the earlier set calls the later set's rate id, where each has one with arrays."""
    if len(before.arrays) == len(after.arrays) == 1:
        return {next(iter(after.arrays)): next(iter(before.arrays))}
    return {}


def _header(before: ParameterSet, after: ParameterSet, naming: Naming) -> list[Document]:
    """The points in time of each clearing organisation on either side."""
    old = {item.code: item for item in before.clearing_orgs}
    new = {naming.organisation(item.code): item for item in after.clearing_orgs}
    return [
        {"clearing_org": code, "before": _point_in_time(old.get(code)), "after": _point_in_time(new.get(code))}
        for code in dict.fromkeys([*old, *new])
    ]


def _point_in_time(item: ClearingOrganisation | None) -> Document | None:
    if item is None:
        return None
    return {
        "code": item.code,
        "business_date": item.business_date,
        "session": session_words(item),
        "time": item.time,
        "run": item.run,
        "created": item.created,
    }
