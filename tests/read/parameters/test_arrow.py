"""Columnar parameter files: a set comes back bit by bit, and nothing that was changed is read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import margin
from margin.model.parameters import ParameterSet, RateArrays
from margin.model.pricing import PRICING_SCHEMA, ContractPricing, PricingRules
from margin.model.problem import InputRefused, Problem, Reason, Severity
from margin.read.parameters._arrow import encode as encoding
from margin.read.parameters._arrow import layout
from margin.read.parameters._arrow.decode import decode
from margin.read.parameters._arrow.encode import encode
from margin.write.parameters import arrow
from tests.market.generate import ALL_FEATURES, MarketSpec, cme_spec, generate_market, nse_spec, spn_text
from tests.read.parameters.same_parameters import assert_same
from tests.read.parameters.test_house import FULL

MARKETS = {
    "nse": nse_spec(),
    "cme": cme_spec(underlyings=4),
    "everything": cme_spec(underlyings=6, features=ALL_FEATURES),
}


@pytest.fixture(params=MARKETS)
def parameters(request: pytest.FixtureRequest, tmp_path: Path) -> ParameterSet:
    return read_market(MARKETS[request.param], tmp_path)


def read_market(spec: MarketSpec, folder: Path) -> ParameterSet:
    path = folder / "market.spn"
    path.write_text(spn_text(generate_market(spec)), "utf-8")
    return margin.read_parameters(path, cache=False)


@cache
def small_file() -> bytes:
    """A columnar file of one commodity."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        found = read_market(nse_spec(underlyings=1, strikes=3), Path(folder))
    return b"".join(arrow.write(found).content)


def written(parameters: ParameterSet, folder: Path) -> Path:
    path = folder / "market.margin"
    path.write_bytes(b"".join(arrow.write(parameters).content))
    return path


def as_from(parameters: ParameterSet, path: Path, origin: str) -> ParameterSet:
    """The set as it is read from a columnar file of it."""
    named = f"{path} (from {origin})"
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return replace(
        parameters,
        sources=tuple(replace(item, path=named, sha256=sha256, format="arrow") for item in parameters.sources),
        problems=tuple(replace(item, file=named) for item in parameters.problems),
    )


def test_a_set_comes_back_as_it_was(parameters: ParameterSet, tmp_path: Path) -> None:
    path = written(parameters, tmp_path)

    assert_same(as_from(parameters, path, "market.spn"), margin.read_parameters(path))


def test_a_house_policy_comes_back(tmp_path: Path) -> None:
    (tmp_path / "house.yaml").write_text(FULL, "utf-8")
    parameters = replace(margin.read_parameters(tmp_path / "house.yaml"), pricing_rules=None)
    path = written(parameters, tmp_path)

    assert parameters.house is not None
    assert_same(as_from(parameters, path, "house.yaml"), margin.read_parameters(path))


def test_warnings_ticks_and_awkward_values_come_back(tmp_path: Path) -> None:
    parameters = read_market(MARKETS["nse"], tmp_path)
    (rate,) = parameters.arrays.values()
    ticks = np.where(np.arange(len(rate.points)) % 2, 12.5, np.nan)
    details = {"found": ("a", 1, None), "expected": ["b", {"c": 0.1}], "hint": "<é\n>"}
    problem = Problem(Reason.SYNTAX, "odd", Severity.WARNING, parameters.sources[0].path, 3, attributes=details)
    parameters = replace(
        parameters,
        problems=(problem, replace(problem, file=None, line=None)),
        arrays=MappingProxyType({"1": replace(rate, losses=-0.0 * rate.losses, tick_values=ticks), "2": rate}),
    )
    found, about = decode(b"".join(encode(parameters, {"a": 1})))

    assert {"a": 1} == about
    assert_same(parameters, found)


def test_every_field_of_a_set_is_written() -> None:
    assert {*encoding.LISTS, *encoding.FRAMES, "arrays", "house", "pricing", "overrides", "derived"} | {
        "pricing_rules"
    } == {f.name for f in fields(ParameterSet)}
    assert {*encoding.array_kinds(has_ticks=True), "scan_ranges"} == {f.name for f in fields(RateArrays)}
    assert {"Tier", "SpreadLeg", "ScenarioPoint", "DeltaPoint", "MonthRates", "ExposureRule"} <= set(encoding.FIELDS)


def test_the_numbers_that_arrays_were_derived_from_come_back() -> None:
    found, _ = decode(small_file())
    frame = pl.DataFrame(
        {name: pl.Series([None] * found.contracts.height, dtype=dtype) for name, dtype in PRICING_SCHEMA.items()}
    ).with_columns(level=pl.Series(range(found.contracts.height), dtype=pl.Float64))
    pricing = decode(b"".join(encode(replace(found, pricing=ContractPricing(frame)))))[0].pricing

    assert pricing is not None
    assert () == pricing.market
    assert_frame_equal(frame, pricing.frame, check_exact=True)


def test_a_set_whose_arrays_are_still_to_be_derived_is_not_written() -> None:
    found, _ = decode(small_file())
    rules = PricingRules({}, {}, np.arange(1), 1, frozenset({"X"}))

    with pytest.raises(InputRefused, match="market data"):
        arrow.write(replace(found, pricing_rules=rules))


def test_an_empty_set_comes_back() -> None:
    full, _ = decode(small_file())
    (rate,) = full.arrays.values()
    empty = replace(
        full,
        contracts=full.contracts.clear(),
        combination_legs=full.combination_legs.clear(),
        arrays=MappingProxyType(
            {"1": RateArrays(rate.losses[:0], rate.composite_delta[:0], rate.points[:0], rate.scan_ranges.clear())}
        ),
        commodities=(),
    )

    assert_same(empty, decode(b"".join(encode(empty)))[0])


def test_a_set_read_and_written_again_is_the_same_set() -> None:
    found, _ = decode(small_file())

    assert_same(found, decode(b"".join(encode(found)))[0])
    assert encode(found) == encode(found)


def test_arrays_cannot_be_written_to() -> None:
    found, _ = decode(small_file())
    (rate,) = found.arrays.values()

    for array in (rate.losses, rate.composite_delta, rate.points):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_names_of_files_are_written_without_their_folders(tmp_path: Path) -> None:
    content = written(read_market(MARKETS["nse"], tmp_path), tmp_path).read_bytes()

    assert str(tmp_path).encode() not in content
    assert b"market.spn" in content


def refusal(content: bytes, folder: Path) -> Problem:
    path = folder / "broken.margin"
    path.write_bytes(content)
    with pytest.raises(InputRefused) as caught:
        margin.read_parameters(path)
    (problem,) = caught.value.problems
    assert str(path) == problem.file
    return problem


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_file_with_any_bit_changed_is_refused(data: st.DataObject) -> None:
    content = bytearray(small_file())
    place = data.draw(st.one_of(st.integers(0, 200), st.integers(0, len(content) - 1)))
    content[place] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(layout.Damaged):
        decode(bytes(content))


@settings(deadline=None, max_examples=40)
@given(st.integers(0, len(small_file()) - 1), st.binary(max_size=70))
def test_a_file_that_was_cut_off_is_refused(length: int, more: bytes) -> None:
    with pytest.raises(layout.Damaged):
        decode(small_file()[:length])
    if more:
        with pytest.raises(layout.Damaged):
            decode(small_file() + more)


def test_a_damaged_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    problem = refusal(small_file()[:-100], tmp_path)

    assert Reason.UNREADABLE == problem.reason
    assert "it was cut off; copy or write it again" in problem.message


def test_a_file_of_another_version_is_refused(tmp_path: Path) -> None:
    content = bytearray(small_file())
    content[8] = 9
    problem = refusal(bytes(content), tmp_path)

    assert Reason.UNKNOWN_FORMAT == problem.reason
    assert (
        "it is of version 9, and version 1 is read; write it again from the clearing house's own file"
        == problem.message
    )


def repacked(change: Any) -> bytes:
    """The small file with its header changed, and the digest of the header made anew."""
    header, blocks = layout.unpack(small_file())
    del header["blocks"]
    change(header)
    return b"".join(layout.pack(header, blocks))


def set_in(*path: Any, value: Any) -> Any:
    def change(header: dict[str, Any]) -> None:
        for step in path[:-1]:
            header = header[step]
        header[path[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        set_in("fields", "Tier", value=[]),
        set_in("objects", value={}),
        set_in("objects", "products", value=None),
        set_in("objects", "products", 0, value=[]),
        set_in("objects", "products", 0, 0, value=5),
        set_in("objects", "products", value=[]),
        set_in("objects", "currencies", 0, 2, value="x"),
        set_in("objects", "commodities", 0, 23, value=[0, 10**9, 1]),
        set_in("objects", "commodities", 0, 23, value=[0, 2, "x"]),
        set_in("objects", "commodities", 0, 23, 2, value=1),
        set_in("shared", value=[]),
        set_in("house", value=[[]]),
        set_in("frames", "contracts", "rows", value=3),
        set_in("frames", "contracts", "rows", value=-1),
        set_in("frames", "contracts", "constants", value={}),
        set_in("frames", "contracts", "constants", "product", value=0),
        set_in("rates", 0, "shapes", "losses", value=[1, 16]),
        set_in("rates", 0, "shapes", "points", value=[]),
        set_in("rates", 0, "shapes", value={}),
        set_in("rates", 0, "scan_ranges", "rows", value=1),
        set_in("rates", value=[{}]),
    ],
)
def test_parts_that_do_not_fit_are_refused(change: Any, tmp_path: Path) -> None:
    refusal(repacked(change), tmp_path)


def test_an_array_with_a_number_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    found, _ = decode(small_file())
    (rate,) = found.arrays.values()
    losses = rate.losses.copy()
    losses[0, 0] = np.inf
    changed = replace(found, arrays=MappingProxyType({"1": replace(rate, losses=losses)}))

    assert "not finite" in refusal(b"".join(arrow.write(changed).content), tmp_path).message


def test_text_that_means_an_infinite_number_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = repacked(set_in("objects", "commodities", 0, 25, value={"S": 1.25e99}))
    loads = json.loads
    monkeypatch.setattr(json, "loads", lambda text: loads(text.replace(b"1.25e+99", b"1e999")))

    assert "initial_ratios hold a number that is not finite" in refusal(content, tmp_path).message


def test_rows_that_are_not_there_are_refused(tmp_path: Path) -> None:
    found, _ = decode(small_file())
    contracts = found.contracts.with_columns(product=found.contracts["product"] + 100)
    content = b"".join(arrow.write(replace(found, contracts=contracts)).content)

    assert "product refers to rows beyond" in refusal(content, tmp_path).message


def test_what_no_file_can_say_is_not_written() -> None:
    found, _ = decode(small_file())
    odd = Problem(Reason.SYNTAX, "odd", attributes={"found": object()})

    with pytest.raises(InputRefused):
        arrow.write(replace(found, problems=(odd,)))


def test_another_session_is_refused(tmp_path: Path) -> None:
    (tmp_path / "market.margin").write_bytes(small_file())

    margin.read_parameters(tmp_path / "market.margin", session="settlement")
    with pytest.raises(InputRefused, match="intraday"):
        margin.read_parameters(tmp_path / "market.margin", session="intraday")


def test_figures_are_those_of_the_file_it_was_written_from(parameters: ParameterSet, tmp_path: Path) -> None:
    from tests.market.position_files import write_csv
    from tests.market.positions import generate_positions

    spec = next(spec for spec in MARKETS.values() if spec.clearing_org == parameters.clearing_orgs[0].code)
    write_csv(generate_positions(generate_market(spec), 4, 60, seed=3), tmp_path / "positions.csv")
    positions = margin.read_positions(tmp_path / "positions.csv")
    again = margin.read_parameters(written(parameters, tmp_path))

    expected, actual = margin.calculate(parameters, positions), margin.calculate(again, positions)
    assert expected.accounts.equals(actual.accounts, null_equal=True)
    assert expected.commodities.equals(actual.commodities, null_equal=True)
    assert expected.spreads.equals(actual.spreads, null_equal=True)
