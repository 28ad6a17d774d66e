"""What a SPAN XML file cannot say: everything of a set that would be lost or would mean something else."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from margin.model.parameters import CombinedCommodity, ParameterSet, SpreadDefinition, SpreadLeg
from margin.model.problem import Faults, Reason
from margin.write.parameters._spn.commodities import KEPT_ELEMENTS, tier_lists
from margin.write.parameters._spn.families import FAMILIES
from margin.write.parameters._spn.underlyings import underlying_rows

_KEPT_OF_ORGANISATIONS = ("minIntExDeltaPct", "useLovPct")
_FOUND_AGAIN = ("marginMeth", "rateTiers")
"""What reading the file finds again by itself."""

_RATE_ID = re.compile(r"[0-9]{1,9}")
_CURRENCY = re.compile(r"\w{3}")
_PERIOD = r"^[0-9]{6}\w{0,3}$"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ONLY_LONDON = "a term of London SPAN"


def refuse_what_cannot_be_said(parameters: ParameterSet, faults: Faults) -> None:
    """Record everything of a set that the format has no words for."""
    _refuse_products(parameters, faults)
    _refuse_organisations(parameters, faults)
    _refuse_rate_ids(parameters, faults)
    _refuse_arrays(parameters, faults)
    for commodity in parameters.commodities:
        _refuse_commodity(parameters, commodity, faults)
    for spread in parameters.spreads:
        _refuse_spread(spread, f"{spread.clearing_org}/{spread.kind}[{spread.priority}]", faults)
    _refuse_texts(parameters, faults)


def _refuse(faults: Faults, element: str, what: str, advice: str, line: int | None = None) -> None:
    faults.add(Reason.UNSUPPORTED_RULE, f"{element}: {what}; {advice}", line=line, element=element)


def _refuse_products(parameters: ParameterSet, faults: Faults) -> None:
    with_contracts = set(parameters.contracts["product"].unique().to_list())
    for i, product in enumerate(parameters.products):
        name = f"{product.clearing_org}/{product.type} product family {product.code}"
        if product.type not in FAMILIES:
            advice = "leave the family out"
            _refuse(faults, name, "the format wants terms of such contracts that are not kept", advice, product.line)
        if product.normal_clearing_org is not None and i not in with_contracts:
            what = "a business function lists no contract of it that is known, which the format cannot say"
            _refuse(faults, name, what, "leave the family out of the business function", product.line)
    missing = np.flatnonzero(underlying_rows(parameters) == -2)
    faults.count_unlisted(max(0, len(missing) - 50))
    for row in parameters.contracts[missing[:50]].iter_rows(named=True):
        product = parameters.products[row["product"]]
        name = f"{product.clearing_org}/{product.code} {product.type} {row['period']}"
        what = f"the underlying contract of {row['underlying_period']} is not in the set, and the format refers to it"
        _refuse(faults, name, what, "add that contract", row["line"])
    periods = parameters.contracts["period"].drop_nulls().unique().sort()
    for period in periods.filter((periods != "") & ~periods.str.contains(_PERIOD)):
        what = "the format writes periods as six digits and up to three characters"
        _refuse(faults, f"contracts of {period}", what, "correct the period")


def _refuse_organisations(parameters: ParameterSet, faults: Faults) -> None:
    with_products = {product.clearing_org for product in parameters.products}
    for org in parameters.clearing_orgs:
        if org.business_function is None and org.code not in with_products:
            _refuse(faults, org.code, "it has no product family, and the format wants an exchange with one", "add one")
        for item in org.unsupported:
            if item.path.rpartition("/")[2] not in _KEPT_OF_ORGANISATIONS:
                _refuse_unsupported(faults, item.path, item.value, item.line)
        for conversion in org.currency_conversions:
            if conversion.shift_up is not None or conversion.shift_down is not None:
                place = f"{org.code}/curConv {conversion.from_currency} to {conversion.to_currency}"
                _refuse(faults, place, f"the rate moves in scenarios, {_ONLY_LONDON}", "remove its up and down")


def _refuse_unsupported(faults: Faults, path: str, value: str, line: int | None) -> None:
    what = f"found {value!r}, which is known to change a requirement but not how, and is not kept whole"
    _refuse(faults, path, what, "remove the element from the source", line)


def _rate_ids(parameters: ParameterSet) -> Iterator[str]:
    yield from parameters.arrays
    for org in parameters.clearing_orgs:
        yield from org.grids
        yield from (rate.rate_id for rate in org.rates)
    spreads = [*parameters.spreads]
    for commodity in parameters.commodities:
        yield from commodity.grids
        for item in commodity.rate_adjustments:
            yield from (item.rate_id, item.base_rate_id)
        for tiers in tier_lists(commodity).values():
            for tier in tiers:
                yield from tier.rates
        yield from (spot.rate_id for spot in commodity.spot_rates)
        spreads += commodity.spreads
    for spread in spreads:
        yield from (*spread.rates, *spread.month_rates)
        for leg in spread.legs:
            yield from leg.rates


def _refuse_rate_ids(parameters: ParameterSet, faults: Faults) -> None:
    for rate_id in dict.fromkeys(_rate_ids(parameters)):
        if not _RATE_ID.fullmatch(rate_id):
            _refuse(faults, f"rate id {rate_id!r}", "the format names sets of rates by whole numbers", "number them")
    codes = [currency.code for currency in parameters.currencies]
    codes += [product.currency for product in parameters.products]
    codes += [commodity.currency for commodity in parameters.commodities]
    for code in dict.fromkeys(codes):
        if not _CURRENCY.fullmatch(code):
            _refuse(faults, f"currency {code!r}", "the format names currencies by three letters", "use the ISO code")


def _refuse_arrays(parameters: ParameterSet, faults: Faults) -> None:
    for rate_id, arrays in parameters.arrays.items():
        in_ticks = 0 if arrays.tick_values is None else int(np.isfinite(arrays.tick_values).sum())
        if in_ticks:
            what = f"the losses of {in_ticks:,} contracts are in ticks, {_ONLY_LONDON}"
            _refuse(faults, f"arrays of rate id {rate_id}", what, "give losses in money")


def _refuse_commodity(parameters: ParameterSet, commodity: CombinedCommodity, faults: Faults) -> None:
    place = f"{commodity.clearing_org}/{commodity.code}"
    is_function = any(
        org.code == commodity.clearing_org and org.business_function is not None for org in parameters.clearing_orgs
    )
    for item in commodity.unsupported:
        name = item.path.rpartition("/")[2]
        again = name in _FOUND_AGAIN or (is_function and name == "pointDef")
        if not again and (name not in KEPT_ELEMENTS or "/pfLink[" in item.path):
            _refuse_unsupported(faults, item.path, item.value, item.line)
    for name, tiers in tier_lists(commodity).items():
        for tier in tiers:
            if tier.is_relative:
                what = "its bounds are places in the list of periods, which are not kept"
                _refuse(faults, f"{place}/{name}/tier[{tier.number}]", what, "state periods", tier.line)
    for spot in commodity.spot_rates:
        if spot.side != "both":
            what = f"the rate is for {spot.side} deltas alone, {_ONLY_LONDON}"
            _refuse(faults, f"{place}/spotRate[{spot.period}]", what, "state a rate for both sides", spot.line)
    for spread in commodity.spreads:
        _refuse_spread(spread, f"{place}/dSpread[{spread.priority}]", faults)


def _refuse_spread(spread: SpreadDefinition, place: str, faults: Faults) -> None:
    for item in spread.unsupported:
        _refuse_unsupported(faults, item.path, item.value, item.line)
    if spread.form in ("strategy", "offset"):
        _refuse(faults, place, f"the form {spread.form} is {_ONLY_LONDON}", "remove the spread", spread.line)
        return
    if any(not (leg.is_counted or _must_be_present(spread, leg)) for leg in spread.legs):
        what = "its target does not count as a leg and need not be present, but in the format the target counts"
        _refuse(faults, place, what, "make the target a leg, or require it", spread.line)
    is_between_houses = spread.kind in ("interclearing", "super_interclearing")
    if spread.form == "scanning" and is_between_houses:
        what = "the format has no scanning-based spreads between clearing organisations"
        _refuse(faults, place, what, "remove the spread", spread.line)
    elif spread.kind == "interclearing":
        _refuse_clearing_spread(spread, place, faults)
    elif any(leg.clearing_org is not None for leg in spread.legs):
        what = f"legs of {spread.kind} spreads cannot name a clearing organisation"
        _refuse(faults, place, what, "make it an interclearing spread", spread.line)


def _must_be_present(spread: SpreadDefinition, leg: SpreadLeg) -> bool:
    return leg.is_required or (leg.is_target and spread.is_target_required)


def _refuse_clearing_spread(spread: SpreadDefinition, place: str, faults: Faults) -> None:
    advice = "state it by tiers, with method W and rates of the legs at home"
    if spread.charge_method != "W" or any(leg.kind != "tier" for leg in spread.legs):
        what = "spreads between clearing organisations are of tiers, credited by weighted price risk (W)"
        _refuse(faults, place, what, advice, spread.line)
    home = [leg for leg in spread.legs if leg.clearing_org is None]
    if not home or len(home) == len(spread.legs):
        _refuse(faults, place, "the format wants legs at home and legs away", advice, spread.line)


def _refuse_texts(parameters: ParameterSet, faults: Faults) -> None:
    """Texts with characters that no XML document can hold."""
    texts: dict[str, tuple[str | None, ...]] = {}
    for org in parameters.clearing_orgs:
        texts[org.code] = (org.code, org.name, org.finalize_method, org.time, org.run, org.created)
    for product in parameters.products:
        name = f"{product.clearing_org}/{product.type} product family {product.code}"
        texts[name] = (product.exchange, product.code, product.name, product.price_model, product.exercise)
    for commodity in parameters.commodities:
        texts[f"{commodity.clearing_org}/{commodity.code}"] = (commodity.code, commodity.name, *commodity.groups)
    for place, values in texts.items():
        for text in values:
            if text and _NOT_XML.search(text):
                what = f"the text {text!r} holds a character that XML cannot"
                _refuse(faults, place.encode("unicode_escape").decode(), what, "correct it")
