"""Generated markets are deterministic, well-formed, rightly signed, and priced without arbitrage."""

from __future__ import annotations

import datetime as dt
import gzip
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.market.dates import nth_weekday
from tests.market.generate import (
    ALL_FEATURES,
    CORE_FEATURES,
    Feature,
    MarketSpec,
    cme_spec,
    generate_market,
    nse_full_size,
    nse_spec,
    spn_text,
    write_spn,
)
from tests.market.model import Family, Market
from tests.market.schema_order import order_faults

SCHEMA_VARIABLE = "MARGIN_SPAN_XSD"

PLAIN: frozenset[Feature] = frozenset()
SHAPES = {
    "nse": nse_spec(),
    "nse-plain": nse_spec(features=PLAIN),
    "nse-all": nse_spec(features=ALL_FEATURES, long_expiries=6, futures_only=1),
    "nse-expiry-day": replace(nse_spec(), business_date=dt.date(2026, 6, 30)),
    "cme": cme_spec(),
    "cme-plain": cme_spec(features=PLAIN),
    "cme-all": cme_spec(features=ALL_FEATURES, underlyings=12),
    "cme-one": cme_spec(features=ALL_FEATURES, underlyings=1, expiries=1),
} | {f"cme-{feature}": cme_spec(features=CORE_FEATURES | {feature}, strikes=3) for feature in Feature}


@pytest.fixture(params=SHAPES, scope="module")
def market(request: pytest.FixtureRequest) -> Market:
    return generate_market(SHAPES[request.param])


def options_of(market: Market) -> list[Family]:
    return [family for family in market.families if family.is_option]


def array_unit(market: Market, family: Family) -> float:
    """Money of one unit of a family's arrays."""
    exponents = {commodity.code: commodity.risk_exponent for commodity in market.commodities}
    return 10.0 ** exponents[family.commodity]


def test_an_equal_spec_gives_the_same_text_and_another_seed_another() -> None:
    assert spn_text(generate_market(nse_spec(seed=5))) == spn_text(generate_market(nse_spec(seed=5)))
    assert spn_text(generate_market(nse_spec(seed=5))) != spn_text(generate_market(nse_spec(seed=6)))


def test_children_stand_in_the_order_of_the_schema(market: Market) -> None:
    root = ET.fromstring(spn_text(market))

    assert order_faults(root) == []


def test_the_order_check_finds_a_misplaced_and_an_unknown_child() -> None:
    root = ET.fromstring("<undPf><pfId>1</pfId><exch>NSE</exch><pfKind>x</pfKind></undPf>")

    assert order_faults(root) == ["undPf: exch stands after pfId", "undPf: unknown child pfKind"]


@pytest.mark.skipif(SCHEMA_VARIABLE not in os.environ, reason=f"{SCHEMA_VARIABLE} names no schema file")
def test_files_are_valid_against_the_published_schema(market: Market) -> None:
    etree = pytest.importorskip("lxml.etree")

    schema = etree.XMLSchema(etree.parse(os.environ[SCHEMA_VARIABLE]))

    schema.assertValid(etree.fromstring(spn_text(market).encode("ascii")))


def test_every_reference_inside_a_file_is_resolved(market: Market) -> None:
    contracts = {family.id: len(family.contracts) for family in market.families}
    commodities = {commodity.code for commodity in market.commodities}

    assert len(contracts) == len(market.families)
    for family in market.families:
        if family.underlying:
            assert int(family.contracts.underlying_contract.max(initial=1)) <= contracts[family.underlying]
    for commodity in market.commodities:
        assert {commodity.code} == {market.family(link.family).commodity for link in commodity.links}
        for spread in (*commodity.spreads, *market.inter_spreads, *market.super_spreads):
            assert {leg.commodity for leg in spread.legs} <= commodities


def test_puts_and_calls_are_in_parity_with_the_underlying(market: Market) -> None:
    for family in options_of(market):
        contracts = family.contracts
        calls, puts = slice(0, None, 2), slice(1, None, 2)
        below = market.family(family.underlying).contracts.price[contracts.underlying_contract - 1][calls]
        discount = np.exp(-family.interest_rate * contracts.years[calls])
        strike = contracts.strike[calls] * discount
        level = below if family.is_spot_model else below * discount
        np.testing.assert_array_equal(contracts.strike[calls], contracts.strike[puts])
        rounding = 2 * 10.0**-family.price_decimals
        np.testing.assert_allclose(contracts.price[calls] - contracts.price[puts], level - strike, atol=rounding)


def test_a_long_future_loses_when_the_price_falls_and_gains_when_it_rises(market: Market) -> None:
    moves = np.array([point.price_move for point in market.grid.scenarios])
    for family in (family for family in market.families if family.type == "FUT"):
        for losses in family.contracts.losses.values():
            assert (losses[:, moves < 0] > 0).all()
            assert (losses[:, moves > 0] < 0).all()


def test_a_future_moves_by_its_scan_range_and_by_its_cover_at_the_extremes() -> None:
    market = generate_market(cme_spec(features=PLAIN))
    family = next(family for family in market.families if family.type == "FUT")
    scan = family.contracts.price_scan["1"]

    np.testing.assert_array_equal(scan, family.contracts.losses["1"][:, 12])
    np.testing.assert_allclose(family.contracts.losses["1"][:, 15], 2 * 0.35 * scan, atol=0.5)
    np.testing.assert_array_equal(family.contracts.losses["1"][:, 14], -family.contracts.losses["1"][:, 15])


def test_a_long_option_never_loses_more_than_its_value(market: Market) -> None:
    for family in options_of(market):
        factor = family.contract_value_factor / array_unit(market, family)
        value = family.contracts.price * factor
        rounding = 0.5 * 10.0**-family.array_decimals + 0.5 * 10.0**-family.price_decimals * factor
        for losses in family.contracts.losses.values():
            assert (losses.max(axis=1) <= value + rounding + 1e-9).all()


def test_composite_deltas_have_the_sign_of_the_right_and_stay_within_one(market: Market) -> None:
    for family in market.families:
        for delta in family.contracts.composite_delta.values():
            assert (np.abs(delta) <= 1.0).all()
            if family.is_option:
                assert (delta[family.contracts.is_call] >= 0).all()
                assert (delta[~family.contracts.is_call] <= 0).all()
            else:
                assert (delta == 1.0).all()


def test_what_is_written_is_what_the_market_holds(market: Market) -> None:
    root = ET.fromstring(spn_text(market))
    written = {
        (int(family.findtext("pfId", "")), int(contract.findtext("cId", ""))): (
            [[float(a.text or "nan") for a in ra.iter("a")] for ra in contract.iter("ra")],
            [float(ra.findtext("d", "nan")) for ra in contract.iter("ra")],
            float(contract.findtext("p", "nan")),
        )
        for tag in ("phyPf", "futPf", "oopPf", "oofPf")
        for family in root.iter(tag)
        for contract in (*family.iter("phy"), *family.iter("fut"), *family.iter("opt"))
    }
    for family in market.families:
        contracts = family.contracts
        for row in range(len(contracts)):
            losses, deltas, price = written.pop((family.id, row + 1))
            assert [one[row].tolist() for one in contracts.losses.values()] == losses
            assert [one[row] for one in contracts.composite_delta.values()] == deltas
            assert contracts.price[row] == price
    assert written == {}


def test_no_number_is_written_as_negative_zero_or_in_scientific_notation(market: Market) -> None:
    root = ET.fromstring(spn_text(market))
    values = [element.text or "" for tag in ("a", "d", "p", "k", "val", "priceScan") for element in root.iter(tag)]

    assert [text for text in values if "e" in text.lower() or (text.startswith("-") and float(text) == 0.0)] == []


def test_compressed_files_hold_the_same_text_and_are_the_same_every_time(tmp_path: Path) -> None:
    market = generate_market(nse_spec(underlyings=2, strikes=2))
    plain = write_spn(market, tmp_path / "x.spn").read_bytes()
    zipped = [write_spn(market, tmp_path / folder).read_bytes() for folder in ("x.spn.gz", "y.spn.gz")]
    archives = [write_spn(market, tmp_path / "x.zip").read_bytes() for _ in range(2)]

    assert plain == gzip.decompress(zipped[0])
    assert zipped[0] == zipped[1]
    assert archives[0] == archives[1]
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        assert archive.namelist() == ["x.spn"]
        assert plain == archive.read("x.spn")


def test_indentation_and_line_ends_change_nothing_but_white_space() -> None:
    market = generate_market(nse_spec(underlyings=1, strikes=1))
    texts = [spn_text(market), spn_text(market, indent=True), spn_text(market, newline="\r\n")]

    assert len({"".join(line.strip() for line in text.splitlines()) for text in texts}) == 1
    assert texts[2].count("\r\n") == texts[2].count("\n")


def test_the_full_size_has_the_counts_of_the_real_file() -> None:
    market = generate_market(nse_full_size())
    types = dict(market.contracts.group_by("type").len().iter_rows())
    families = [family.type for family in market.families]

    assert {type_: families.count(type_) for type_ in set(families)} == {"PHY": 239, "FUT": 239, "OOP": 221}
    assert types["OOP"] == 158_713
    assert len(market.commodities[0].spreads) == 153


@settings(max_examples=20, deadline=None)
@given(
    shape=st.sampled_from([nse_spec, cme_spec]),
    seed=st.integers(0, 2**32),
    underlyings=st.integers(1, 14),
    expiries=st.integers(1, 6),
    weekly=st.integers(0, 4),
    options=st.integers(0, 400),
    features=st.frozensets(st.sampled_from(list(Feature))),
)
def test_a_spec_of_any_size_gives_exactly_its_options_in_a_valid_order(
    shape: Callable[..., MarketSpec],
    seed: int,
    underlyings: int,
    expiries: int,
    weekly: int,
    options: int,
    features: frozenset[Feature],
) -> None:
    market = generate_market(
        shape(
            seed=seed,
            underlyings=underlyings,
            expiries=expiries,
            weekly_expiries=weekly,
            options=options,
            features=features,
        )
    )

    assert options == sum(len(family.contracts) for family in options_of(market))
    assert order_faults(ET.fromstring(spn_text(market))) == []


IMPOSSIBLE = {
    "unknown market shape": replace(cme_spec(), shape="lme"),
    "at least one": cme_spec(underlyings=0),
    "one expiry": nse_spec(expiries=0),
    "reach zero": cme_spec(underlyings=7, strikes=2_000_000),
    "no underlying has option expiries": nse_spec(futures_only=6, options=10),
}


@pytest.mark.parametrize("reason", IMPOSSIBLE)
def test_an_impossible_spec_is_refused(reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        generate_market(IMPOSSIBLE[reason])


def test_weekdays_of_a_month_count_from_both_ends() -> None:
    assert dt.date(2026, 6, 30) == nth_weekday(2026, 6, 1, -1)
    assert dt.date(2026, 12, 29) == nth_weekday(2026, 12, 1, -1)
    assert dt.date(2026, 9, 18) == nth_weekday(2026, 9, 4, 3)
