"""Random small parameter sets whose figures have no more digits than an expanded unpacked file has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from margin.model.contract import Product
from margin.model.parameters import (
    CombinedCommodity,
    CurrencyConversion,
    ParameterSet,
    SpotRate,
    SpreadDefinition,
    SpreadLeg,
    Tier,
)
from margin.model.scenario import ScenarioGrid, standard_grid
from tests.write.pa2_sets import ORG, RATE, links, parameter_set, product

Draw = Callable[[st.SearchStrategy[Any]], Any]

MONTHS = ("202507", "202508", "20250815", "202509W1", "202512", "202612SD")
MONEY = st.integers(0, 9_999_999).map(float)
RANGES = ((1, None, "202507"), (2, "202508", "202509"), (3, "202510", None), (4, "20250815", "20250815"))


def _decimal(digits: st.SearchStrategy[int], decimals: int) -> st.SearchStrategy[float]:
    return digits.map(lambda whole: whole / 10.0**decimals if decimals >= 0 else whole * 10.0**-decimals)


@st.composite
def parameter_sets(draw: Draw) -> ParameterSet:
    """One to three commodities of futures and options on them, with tiers and spreads of every kind."""
    exchanges = ("CME", "NYM")
    products: list[Product] = []
    rows: list[dict[str, Any]] = []
    commodities = []
    cap = draw(st.booleans())
    for number in range(draw(st.integers(1, 3))):
        exchange, code = draw(st.sampled_from(exchanges)), f"C{number}"
        own = _products(draw, exchange, number)
        for one in own:
            _contracts(draw, one, len(products), products, rows)
            products.append(one)
        commodities.append(_commodity(draw, code, own))
    return parameter_set(
        products,
        rows,
        commodities,
        _spreads_between(draw, [one.code for one in commodities]),
        cap_available_net_option_value=cap,
        is_settlement=draw(st.booleans()),
        session_qualifier=draw(st.sampled_from((None, "early", "final"))),
        currency_conversions=draw(
            st.sampled_from(
                ((), (CurrencyConversion("JPY", "USD", 0.006931), CurrencyConversion("USD", "JPY", 144.28)))
            )
        ),
    )


def _products(draw: Draw, exchange: str, number: int) -> list[Product]:
    """A future, a mini future and options on the future, or some of them; the future's code is the options' too."""
    factor = draw(st.sampled_from((None, 50.0, 0.125, 1e-5, 123_456_789.5)))
    future = product(exchange, f"F{number}", "FUT", contract_value_factor=factor)
    made = [future]
    if draw(st.booleans()):
        made.append(product(exchange, f"M{number}", "FUT", contract_value_factor=5.0))
    if draw(st.booleans()):
        method = draw(st.sampled_from(("EQTY", "FUT")))
        made.append(product(exchange, f"F{number}", "OOF", contract_value_factor=factor or 1.0, value_method=method))
    return made


def _contracts(draw: Draw, family: Product, row: int, products: list[Product], rows: list[dict[str, Any]]) -> None:
    """Contracts of a family, digits chosen for the whole family as a file has them."""
    digits, decimals = draw(st.sampled_from(((5, 0), (5, 2), (8, 0), (8, 3), (5, -2), (8, -1))))
    largest = 10**digits - 1
    loss = _decimal(st.integers(-largest, largest), decimals)
    price = _decimal(st.integers(0, 9_989_999), draw(st.integers(-2, 5)))
    strike = _decimal(st.integers(-99_999, 9_999_999), draw(st.integers(-2, 4)))
    if not family.is_option:
        periods = draw(st.lists(st.sampled_from(MONTHS), min_size=1, max_size=3, unique=True))
        rows += [
            {"product": row, "period": one, **_series(draw), **_contract(draw, family, loss, price)} for one in periods
        ]
        return
    futures = [
        (i, item["period"]) for i, item in enumerate(rows)
        if products[item["product"]].code == family.code and not products[item["product"]].is_option
    ]  # fmt: skip
    for below, month in draw(st.lists(st.sampled_from(futures), max_size=2, unique=True)):
        for period in draw(st.lists(st.sampled_from(MONTHS), min_size=1, max_size=2, unique=True)):
            series = {"product": row, "period": period, "underlying_period": month, "underlying_contract": below}
            series |= _series(draw)
            for right in "CP":
                strikes = draw(st.lists(strike, max_size=2, unique=True))
                rows += [
                    {**series, "right": right, "strike": level, **_contract(draw, family, loss, price)}
                    for level in strikes
                ]


def _series(draw: Draw) -> dict[str, Any]:
    return {
        "delta_scaling_factor": draw(_decimal(st.integers(1, 999_999), 4)),
        "price_scan": draw(st.one_of(st.none(), _decimal(st.integers(0, 99_999), draw(st.integers(-3, 2))))),
        "volatility_scan": draw(st.sampled_from((None, 0.04, 12.5))),
    }


def _contract(
    draw: Draw, one: Product, loss: st.SearchStrategy[float], price: st.SearchStrategy[float]
) -> dict[str, Any]:
    has_array = draw(st.integers(0, 5)) > 0
    return {
        "price": draw(st.one_of(st.none(), price)),
        "contract_value_factor": one.contract_value_factor,
        "losses": draw(st.lists(loss, min_size=16, max_size=16)) if has_array else None,
        "delta": draw(_decimal(st.integers(-99_999, 99_999), 4)),
    }


def _commodity(draw: Draw, code: str, own: list[Product]) -> CombinedCommodity:
    maybe = st.booleans()
    grid = draw(st.sampled_from((None, standard_grid(2.0, 0.35))))
    grids: dict[str, ScenarioGrid] = {} if grid is None else {RATE: grid}
    factors = st.dictionaries(st.sampled_from("MHS"), _decimal(st.integers(1, 999), 2))
    ratios = st.dictionaries(st.sampled_from("MHS"), _decimal(st.integers(1, 9_999), 3))
    return CombinedCommodity(
        clearing_org=ORG,
        code=code,
        currency=draw(st.sampled_from(("USD", "JPY"))),
        groups=draw(st.sampled_from(((), ("EQ",), ("IR",)))),
        risk_exponent=draw(st.integers(0, 3)),
        cap_available_net_option_value=draw(st.sampled_from((None, True, False))),
        weighted_price_risk_method=draw(st.sampled_from((None, "NORMAL", "SCANRANGE_CAP", "SCANRANGE"))),
        short_option_minimum_method=draw(st.sampled_from((None, "GROSS", "MAX"))),
        grids=grids,
        product_links=links(*own, delta_scaling_factor=1.0),
        scan_tiers=_tiers(draw) if draw(maybe) else (),
        intracommodity_tiers=_many_tiers(),
        intercommodity_tiers=_many_tiers(),
        short_option_minimum_tiers=_minimum_tiers(draw),
        spreads=_spreads_inside(draw, code),
        spot_rates=tuple(
            SpotRate(RATE, month, draw(MONEY), draw(MONEY))
            for month in draw(st.lists(st.sampled_from(MONTHS), max_size=3, unique=True))
        ),
        initial_ratios=draw(ratios),
        adjustment_factors=draw(factors),
    )


def _tiers(draw: Draw) -> tuple[Tier, ...]:
    return tuple(Tier(*item) for item in draw(st.lists(st.sampled_from(RANGES), min_size=1, unique=True)))


def _many_tiers() -> tuple[Tier, ...]:
    """More tiers than a record holds."""
    return tuple(Tier(i + 1, f"2026{i + 1:02d}", f"2026{i + 1:02d}") for i in range(7))


def _minimum_tiers(draw: Draw) -> tuple[Tier, ...]:
    tiers = [Tier(*item, rates={RATE: draw(MONEY)}) for item in draw(st.lists(st.sampled_from(RANGES), unique=True))]
    whole = [Tier(0, rates={RATE: draw(MONEY)})] if draw(st.booleans()) else []
    return (*tiers, *whole)


def _spreads_inside(draw: Draw, code: str) -> tuple[SpreadDefinition, ...]:
    """Spreads by series, then by tier, as a file orders them; some with more legs than a record holds."""
    sides = st.sampled_from("AB")
    found = []
    for kind, most in (("period", 6), ("tier", 20)):
        for priority in sorted(draw(st.sets(st.integers(0, 99), max_size=2))):
            count = draw(st.sampled_from((2, 3, 4, most)))
            if kind == "period":
                legs = tuple(
                    SpreadLeg("period", code, draw(sides), draw(_decimal(st.integers(1, 999_999), 4)),
                              period=draw(st.sampled_from(MONTHS)))
                    for _ in range(count)
                )  # fmt: skip
            else:
                legs = tuple(
                    SpreadLeg("tier", code, draw(sides), float(draw(st.integers(1, 99))), tier=draw(st.integers(0, 7)))
                    for _ in range(count)
                )
            found.append(
                SpreadDefinition("intracommodity", "delta", ORG, priority, "F", legs, rates={RATE: draw(MONEY)})
            )
    return tuple(found)


def _spreads_between(draw: Draw, codes: list[str]) -> list[SpreadDefinition]:
    if len(codes) < 2:
        return []
    found = []
    for priority in sorted(draw(st.sets(st.integers(1, 9_999), max_size=3))):
        kind = draw(st.sampled_from(("super", "intercommodity")))
        make = draw(st.sampled_from((_delta_spread, _scanning_spread)))
        found.append(make(draw, codes, priority, kind))
    return found


def _delta_spread(draw: Draw, codes: list[str], priority: int, kind: Any) -> SpreadDefinition:
    is_flat = draw(st.booleans())
    fraction = _decimal(st.integers(0, 9_999_999), 6)
    own_rates = not is_flat and draw(st.booleans())
    count = draw(st.sampled_from((2, 3, 6)))
    legs = tuple(
        SpreadLeg(
            "tier", codes[i % len(codes)], "AB"[i % 2], draw(_decimal(st.integers(1, 9_999_999), 4)),
            tier=draw(st.integers(0, 7)), rates={RATE: draw(fraction)} if own_rates else {},
        )
        for i in range(count)
    )  # fmt: skip
    rate = draw(_decimal(st.integers(0, 9_999_999), 2)) if is_flat else draw(fraction)
    rate = legs[0].rates[RATE] if own_rates else rate
    method = "F" if is_flat else "W"
    return SpreadDefinition(kind, "delta", ORG, priority, method, legs, rates={RATE: rate}, flat_rate_is_credit=is_flat)


def _scanning_spread(draw: Draw, codes: list[str], priority: int, kind: Any) -> SpreadDefinition:
    target_is_leg = draw(st.booleans())
    ratio = _decimal(st.integers(1, 9_999_999), 4)
    sources = [code for code in codes if code != codes[0]]
    legs = [SpreadLeg("tier", code, "A", draw(ratio), tier=0, is_required=draw(st.booleans())) for code in sources]
    target = SpreadLeg("tier", codes[0], "A", draw(ratio), tier=0, is_target=True, is_counted=target_is_leg)
    legs = [target, *legs] if target_is_leg else [*legs, target]
    return SpreadDefinition(
        kind, "scanning", ORG, priority, "W", tuple(legs), rates={RATE: draw(_decimal(st.integers(0, 9_999_999), 6))},
        is_target_required=draw(st.booleans()), legs_required=draw(st.sampled_from((None, 1, 2))),
    )  # fmt: skip
