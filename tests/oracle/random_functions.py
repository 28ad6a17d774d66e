"""Random business functions: agreements over the contracts of a random file, with rules of their own."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from tests.oracle.model import ContractKey, normalise_period
from tests.oracle.spn_description import BusinessFunctionText, CommodityText, ContractText, OptionFamily

if TYPE_CHECKING:
    from tests.oracle.random_books import Generator

CODES = {"XMA": "XM", "MOA": "MOS"}


def random_functions(draw: Generator, commodities: list[CommodityText]) -> list[BusinessFunctionText]:
    """One or two business functions; the keys of what may opt into them join the keys that books draw from."""
    normal_keys = list(draw.keys)
    codes = list(CODES)[: draw.rng.choice([1, 1, 2])]
    return [random_function(draw, code, commodities, normal_keys) for code in codes]


def random_function(
    draw: Generator, code: str, commodities: list[CommodityText], normal_keys: list[ContractKey]
) -> BusinessFunctionText:
    """A business function over some families of the file, regrouped at times."""
    chosen = draw.rng.sample(commodities, draw.rng.randint(1, len(commodities)))
    options = [commodity.options for commodity in chosen]
    if draw.chance(0.4):
        draw.rng.shuffle(options)
    listed = {
        commodity.futures.pf_id: [
            own_contract(draw, contract)
            for contract in commodity.futures.contracts
            if draw.chance(0.7) or contract is commodity.futures.contracts[0]
        ]
        for commodity in chosen
        if draw.chance(0.4)
    }
    own = [
        own_commodity(draw, commodity, commodity.code if draw.chance(0.3) else f"{code[0]}{i}", option, listed)
        for i, (commodity, option) in enumerate(zip(chosen, options, strict=True))
    ]
    inter_tiers = {commodity.code: commodity.inter_tiers for commodity in own}
    usual, draw.codes = draw.codes, [commodity.code for commodity in own]
    features = draw.features
    function = BusinessFunctionText(
        code=code,
        type=CODES[code],
        commodities=own,
        cap_available_value=draw.rng.choice([None, "0", "1"]),
        bond_rates=draw.chance(0.5),
        super_spreads=draw.inter_spreads(inter_tiers, [0, 0, 1, 2]) if features.super_spreads else [],
        inter_spreads=draw.inter_spreads(inter_tiers, [0, 1, 2, 3]) if features.inter else [],
        listed=listed,
    )
    draw.codes = usual
    eligible = {key for commodity in own for key in keys_of(commodity, listed)}
    draw.keys += [replace(key, clearing_org=code) for key in normal_keys if key in eligible]
    return function


def own_contract(draw: Generator, contract: ContractText) -> ContractText:
    """The contract with other arrays for all rate ids, some of them or none."""
    rates = [rate for rate in contract.arrays if draw.chance(0.6)]
    return replace(
        contract,
        arrays={rate: draw.array() for rate in rates},
        deltas={rate: draw.delta(is_option=False) for rate in rates},
    )


def own_commodity(
    draw: Generator,
    commodity: CommodityText,
    code: str,
    options: OptionFamily | None,
    listed: dict[int, list[ContractText]],
) -> CommodityText:
    """A commodity over the futures of one commodity and the options of one, perhaps another."""
    fresh = draw.rules(code, commodity.futures, options)
    if commodity.combination is None or commodity.futures.pf_id in listed:
        return fresh
    return replace(
        fresh,
        combination=commodity.combination,
        combination_family=commodity.combination_family,
        combination_legs=commodity.combination_legs,
        combination_code=f"{commodity.code}M",
    )


def keys_of(commodity: CommodityText, listed: dict[int, list[ContractText]]) -> list[ContractKey]:
    """What a position names the contracts of a commodity by under normal clearing, as far as they take part."""
    futures, options = commodity.futures, commodity.options
    found = [
        ContractKey("X", futures.code, "FUT", normalise_period(contract.period))
        for contract in listed.get(futures.pf_id, futures.contracts)
    ]
    if commodity.combination is not None:
        period = normalise_period(commodity.combination.period)
        found.append(ContractKey("X", commodity.combination_code, "CMB", period))
    return found if options is None else [*found, *option_keys(options)]


def option_keys(family: OptionFamily) -> list[ContractKey]:
    """The same of a family of options."""
    return [
        ContractKey(
            "X",
            family.code,
            "OOF" if family.on_futures else "OOP",
            normalise_period(series.period),
            normalise_period(series.underlying_period) if family.on_futures else "",
            contract.right,
            Fraction(contract.strike),
        )
        for series in family.series
        for contract in series.contracts
    ]
