"""Adjustment factors and initial ratios by account type, as records 3 and 4 hold them."""

from __future__ import annotations

from dataclasses import dataclass

from margin.model.parameters import CombinedCommodity, RateId
from margin.write.parameters._pa2.limits import OTHER_FORMAT
from margin.write.parameters._pa2.subject import Subject

ACCOUNT_TYPES = {"M": "member", "H": "hedger", "S": "speculator"}
"""Account types that the records have a field for, by code."""

_LEAST_ADJUSTMENT, _LEAST_RATIO = 0.01, 0.001


@dataclass(frozen=True)
class Factors:
    """How one account type's requirements follow from the file's rate; `None` where nothing is stated.

    Attributes:
        adjustment: Maintenance requirement ÷ requirement on the file's rate.
        initial: Initial ÷ maintenance requirement.
    """

    adjustment: float | None = None
    initial: float | None = None


def leave_out_account_types(subject: Subject) -> None:
    """Note account types without a field; accounts of such a type are refused where the file is used."""
    kinds = {kind.code for kind in subject.parameters.account_types}
    kinds |= {rate.account_type for rate in subject.organisation.rates}
    for code in sorted(kinds - set(ACCOUNT_TYPES)):
        subject.limits.leave_out(f"account type {code}")


def factors_of(subject: Subject, commodity: CombinedCommodity) -> dict[str, Factors]:
    """Factors of a commodity by account type word.

    Rates that are derived by adjustment become factors: maintenance = requirement × adjustment, and
    initial = maintenance × ratio, as a house that adjusts the initial requirement too computes it.
    """
    found = {word: _of_type(subject, commodity, code) for code, word in ACCOUNT_TYPES.items()}
    for word, own in found.items():
        for factor, least in ((own.adjustment, _LEAST_ADJUSTMENT), (own.initial, _LEAST_RATIO)):
            if factor is not None and factor < least:
                _refuse(subject, commodity, f"{word}: {factor:g}", f"the least factor is {least:g}")
    return found


def _of_type(subject: Subject, commodity: CombinedCommodity, account_type: str) -> Factors:
    stated, ratio = commodity.adjustment_factors.get(account_type), commodity.initial_ratios.get(account_type)
    maintenance = _derived(subject, commodity, account_type, is_maintenance=True)
    initial = _derived(subject, commodity, account_type, is_maintenance=False)
    if maintenance is None:
        return Factors(stated, ratio)
    adjustment = stated if maintenance == 1.0 else maintenance * (stated or 1.0)
    if initial is None:
        return Factors(adjustment, ratio)
    return Factors(adjustment, initial / maintenance if maintenance else 0.0)


def _derived(
    subject: Subject, commodity: CombinedCommodity, account_type: str, *, is_maintenance: bool
) -> float | None:
    """Factor on the file's rate of an account type's published rate, `None` without one."""
    rate_ids = {
        rate.rate_id
        for rate in subject.organisation.rates
        if rate.account_type == account_type and rate.is_maintenance == is_maintenance and rate.bond_class == "CORE"
    }
    found = {_follow(commodity, rate_id) for rate_id in rate_ids}
    for base, _ in found:
        if base != subject.rate_id:
            _refuse(
                subject, commodity, f"{account_type}: {base}",
                f"all rates follow from the rate id with arrays, {subject.rate_id}",
            )  # fmt: skip
    factors = sorted({factor for base, factor in found if base == subject.rate_id})
    if len(factors) > 1:
        _refuse(
            subject, commodity, f"{account_type}: {', '.join(f'{one:g}' for one in factors)}",
            "an account type has one factor, for customers and house accounts alike",
        )  # fmt: skip
    return factors[0] if factors else None


def _refuse(subject: Subject, commodity: CombinedCommodity, found: str, why: str) -> None:
    subject.limits.refuse(
        f"ccDef[{commodity.code}]/adjRate", found, why, f"derive the rate from {subject.rate_id}, {OTHER_FORMAT}",
        line=commodity.line,
    )  # fmt: skip


def _follow(commodity: CombinedCommodity, rate_id: RateId) -> tuple[RateId, float]:
    """The rate id that one is derived from, and the factor; a circle ends where it began."""
    adjustments = {item.rate_id: item for item in commodity.rate_adjustments}
    factor, seen = 1.0, {rate_id}
    while rate_id in adjustments:
        item = adjustments[rate_id]
        factor *= item.factor
        rate_id = item.base_rate_id
        if rate_id in seen:
            break
        seen.add(rate_id)
    return rate_id, factor
