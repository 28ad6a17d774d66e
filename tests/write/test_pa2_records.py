"""Records of expanded unpacked files, against lines that CME published."""

from __future__ import annotations

import pytest

from margin.model.parameters import (
    CombinedCommodity,
    CurrencyConversion,
    ParameterSet,
    PerformanceBondRate,
    SpotRate,
    SpreadDefinition,
    SpreadLeg,
    Tier,
)
from margin.write.parameters.pa2 import write
from tests.write.pa2_sets import ORG, RATE, columns, links, parameter_set, product

# Lines of CME's files of 2025-06-20 and of August 2018, right-trimmed.
REAL_LINES = (
    "T CLPCUSD$0000001063",
    "2 CBT 26    0USD$PN   26        FUT   26        OOF   59        OOF   WT1       OOF   VT1       OOF   "
    "GT1       OOF",
    "S 07    20020120250720250702202508202812                                          2",
    "3 06    1001202507202507022025082025080320250920250904202510202511  100010001100",
    "C 06    1001030000100011401A021502B031601A",
    "E 17    0000100002502509   010000A2512   020000B2603   010000A",
    "4 YM    10010120250600000010000000                            00001701001001001",
    "5 CME       06    07    14    31    3CC   71    76    7CC   AUW   BCF",
    "6 ALL00010980000NYMNNY-HH 0010000ANYMNNY-HP 0010000B                                    "
    "04NYMNNY-NG          S00100000001",
    "81CBT06        06        FUT 202507            000000000000+00000+00567-00567-00567+00567+01133-01133-01133+"
    "00000000284100N",
    "82CBT06        06        OOFC202507   202507   000014500000+00000+00000+00000+00000+00000+00000+00000+"
    "002500000139100++10000+C",
    "81NYMNG        NG        FUT 201810            000000000000+00000+00367-00367-00367+00367+00733-00733-00733+"
    "00000000280500N",
    "81NYMON        NG        OOFC201810   201810   000275000087-00100+00314-00133-00123+00311+00558-00386-00314+"
    "00000000000820N",
    "81NYMON        NG        OOFP201810   201810   000275000087-00100+00053+00233+00244-00055-00175+00347+00420-"
    "00000000000420N",
)

# Of these, the model does not keep everything: columns that it does keep.
REAL_FIELDS = {
    "0 CME   20250620SE     202506201407U2YNCLR        C CUST  H HEDGE 1 CORE  M MAINT": ((1, 37), (39, 81)),
    "1 CBT  01": ((1, 5),),
    "P CBT06        OOFSOYBEAN MEAL OP003000  000010000000000000000001USD$STD 00AMERSOYBEAN MEAL OPTIONS Long dated    "
    "YFEQTY DELIV                 0000001000000000  ": ((1, 63), (66, 114), (117, 126)),
    "B NYMNG        FUT201810            000000000900000001100030000330000000021643800000001000020180926NG          "
    "00000000         0010000000000000 00 00 010000000000P 00 ": ((1, 67), (73, 79), (86, 91), (100, 109), (164, 164)),
    "B NYMON        OOF201810   201810   002093720900000001100030000330000000021369900000001000020180925NG        M "
    "00000000N0280500+0010000000000000 00 00 010000000000P 00 ": ((1, 67), (73, 79), (86, 91), (100, 111), (164, 164)),
}


def test_records_are_cmes_own_to_the_byte() -> None:
    lines = _lines()

    assert [line for line in REAL_LINES if line not in lines] == []


@pytest.mark.parametrize("real", REAL_FIELDS, ids=lambda line: line[:16])
def test_fields_that_the_model_keeps_are_cmes_own(real: str) -> None:
    (written,) = (
        line for line in _lines() if line[:24].split() == real[:24].split() or line[:5] == real[:5] == "1 CBT"
    )

    for first, last in REAL_FIELDS[real]:
        assert columns(real, first, last) == columns(written, first, last), (first, last)


def _lines() -> list[str]:
    content = b"".join(write(_real_set()).content).decode("ascii")
    return content.splitlines()


def _tier_leg(commodity: str, tier: int, side: str, ratio: float = 1.0, **facts: object) -> SpreadLeg:
    return SpreadLeg("tier", commodity, side, ratio, tier=tier, **facts)  # type: ignore[arg-type]


def _real_set() -> ParameterSet:
    """What the real lines say, with the rest of each array made up."""
    meal = product("CBT", "06", "FUT", price_decimals=3)
    meal_options = product(
        "CBT", "06", "OOF", name="SOYBEAN MEAL OPTIONS Long dated", price_decimals=3, strike_decimals=0,
        contract_value_factor=100.0, cabinet_value=0.0, price_method="STD", exercise="AMER", settlement_method="DELIV",
    )  # fmt: skip
    gas = product("NYM", "NG", "FUT", price_decimals=5, contract_value_factor=10_000.0)
    gas_options = product("NYM", "ON", "OOF", price_decimals=4, strike_decimals=3, price_model="M")
    note = [product("CBT", "26", "FUT"), *(product("CBT", one, "OOF") for one in ("26", "59", "WT1", "VT1", "GT1"))]
    dow = product("CBT", "YM", "FUT")
    hubs = [product("NYM", code, "FUT") for code in ("HH", "HP", "NN")]
    products = [meal, meal_options, gas, gas_options, *note, dow, *hubs]
    up, down = [0.0, 0.0, -367.0, -367.0, 367.0, 367.0, -733.0, -733.0, 733.0], [0.0] * 7
    future = {"period": "202507", "price": 284.1, "delta": 1.0}
    series = {"right": "C", "underlying_contract": 1, "volatility_scan_percent": 9.0, "price_scan": 1100.0}
    on = {"product": 3, "period": "201810", "underlying_period": "201810", "strike": 2.75, **series}
    on |= {"volatility": 0.209372, "time_to_expiry": 0.213699}
    rows = [
        {"product": 0, **future, "losses": [0, 0, -567, -567, 567, 567, -1133, -1133, 1133, *down]},
        {
            "product": 2, "period": "201810", "price": 2.805, "losses": up + down, "volatility": 0.0,
            "volatility_scan_percent": 9.0, "price_scan": 1100.0, "time_to_expiry": 0.216438,
        },
        {
            "product": 1, "period": "202507", "underlying_period": "202507", "underlying_contract": 0, "right": "C",
            "strike": 145.0, "price": 139.1, "volatility": 0.25, "current_delta": 1.0, "delta": 0.0,
            "losses": [0.0] * 16,
        },
        {**on, "price": 0.082, "losses": [-87, 100, -314, -133, 123, 311, -558, -386, 314, *down]},
        {**on, "right": "P", "price": 0.042, "losses": [-87, 100, 53, 233, -244, -55, 175, 347, -420, *down]},
    ]  # fmt: skip
    return parameter_set(
        products,
        rows,
        _commodities(products),
        [_crack_spread()],
        session_qualifier="early",
        currency_conversions=(CurrencyConversion("CLP", "USD", 0.001063),),
        rates=(PerformanceBondRate(RATE, True, "H", True, "CORE"),),
    )


def _commodities(products: list) -> list[CombinedCommodity]:
    def commodity(code: str, *of: int, **facts: object) -> CombinedCommodity:
        return CombinedCommodity(ORG, code, "USD", product_links=links(*(products[i] for i in of)), **facts)  # type: ignore[arg-type]

    def spread(code: str, charge: float, *legs: SpreadLeg) -> tuple[SpreadDefinition, ...]:
        return (SpreadDefinition("intracommodity", "delta", ORG, 1, "F", legs, {RATE: charge}),)

    months = (("202507", "202507"), ("202508", "202508"), ("202509", "202509"), ("202510", "202511"))
    ratios = {"M": 1.0, "H": 1.0, "S": 1.1}
    series = [
        SpreadLeg("period", "17", "A" if i != 1 else "B", 1.0 + (i == 1), period=period)
        for i, period in enumerate(("202509", "202512", "202603"))
    ]
    butterfly = (_tier_leg("06", 14, "A"), _tier_leg("06", 15, "B", 2.0), _tier_leg("06", 16, "A"))
    inter = (Tier(1, "202507", "202507"), Tier(2, "202508", "202812"))
    described = {
        "06": commodity(
            "06", 0, 1, groups=("CME",), initial_ratios=ratios, spreads=spread("06", 100.0, *butterfly),
            intracommodity_tiers=tuple(Tier(i, *months) for i, months in enumerate(months, 1)),
        ),
        "07": commodity(
            "07", groups=("CME",), intercommodity_tiers=inter, weighted_price_risk_method="SCANRANGE_CAP"
        ),
        "17": commodity("17", spreads=spread("17", 250.0, *series)),
        "26": commodity("26", *range(4, 10)),
        "NG": commodity("NG", 2, 3),
        "YM": commodity(
            "YM", 10, spot_rates=(SpotRate(RATE, "202506", 1.0, 0.0),), short_option_minimum_method="MAX",
            short_option_minimum_tiers=(Tier(0, rates={RATE: 170.0}),), adjustment_factors=dict.fromkeys("MHS", 1.0),
        ),
    }  # fmt: skip
    grouped = ["06", "07", "14", "31", "3CC", "71", "76", "7CC", "AUW", "BCF"]
    plain = [commodity(code, groups=("CME",)) for code in grouped if code not in described]
    gas = [commodity(code, *of) for code, of in (("NY-HH", (11,)), ("NY-HP", (12,)), ("NY-NG", (13,)))]
    every = {one.code: one for one in [*described.values(), *plain, *gas]}
    order = [*grouped, *(code for code in every if code not in grouped)]
    return [every[code] for code in order]


def _crack_spread() -> SpreadDefinition:
    """The scanning-based super spread of the real line, whose target is none of its legs."""
    return SpreadDefinition(
        "super", "scanning", ORG, 1, "W",
        (
            _tier_leg("NY-HH", 0, "A"), _tier_leg("NY-HP", 0, "B"),
            _tier_leg("NY-NG", 0, "A", is_target=True, is_counted=False),
        ),
        {RATE: 0.98}, legs_required=1,
    )  # fmt: skip
