"""Several files of one clearing organisation: a newer revision of a session takes the place of an older one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import polars as pl

from margin.model.parameters import ClearingOrganisation, ParameterSet, RateArrays
from margin.model.problem import Faults, Problem, Reason, Severity
from margin.model.session import newest
from margin.numeric.arrays import BoolArray, CodeArray

_LISTED = 5


@dataclass(frozen=True, slots=True)
class _Claim:
    """A clearing organisation as one of the sets has it."""

    place: int
    parameters: ParameterSet
    org: ClearingOrganisation

    @property
    def path(self) -> str:
        """The file it comes from."""
        sources = self.parameters.sources
        own = [source.path for source in sources if source.clearing_org == self.org.code]
        return (own or [source.path for source in sources] or ["a file"])[0]

    def __str__(self) -> str:
        return f"{self.path} ({self.org.point_in_time})"

    def commodities(self) -> set[str]:
        """Codes of its combined commodities."""
        return {item.code for item in self.parameters.commodities if item.clearing_org == self.org.code}


def newest_revisions(sets: Sequence[ParameterSet], faults: Faults) -> tuple[list[ParameterSet], list[Problem]]:
    """Each clearing organisation once: a file given twice counts once, and an older revision gives way.

    A revision is of the same business date and kind of session, and has all combined commodities of the older one.
    Which is newer, the marks of `PointInTime.newer_by` must say.

    Args:
        sets: What was read of each file.
        faults: Takes clearing organisations that stand in two files which are no revisions of each other.

    Returns:
        The sets without what newer ones replace, and a warning for everything that is left out.
    """
    sets, warnings = _without_repeats(sets)
    claims: dict[str, list[_Claim]] = {}
    for place, parameters in enumerate(sets):
        for org in parameters.clearing_orgs:
            claims.setdefault(org.code, []).append(_Claim(place, parameters, org))
    replaced: dict[int, set[str]] = {}
    for code, contenders in claims.items():
        if len(contenders) == 1:
            continue
        current, refusal = _current(contenders)
        if current is None:
            faults.add(Reason.DUPLICATE_KEY, refusal, found=code)
            continue
        for older in contenders:
            if older is not current:
                replaced.setdefault(older.place, set()).add(code)
                warnings.append(_replacement(current, older))
    for place, codes in replaced.items():
        _refuse_orphans(sets[place], codes, faults)
    if faults:
        return list(sets), warnings
    kept = [_without(parameters, replaced.get(place, set())) for place, parameters in enumerate(sets)]
    return [parameters for parameters in kept if parameters.clearing_orgs], warnings


def _without_repeats(sets: Sequence[ParameterSet]) -> tuple[list[ParameterSet], list[Problem]]:
    """Files whose bytes are the same are one file."""
    first: dict[tuple[str, ...], ParameterSet] = {}
    warnings = []
    for parameters in sets:
        digests = tuple(source.sha256 for source in parameters.sources)
        known = first.setdefault(digests, parameters)
        if known is not parameters:
            one, other = known.sources[0].path, parameters.sources[0].path
            warnings.append(_warning(f"this file has the same content as {one}; it is used once", other))
    return list(first.values()), warnings


def _current(contenders: Sequence[_Claim]) -> tuple[_Claim | None, str]:
    """The newest of several revisions, else why there is none."""
    points = [claim.org.point_in_time for claim in contenders]
    files = " and ".join(map(str, contenders))
    code = contenders[0].org.code
    said = f"clearing organisation {code} is in {len(contenders)} files, {files}"
    if len({point.date for point in points}) > 1:
        return None, f"{said}, of different business dates; give only the file of the day that is meant"
    if len({point.kind for point in points}) > 1:
        return None, f"{said}, one a settlement, one intraday; choose with --session settlement or --session intraday"
    current = newest(points)
    if current is None:
        return None, (
            f"{said}, and their qualifiers, times, runs and creation marks do not say which is the newer revision; "
            "give only the file that is meant"
        )
    chosen = next(claim for claim, point in zip(contenders, points, strict=True) if point is current)
    for claim in contenders:
        missing = sorted(claim.commodities() - chosen.commodities())
        if missing:
            return None, (
                f"{said}; the newer one lacks {len(missing)} combined commodities of the older "
                f"({', '.join(missing[:_LISTED])}{' …' if len(missing) > _LISTED else ''}), so it is another part and "
                "not a revision; calculate with the files one by one"
            )
    return chosen, ""


def _replacement(current: _Claim, older: _Claim) -> Problem:
    why = current.org.point_in_time.newer_by(older.org.point_in_time)
    return _warning(
        f"{older} is not used for clearing organisation {older.org.code}: {current} is a newer revision of it ({why})",
        older.path,
    )


def _warning(message: str, file: str) -> Problem:
    return Problem(Reason.DUPLICATE_KEY, message, Severity.WARNING, file=file)


def _refuse_orphans(parameters: ParameterSet, replaced: set[str], faults: Faults) -> None:
    """A business function is of one session with the organisations whose products it links."""
    for org in parameters.clearing_orgs:
        lost = sorted(replaced.intersection(org.home_organisations))
        if lost and org.code not in replaced:
            faults.add(
                Reason.DUPLICATE_KEY,
                f"{_Claim(0, parameters, org)} has business function {org.code} over products of {', '.join(lost)}, "
                "which a newer file replaces without it; give only files that belong together",
                found=org.code,
            )


def _without(parameters: ParameterSet, codes: set[str]) -> ParameterSet:
    """A set without some of its clearing organisations, rows renumbered."""
    if not codes:
        return parameters
    is_kept = np.array([product.clearing_org not in codes for product in parameters.products], dtype=bool)
    rows = np.append(is_kept, False)[parameters.contracts["product"].to_numpy()]
    return replace(
        parameters,
        sources=tuple(source for source in parameters.sources if source.clearing_org not in codes),
        clearing_orgs=tuple(org for org in parameters.clearing_orgs if org.code not in codes),
        products=tuple(p for p, kept in zip(parameters.products, is_kept.tolist(), strict=True) if kept),
        contracts=parameters.contracts.filter(pl.Series(rows)).with_columns(
            _renumbered("product", is_kept), _renumbered("underlying_contract", rows)
        ),
        combination_legs=parameters.combination_legs.filter(
            pl.Series(rows[parameters.combination_legs["contract"].to_numpy()])
        ).with_columns(_renumbered("contract", rows), _renumbered("leg", rows)),
        arrays=MappingProxyType(dict(_kept_arrays(parameters.arrays, rows))),
        commodities=tuple(item for item in parameters.commodities if item.clearing_org not in codes),
        spreads=tuple(spread for spread in parameters.spreads if spread.clearing_org not in codes),
    )


def _renumbered(column: str, is_kept: BoolArray) -> pl.Expr:
    """A column of row numbers after the rows that are not kept are gone."""
    old = np.flatnonzero(is_kept)
    return pl.col(column).replace_strict(old, np.arange(len(old)), default=None, return_dtype=pl.Int32)


def _kept_arrays(arrays: Mapping[str, RateArrays], rows: BoolArray) -> Iterator[tuple[str, RateArrays]]:
    for rate_id, rate in arrays.items():
        points: CodeArray = rate.points[rows]
        yield (
            rate_id,
            RateArrays(
                np.ascontiguousarray(rate.losses[rows]),
                rate.composite_delta[rows],
                points,
                rate.scan_ranges.filter(pl.Series(rows)),
                None if rate.tick_values is None else rate.tick_values[rows],
            ),
        )
