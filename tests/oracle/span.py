"""The SPAN requirement of one account, slowly and exactly, step by step in the method's order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from tests.oracle.gross import gross_row
from tests.oracle.holding import Holding, holdings, is_net
from tests.oracle.intercommodity import AwayDelta, form_interclearing_spreads, form_spreads, rounded_credit
from tests.oracle.intracommodity import SpreadFormed, charge_delivery, form_intracommodity_spreads
from tests.oracle.model import (
    Account,
    BondRate,
    ClearingOrg,
    Commodity,
    OracleError,
    Parameters,
    Policy,
    Position,
)
from tests.oracle.result import AccountResult, CommodityResult, PeriodResult, ScanTierResult
from tests.oracle.rounding import rounded
from tests.oracle.state import CommodityState, whole
from tests.oracle.totals import AccountTotals

ZERO = Fraction(0)
RunKey = tuple[str, str]
"""(clearing organisation, base rate id)."""


@dataclass(frozen=True)
class Run:
    """All commodities of one clearing organisation under one rate id, after every spread."""

    states: dict[str, CommodityState]
    spreads: list[SpreadFormed]


def requirement(
    parameters: Parameters, positions: list[Position], account: Account, policy: Policy | None = None
) -> AccountResult:
    """The requirement of one account with all its components."""
    policy = policy or Policy()
    held = holdings(parameters, positions)
    customer = is_customer(parameters, account)
    nets = {holding.org.code: is_net(parameters, holding.org, account, customer) for holding in held}
    runs = evaluate_all(parameters, [h for h in held if nets[h.org.code]], account, customer, policy)
    rows = []
    for org_code in sorted(nets):
        org = parameters.orgs[org_code]
        own = [holding for holding in held if holding.org.code == org_code]
        for bond_rate, ratio in rates_with_ratio(org, account, customer, policy):
            if nets[org_code]:
                rows.extend(net_rows(org, bond_rate, ratio, runs, own, policy))
            else:
                rows.extend(gross_rows(org, bond_rate, ratio, own, policy))
    headline = headline_bases(parameters, account, customer, held)
    return AccountTotals(parameters, account, rows).result(
        "net" if all(nets.values()) else "gross",
        sum((outright_risk(h, headline[h.org.code, h.commodity.code], nets[h.org.code]) for h in held), ZERO),
        [spread for key, run in runs.items() if key in headline.values() for spread in run.spreads],
    )


# -- which rates an account uses --------------------------------------------------------------------


def is_customer(parameters: Parameters, account: Account) -> bool:
    """The account's customer flag; where unknown, customer if the file has customer rates for the type."""
    if account.is_customer is not None:
        return account.is_customer
    return any(
        rate.is_customer and rate.account_type == account.account_type
        for org in parameters.orgs.values()
        for rate in org.bond_rates
    )


def account_rates(org: ClearingOrg, account: Account, customer: bool) -> list[BondRate]:
    """The rates of the account's type, one per class and kind (``pbRateDef``)."""
    found = [
        rate for rate in org.bond_rates if rate.is_customer == customer and rate.account_type == account.account_type
    ]
    if not found:
        raise OracleError(f"{org.code} has no rates for account type {account.account_type}")
    return sorted(found, key=lambda rate: (rate.bond_class, not rate.is_maintenance))


def rates_with_ratio(
    org: ClearingOrg, account: Account, customer: bool, policy: Policy
) -> list[tuple[BondRate, Fraction]]:
    """The account's rates, and initial ones at the policy's ratio where the file has none."""
    rates = account_rates(org, account, customer)
    found = [(rate, Fraction(1)) for rate in rates]
    if policy.initial_ratio is not None and all(rate.is_maintenance for rate in rates):
        found += [(replace(rate, is_maintenance=False), policy.initial_ratio) for rate in rates]
    return found


def base_rate(commodity: Commodity, rate_id: str) -> tuple[str, Fraction]:
    """(base rate id, factor): requirement(rate) = factor × requirement(base) where ``adjRate`` says so."""
    factor, seen = Fraction(1), {rate_id}
    while rate_id in commodity.adjustments:
        adjustment = commodity.adjustments[rate_id]
        rate_id, factor = adjustment.base, factor * adjustment.factor
        if rate_id in seen:
            break
        seen.add(rate_id)
    return rate_id, factor


# -- the steps --------------------------------------------------------------------------------------


def evaluate_all(
    parameters: Parameters, held: list[Holding], account: Account, customer: bool, policy: Policy
) -> dict[RunKey, Run]:
    """The algorithm once per clearing organisation and base rate, then the spreads between organisations."""
    runs: dict[RunKey, Run] = {}
    for org in parameters.orgs.values():
        own = [holding for holding in held if holding.org.code == org.code]
        for rate in account_rates(org, account, customer) if own else []:
            for base in sorted({base_rate(holding.commodity, rate.rate_id)[0] for holding in own}):
                if (org.code, base) not in runs:
                    runs[org.code, base] = evaluate(org, base, own, policy)
    away_ledgers = [ledgers_of(run) for run in runs.values()]
    for (org_code, _base), run in runs.items():
        away = {key: seen for ledgers in away_ledgers for key, seen in ledgers.items() if key[0] != org_code}
        spreads = parameters.orgs[org_code].interclearing_spreads
        run.spreads.extend(form_interclearing_spreads(run.states, away, spreads, policy))
    return runs


def ledgers_of(run: Run) -> dict[tuple[str, str], AwayDelta]:
    """The deltas other clearing organisations see: what is left after this one's own spreads."""
    return {
        (state.commodity.clearing_org, code): AwayDelta(state.commodity, state.ledger.copy())
        for code, state in run.states.items()
        if state.is_present
    }


def evaluate(org: ClearingOrg, rate_id: str, own: list[Holding], policy: Policy) -> Run:
    """Load and scan; super spreads; spreads inside commodities; delivery charge; spreads between commodities.

    Super spreads come before intracommodity spreads (CME, SPAN 09-01), intercommodity spreads after them.
    """
    states = {
        code: CommodityState(org, commodity, rate_id, [h for h in own if h.commodity.code == code], policy)
        for code, commodity in org.commodities.items()
        if has_arrays(code, own, rate_id)
    }
    spreads = form_spreads(states, org.super_spreads, policy)
    spreads += form_spreads(states, org.super_interclearing_spreads, policy)
    for state in states.values():
        if state.absorbed_into is None:
            spreads += form_intracommodity_spreads(state)
    if policy.spot_when == "after_intra":
        charge_all_deliveries(states)
    spreads += form_spreads(states, org.inter_spreads, policy)
    if policy.spot_when == "after_inter":
        charge_all_deliveries(states)
    return Run(states, spreads)


def charge_all_deliveries(states: dict[str, CommodityState]) -> None:
    """The delivery-month charge of every commodity that still has a requirement of its own."""
    for state in states.values():
        if state.absorbed_into is None:
            charge_delivery(state)


def has_arrays(code: str, own: list[Holding], rate_id: str) -> bool:
    """Whether the held contracts have arrays of this rate; a commodity without positions takes part."""
    mine = [holding for holding in own if holding.commodity.code == code]
    return all(rate_id in holding.contract.arrays for holding in mine)


# -- rows -------------------------------------------------------------------------------------------


def net_rows(
    org: ClearingOrg,
    bond_rate: BondRate,
    ratio: Fraction,
    runs: dict[RunKey, Run],
    own: list[Holding],
    policy: Policy,
) -> list[CommodityResult]:
    """One row per commodity that is held or is the target of a formed scanning-based spread."""
    codes = {holding.commodity.code for holding in own}
    for (org_code, _base), run in runs.items():
        if org_code == org.code:
            codes |= {code for code, state in run.states.items() if state.parts}
    rows = []
    for code in sorted(codes):
        base, factor = base_rate(org.commodities[code], bond_rate.rate_id)
        rows.append(net_row(runs[org.code, base].states[code], bond_rate, factor * ratio, policy))
    return rows


def net_row(state: CommodityState, bond_rate: BondRate, factor: Fraction, policy: Policy) -> CommodityResult:
    """The components of one commodity and the requirement they add up to."""
    kind = "maintenance" if bond_rate.is_maintenance else "initial"
    row = CommodityResult(
        state.commodity.clearing_org,
        state.commodity.code,
        state.commodity.currency,
        bond_rate.bond_class,
        kind,
        absorbed_into=state.absorbed_into,
    )
    if state.absorbed_into is not None:
        return row
    tiers = state.scan_by_tier()
    scan = state.scan()
    row.scan_risk = scan.scan
    row.active_scenario = scan.active or None
    row.scenario_losses = scan.losses
    row.time_risk, row.volatility_risk, row.price_risk = scan.time, scan.volatility, scan.price
    row.weighted_futures_price_risk = state.weighted_price_risk(0)
    row.net_delta = state.ledger.original_net(whole)
    row.scan_tiers = [ScanTierResult(number, tier.scan, tier.active, tier.losses) for number, tier in tiers.items()]
    row.periods = {
        period: PeriodResult(original, state.ledger.remaining[period])
        for period, original in sorted(state.ledger.original.items())
    }
    row.intracommodity_charge = state.intra_charge
    row.delivery_charge = state.delivery_charge
    row.intercommodity_credit = rounded_credit(state.inter_credit, policy)
    row.interclearing_credit = rounded_credit(state.interclearing_credit, policy)
    row.short_option_minimum = state.short_option_minimum
    row.long_option_value, row.short_option_value = state.long_value, state.short_value
    positions = state.all_holdings()
    finish(
        row,
        state.commodity,
        holds_only_long_options=bool(positions)
        and all(h.net > 0 and h.contract.is_premium_style_option for h in positions),
        factor=factor,
        policy=policy,
    )
    return row


def finish(
    row: CommodityResult,
    commodity: Commodity,
    *,
    holds_only_long_options: bool,
    factor: Fraction,
    policy: Policy,
) -> None:
    """Risk less credits, not below the short option minimum or 0; of long options alone, not above LOV."""
    before = (
        row.scan_risk
        + row.intracommodity_charge
        + row.delivery_charge
        - row.intercommodity_credit
        - row.interclearing_credit
    )
    risk = max(before, row.short_option_minimum, ZERO)
    if holds_only_long_options:
        risk = min(risk, row.long_option_value)
    if row.kind == "maintenance" or policy.adjustment_in_initial:
        factor *= policy.adjustment_factor
    set_span_risk(row, commodity.cap_available_value, risk * factor, policy)


def set_span_risk(row: CommodityResult, caps_value: bool, span_risk: Fraction, policy: Policy) -> None:
    """Available net option value, capped by its own requirement where the file says so, and the deposit."""
    rounding = policy.round_maintenance if row.kind == "maintenance" else policy.round_initial
    row.span_risk = rounded(span_risk, rounding)
    row.net_option_value = row.long_option_value - row.short_option_value
    row.available_net_option_value = row.net_option_value
    if caps_value:
        row.available_net_option_value = min(row.net_option_value, row.span_risk)
    row.requirement = max(ZERO, row.span_risk - row.available_net_option_value)


def gross_rows(
    org: ClearingOrg, bond_rate: BondRate, ratio: Fraction, own: list[Holding], policy: Policy
) -> list[CommodityResult]:
    """One row per held commodity of a gross account."""
    rows = []
    for code in sorted({holding.commodity.code for holding in own}):
        commodity = org.commodities[code]
        base, factor = base_rate(commodity, bond_rate.rate_id)
        mine = [holding for holding in own if holding.commodity.code == code]
        row = gross_row(commodity, base, mine, bond_rate, policy)
        only_long = any(h.long for h in mine) and all(
            h.short == 0 and (h.long == 0 or h.contract.is_premium_style_option) for h in mine
        )
        finish(row, commodity, holds_only_long_options=only_long, factor=factor * ratio, policy=policy)
        rows.append(row)
    return rows


# -- account ----------------------------------------------------------------------------------------


def headline_bases(
    parameters: Parameters, account: Account, customer: bool, held: list[Holding]
) -> dict[RunKey, RunKey]:
    """(clearing organisation, base rate id) of class CORE, maintenance, by held (organisation, commodity)."""
    found = {}
    for holding in held:
        for rate in account_rates(parameters.orgs[holding.org.code], account, customer):
            if rate.bond_class == "CORE" and rate.is_maintenance:
                base, _factor = base_rate(holding.commodity, rate.rate_id)
                found[holding.org.code, holding.commodity.code] = (holding.org.code, base)
    return found


def outright_risk(holding: Holding, run: RunKey, nets: bool) -> Fraction:
    """The position's own largest loss, not below 0; of a gross account long and short apart."""
    quantities = [holding.net] if nets else [holding.long, -holding.short]
    return sum((max(ZERO, *holding.losses(quantity, run[1])) for quantity in quantities), ZERO)
