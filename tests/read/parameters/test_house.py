"""House configuration: what a document becomes, and how its faults are reported."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.model.contract import CONTRACT_SCHEMA, SCAN_RANGE_SCHEMA
from margin.model.house import QuantityUnit, Rounding
from margin.model.parameters import ParameterSet
from margin.model.problem import Faults, InputRefused, Problem, Reason
from margin.model.scenario import standard_grid
from margin.read.parameters import house
from margin.read.source import Source, open_source
from margin.read.strict_yaml import load_yaml

HEAD = """format: margin-parameters
version: 1
clearing_org: CME
business_date: 1997-06-30
"""
FIVE = (
    HEAD
    + """currency: USD
scenario_grid: {standard: {extreme_move: 3, cover: 0.33}}
contracts:
  - {id: SPF, commodity: SP, type: FUT, period: 199712, price_scan_range: 10000}
"""
)
# McMillan, Options as a Strategic Investment, ch. 34, p. 668 and 670; signs reversed (loss positive).
FUTURE = "[0, 0, -3330, -3330, 3330, 3330, -6670, -6670, 6670, 6670, -10000, -10000, 10000, 10000, -7000, 7000]"
CALL = "[-460, 610, -2640, -1730, 1270, 2340, -5210, -4540, 2540, 3430, -8060, -7640, 3380, 3990, -3130, 1500]"

FULL = f"""format: margin-parameters
version: 1
clearing_org: EX
name: Example Clearing
business_date: 2026-06-25
exchange: XEX
currency: USD
currencies: [{{code: USD, decimals: 2, symbol: $}}, {{code: JPY, decimals: 0}}]
conversions: [{{from_currency: JPY, to_currency: USD, factor: 0.0064}}]
account_types:
  - {{code: H, customer: true, net: true, name: hedger}}
  - {{code: O, customer: false, net: false}}
scenario_grid: {{standard: {{extreme_move: 2, cover: 0.35}}}}
cap_available_net_option_value: true
commodities:
  - code: SP
    name: Index
    groups: [EQUITY]
    weighted_price_risk_method: SCANRANGE_CAP
    cap_available_net_option_value: false
    products:
      - {{code: ES, type: FUT, delta_scaling_factor: 0.2, name: mini, contract_value_factor: 50}}
      - {{code: ES, type: OOF, value_method: EQTY, contract_value_factor: 50}}
    scan_tiers: [{{tier: 1, first_period: 202609, last_period: 2026-12-31}}]
    intracommodity_tiers: [{{tier: 1, last_period: 202609}}, {{tier: 2, first_period: 202612}}]
    intercommodity_tiers: [{{tier: 3}}]
    short_option_minimum: {{method: MAX, tiers: [{{tier: 1, rate: 50}}]}}
    spot_charges: [{{period: 202609, spread_rate: 5, outright_rate: 40}}]
    intracommodity_spreads:
      - {{priority: 2, method: F, rate: 100, legs: [{{tier: 1, side: A, ratio: 1}}, {{tier: 2, side: B, ratio: 2}}]}}
      - {{priority: 1, method: W, rate: 0.5,
         legs: [{{period: 202609, side: A, ratio: 1}}, {{tier: 0, side: B, ratio: 1}}]}}
    initial_ratios: {{H: 1.1}}
    adjustment_factors: {{O: 1.2}}
  - {{code: NK, currency: JPY, weighted_price_risk_method: NORMAL, short_option_minimum: {{method: GROSS, rate: 7}}}}
contracts:
  - {{commodity: SP, product: ES, type: FUT, period: 2026-09, price_scan_range: 100, delta_scaling_factor: 2}}
  - {{commodity: SP, product: ES, type: OOF, period: 202608W1, underlying_period: 20260900, right: C, strike: 5000.5,
     price: 12.25, composite_delta: 0.4, losses: {CALL}}}
  - {{id: N, commodity: NK, exchange: OSE, type: FUT, period: 202609, losses: {FUTURE}}}
spreads:
  - {{kind: super, priority: 1, method: W, rate: 0.6,
     legs: [{{commodity: SP, tier: 3, side: A, ratio: 2}}, {{commodity: NK, side: B, ratio: 1, rate: 0.4}}]}}
  - {{kind: intercommodity, priority: 1, method: F, rate: 10, flat_rate_is: credit,
     legs: [{{commodity: SP, side: A, ratio: 1}}, {{commodity: NK, side: B, ratio: 1}}]}}
  - {{kind: intercommodity, form: scanning, priority: 2, rate: 0.8, legs_required: 2, target_required: true,
     legs: [{{commodity: SP, target: true, ratio: 1}}, {{commodity: NK, required: true, ratio: 1}}]}}
  - {{kind: interclearing, priority: 1, method: W, rate: 0.3,
     legs: [{{commodity: SP, side: A, ratio: 1}}, {{commodity: ZZ, clearing_org: OTHER, side: B, ratio: 1}}]}}
house:
  quantity_unit: lots
  lot_sizes: {{ES: 5}}
  rounding: {{maintenance: {{decimals: 0, mode: half_away}}}}
  initial_ratios: {{H: 1.3}}
"""


def source_of(text: str | bytes, path: str = "house.yaml") -> Source:
    content = text.encode() if isinstance(text, str) else text
    return Source(path=path, name=Path(path).name, content=content, digest="0" * 64)


def read(text: str) -> ParameterSet:
    return house.read(source_of(text))


def problems_of(text: str | Source) -> list[Problem]:
    with pytest.raises(InputRefused) as refused:
        house.read(text if isinstance(text, Source) else source_of(text))
    assert refused.value.total == len(refused.value.problems)
    return list(refused.value.problems)


def only_problem(text: str) -> Problem:
    problems = problems_of(text)

    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


def document(commodities: str = "", contracts: str = "", rest: str = "", grid: str | None = None) -> str:
    grid = "{standard: {extreme_move: 3, cover: 0.33}}" if grid is None else grid
    contracts = contracts or "- {commodity: A, type: FUT, period: 199712, price_scan_range: 100}"
    listed = f"commodities:\n  {commodities}\n" if commodities else ""
    return f"{HEAD}currency: USD\nscenario_grid: {grid}\n{listed}contracts:\n  {contracts}\n{rest}"


# ---- what a document becomes


@pytest.mark.parametrize(("name", "known"), [("a.yaml", True), ("A.YML", True), ("a.spn", False), ("yaml", False)])
def test_documents_are_recognised_by_name(name: str, known: bool) -> None:
    assert known is house.recognise(Source("x", name, b"", ""))


def test_a_few_lines_make_a_parameter_set() -> None:
    parameters = read(FIVE)
    source = parameters.sources[0]

    assert (
        source.path,
        source.sha256,
        source.format,
        source.clearing_org,
        source.business_date,
        source.session,
    ) == ("house.yaml", "0" * 64, "house", "CME", "1997-06-30", "settlement")
    assert [commodity.code for commodity in parameters.commodities] == ["SP"]
    assert parameters.contracts.schema == CONTRACT_SCHEMA
    row = parameters.contracts.row(0, named=True)
    assert (
        row["product"],
        row["contract_id"],
        row["period"],
        row["underlying_period"],
        row["delta_scaling_factor"],
        row["line"],
    ) == (0, "SPF", "199712", None, 1.0, 8)
    product, link = parameters.products[0], parameters.commodities[0].product_links[0]
    assert (
        product.clearing_org,
        product.exchange,
        product.code,
        product.type,
        product.currency,
        product.value_method,
    ) == ("CME", "CME", "SP", "FUT", "USD", "FUT")
    assert (product.exchange, product.product_id, product.type) == (link.exchange, link.product_id, link.type)
    assert (parameters.house, parameters.account_types, parameters.spreads) == (None, (), ())
    assert standard_grid(3.0, 0.33) == parameters.clearing_orgs[0].grids["1"]
    assert parameters.arrays["1"].composite_delta[0] == 1.0


def test_losses_follow_exactly_from_a_price_scan_range() -> None:
    # JSCC range 1,750 with 3 x 0.33: 1732.5 exactly, where doubles multiply to 1732.5000000000002.
    losses = read(FIVE.replace("10000", "1750")).arrays["1"].losses

    third = 1750 / 3
    expected = [0, 0, -third, -third, third, third, -2 * third, -2 * third, 2 * third, 2 * third]
    assert [*expected, -1750, -1750, 1750, 1750, -1732.5, 1732.5] == losses[0].tolist()
    assert not np.signbit(losses[0, :2]).any()


def test_explicit_losses_win_over_a_scan_range_which_stays_published() -> None:
    parameters = read(FIVE.replace("price_scan_range", f"losses: {FUTURE}, price_scan_range"))

    assert [parameters.arrays["1"].losses[0, -1], parameters.arrays["1"].losses[0, 12]] == [7000.0, 10000.0]
    assert parameters.arrays["1"].scan_ranges["price_scan"][0] == 10000.0
    assert parameters.arrays["1"].scan_ranges.schema == SCAN_RANGE_SCHEMA


def test_a_listed_grid_takes_fractions_and_pairs() -> None:
    grid = (
        "{points: [{price_move: 1/3, volatility_move: 1, weight: 1, pair: 2}, "
        "{price_move: 1/3, volatility_move: -1, weight: 1, pair: 1}, "
        "{price_move: -2, volatility_move: 0, weight: 0.5}]}"
    )
    parameters = read(document(grid=grid, contracts="- {commodity: A, type: FUT, period: 1, price_scan_range: 0.3}"))

    assert parameters.arrays["1"].losses[0].tolist() == [-0.1, -0.1, 0.3]
    assert parameters.clearing_orgs[0].grids["1"].pairs.tolist() == [1, 0, 2]


def test_commodities_may_have_scenarios_of_their_own() -> None:
    own = "{points: [{price_move: 1, volatility_move: 0, weight: 1}, {price_move: -1, volatility_move: 0, weight: 1}]}"
    parameters = read(
        document(
            commodities=f"[{{code: A, scenario_grid: {own}}}, {{code: B}}]",
            contracts="[{commodity: A, type: FUT, period: 1, losses: [5, -5]}, "
            "{commodity: B, type: FUT, period: 1, price_scan_range: 100}]",
        )
    )
    arrays = parameters.arrays["1"]

    assert arrays.points.tolist() == [2, 16]
    assert arrays.losses.shape == (2, 16)
    assert arrays.losses[0, :3].tolist() == [5.0, -5.0, 0.0]
    assert list(parameters.commodities[0].grids) == ["1"]
    assert list(parameters.commodities[1].grids) == []


def test_every_part_of_a_document_reaches_the_model() -> None:
    parameters = read(FULL)
    org, (sp, nk) = parameters.clearing_orgs[0], parameters.commodities

    assert (
        org.cap_available_net_option_value,
        org.option_delta_method,
        org.name,
    ) == (True, "PERIOD", "Example Clearing")
    assert [(item.from_currency, item.to_currency, item.factor) for item in org.currency_conversions] == [
        ("JPY", "USD", 0.0064)
    ]
    assert [(c.code, c.symbol, c.decimals) for c in parameters.currencies] == [("USD", "$", 2), ("JPY", None, 0)]
    assert [(kind.code, kind.is_customer, kind.is_net_margin, kind.priority) for kind in parameters.account_types] == [
        ("H", True, True, 1),
        ("O", False, False, 2),
    ]
    assert (
        sp.cap_available_net_option_value,
        sp.weighted_price_risk_method,
        sp.groups,
        sp.currency,
    ) == (False, "SCANRANGE_CAP", ("EQUITY",), "USD")
    assert [(tier.number, tier.start, tier.end) for tier in sp.scan_tiers] == [(1, "202609", "20261231")]
    assert [(tier.start, tier.end) for tier in sp.intracommodity_tiers] == [(None, "202609"), ("202612", None)]
    assert (
        sp.short_option_minimum_method,
        dict(sp.short_option_minimum_tiers[0].rates),
    ) == ("MAX", {"1": 50.0})
    assert (
        nk.short_option_minimum_method,
        nk.short_option_minimum_tiers[0].number,
        dict(nk.short_option_minimum_tiers[0].rates),
    ) == ("GROSS", 0, {"1": 7.0})
    assert [(rate.rate_id, rate.period, rate.spread_rate, rate.outright_rate) for rate in sp.spot_rates] == [
        ("1", "202609", 5.0, 40.0)
    ]
    assert [(spread.priority, spread.charge_method, spread.rates["1"]) for spread in sp.spreads] == [
        (2, "F", 100.0),
        (1, "W", 0.5),
    ]
    assert [(leg.kind, leg.tier, leg.period) for leg in sp.spreads[1].legs] == [
        ("period", None, "202609"),
        ("tier", 0, None),
    ]
    assert (dict(sp.initial_ratios), dict(sp.adjustment_factors)) == ({"H": 1.1}, {"O": 1.2})
    assert [link.delta_scaling_factor for link in sp.product_links] == [0.2, 1.0]
    assert [(p.exchange, p.type) for p in parameters.products] == [("XEX", "FUT"), ("XEX", "OOF"), ("OSE", "FUT")]
    assert [p.currency for p in parameters.products if p.code == "NK"] == ["JPY"]
    future, option, nikkei = parameters.contracts.iter_rows(named=True)
    assert (
        future["period"],
        future["delta_scaling_factor"],
        future["contract_value_factor"],
        future["contract_id"],
    ) == ("202609", 2.0, 50.0, "XEX ES FUT 202609")
    assert tuple(
        option[name] for name in ("period", "underlying_period", "right", "strike", "price", "contract_value_factor")
    ) == ("202608W1", "202609", "C", 5000.5, 12.25, 50.0)
    assert option["contract_id"] == "XEX ES OOF 202608W1 202609 C 5000.5"
    assert nikkei["contract_id"] == "N"
    assert parameters.arrays["1"].composite_delta.tolist() == [1.0, 0.4, 1.0]
    super_spread, flat, scanning, away = parameters.spreads
    assert (
        super_spread.kind,
        super_spread.form,
        super_spread.charge_method,
        dict(super_spread.rates),
    ) == ("super", "delta", "W", {"1": 0.6})
    assert [(leg.tier, leg.side, leg.ratio, dict(leg.rates)) for leg in super_spread.legs] == [
        (3, "A", 2.0, {}),
        (0, "B", 1.0, {"1": 0.4}),
    ]
    assert (flat.flat_rate_is_credit, flat.charge_method) == (True, "F")
    assert (
        scanning.form,
        scanning.legs_required,
        scanning.is_target_required,
        [leg.is_target for leg in scanning.legs],
        [leg.is_required for leg in scanning.legs],
    ) == ("scanning", 2, True, [True, False], [False, True])
    assert [leg.clearing_org for leg in away.legs] == [None, "OTHER"]
    policy = parameters.house
    assert policy is not None
    assert (QuantityUnit.LOTS, {"ES": 5.0}, Rounding(0), {"H": 1.3}, "2026-06-25") == (
        policy.quantity_unit,
        dict(policy.lot_sizes),
        policy.rounding.maintenance,
        dict(policy.initial_ratios),
        policy.effective_date,
    )


# ---- contracts in a file

COLUMNS = "commodity,type,period,underlying_period,right,strike,composite_delta,value_method,"
NAMES = [f"a{number}" for number in range(1, 17)]
ROWS = [
    "SP,FUT,199712,,,,,," + FUTURE[1:-1].replace(" ", ""),
    'SP,OOF,199712,199712,C,410,0.45,FUT,"' + '","'.join(CALL[1:-1].split(", ")) + '"',
]

AT_A15 = ROWS[0].index("-7000") + 1


def with_file(folder: Path, content: str | bytes, name: str = "arrays.csv") -> Source:
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    text = document(rest="").split("contracts:")[0] + f"contracts: {{file: {name}}}\n"
    (folder / "house.yaml").write_text(text, encoding="utf-8")
    return open_source(folder / "house.yaml")


def csv_of(rows: list[str], names: list[str] = NAMES) -> str:
    return "\n".join([COLUMNS + ",".join(names), *rows]) + "\n"


@pytest.mark.parametrize("prefix", ["a", "loss_"])
def test_contracts_are_read_from_a_csv_file_beside_the_document(tmp_path: Path, prefix: str) -> None:
    names = [f"{prefix}{number}" for number in range(1, 17)]
    parameters = house.read(with_file(tmp_path, csv_of(ROWS, names)))

    assert [str(tmp_path / "house.yaml"), str(tmp_path / "arrays.csv")] == [s.path for s in parameters.sources]
    assert len({source.sha256 for source in parameters.sources}) == 2
    assert parameters.contracts["line"].to_list() == [2, 3]
    assert parameters.contracts["contract_id"].to_list() == ["CME SP FUT 199712", "CME SP OOF 199712 199712 C 410"]
    assert [float(x) for x in CALL[1:-1].split(", ")] == parameters.arrays["1"].losses[1].tolist()


def test_a_csv_file_means_the_same_as_contracts_in_the_document(tmp_path: Path) -> None:
    inline = document(
        contracts=f"- {{commodity: SP, type: FUT, period: 199712, losses: {FUTURE}}}\n"
        "  - {commodity: SP, type: OOF, period: 199712, underlying_period: 199712, right: C, strike: 410, "
        f"composite_delta: 0.45, value_method: FUT, losses: {CALL}}}"
    )
    one, other = house.read(with_file(tmp_path, csv_of(ROWS))), read(inline)

    assert one.contracts.drop("line").equals(other.contracts.drop("line"))
    assert np.array_equal(one.arrays["1"].losses, other.arrays["1"].losses)
    assert one.commodities[0].code == other.commodities[0].code


def test_parquet_means_the_same_as_csv(tmp_path: Path) -> None:
    frame = pl.read_csv(csv_of(ROWS).encode())
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    one = house.read(with_file(tmp_path, csv_of(ROWS)))
    other = house.read(with_file(tmp_path, buffer.getvalue(), "arrays.parquet"))

    assert one.contracts.drop("line").equals(other.contracts.drop("line"))
    assert np.array_equal(one.arrays["1"].losses, other.arrays["1"].losses)


@pytest.mark.parametrize(
    ("content", "places", "words"),
    [
        (
            csv_of([ROWS[0].replace("-7000", "nan")]),
            [(2, AT_A15)],
            "line 2, a15: found the text 'nan', expected a number",
        ),
        (csv_of([ROWS[0].replace("-7000", "1e999")]), [(2, AT_A15)], "expected a number"),
        (csv_of([ROWS[0].replace("-7000", "")]), [(2, AT_A15)], "found nothing, expected a number"),
        (csv_of([ROWS[0] + ",5"]), [(2, None)], "found 25 cells, expected 24"),
        (csv_of([ROWS[0].replace(",7000", ",")]), [(2, None)], "found 15 losses, expected 16"),
        (csv_of([ROWS[0], ROWS[0]]), [(3, 1)], "the same contract as line 2"),
        (csv_of(ROWS, [*NAMES[:-1], "a17"]), [(1, None)], "without gaps"),
        (csv_of(ROWS, [*NAMES[:-1], "loss_16"]), [(1, None)], "without gaps"),
        (csv_of(ROWS, [*NAMES[:-1], "a15"]), [(1, None), (1, None)], "stands there twice"),
        (csv_of(ROWS).replace("commodity", "comodity"), [(1, None), (1, None)], "did you mean 'commodity'?"),
        (
            csv_of([ROWS[1].replace(",C,", ",X,")]),
            [(2, ROWS[1].index("C,") + 1)],
            "right: found the text 'X', expected C or P",
        ),
        (csv_of([ROWS[1].replace('"-460"', '"abc"')]), [(2, ROWS[1].index('"-460') + 1)], "a1: found the text 'abc'"),
        (csv_of(['"' + ROWS[0]]), [(2, None)], "not valid CSV"),
        (csv_of([]), [(1, None)], "holds no contracts"),
        (b"commodity,type\nA\xff,FUT\n", [(2, None)], "not UTF-8"),
        (b"PAR1 is not Parquet", [(None, None)], "cannot be read"),
    ],
)
def test_faults_of_a_file_of_contracts_have_its_lines(
    tmp_path: Path, content: str | bytes, places: list[tuple[int | None, int | None]], words: str
) -> None:
    problems = problems_of(with_file(tmp_path, content))

    assert words in str(problems[0])
    assert places == [(problem.line, problem.column) for problem in problems][: len(places)]
    assert {str(tmp_path / "arrays.csv")} == {problem.file for problem in problems}


def test_parquet_faults_name_the_row(tmp_path: Path) -> None:
    frame = pl.DataFrame({"commodity": ["A", "A"], "type": ["FUT", "FUT"], "period": ["1", "2"], "a1": [1.0, np.nan]})
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    problems = problems_of(with_file(tmp_path, buffer.getvalue(), "arrays.parquet"))

    assert any("row 2, a1: " in problem.message and "finite" in problem.message for problem in problems)


@pytest.mark.parametrize("name", ["../arrays.csv", "/etc/passwd", "a/../../b.csv"])
def test_a_file_of_contracts_lies_beside_the_document(name: str) -> None:
    text = document().split("contracts:")[0] + f"contracts: {{file: {name}}}\n"

    assert "beside this document" in only_problem(text).message


def test_a_missing_file_of_contracts_is_reported_where_it_is_named(tmp_path: Path) -> None:
    source = with_file(tmp_path, "")
    (tmp_path / "arrays.csv").unlink()
    problems = problems_of(source)

    assert [(str(tmp_path / "house.yaml"), 7), (str(tmp_path / "arrays.csv"), None)] == [
        (problem.file, problem.line) for problem in problems
    ]


# ---- faults

A = "{code: A, weighted_price_risk_method: NORMAL}"
TWO = (
    "[{commodity: A, type: FUT, period: 1, price_scan_range: 1}, {commodity: B, type: FUT, period: 1, "
    "price_scan_range: 1}]"
)
LEGS = "legs: [{commodity: A, side: A, ratio: 1}, {commodity: B, side: B, ratio: 1}]"
OPTION = "commodity: A, type: OOP, period: 1, right: C, strike: 5, composite_delta: 0.5"


def option(fields: str) -> str:
    return f"- {{{fields}, losses: {CALL}}}"


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        # structure
        (FIVE.replace("version: 1", "version: 2"), Reason.INVALID_VALUE, "expected 1"),
        (FIVE.replace("margin-parameters", "margin"), Reason.INVALID_VALUE, "expected margin-parameters"),
        (FIVE.replace("1997-06-30", "19970630"), Reason.INVALID_VALUE, "a date such as"),
        (FIVE.replace("10000", "-1"), Reason.INVALID_VALUE, "more than 0"),
        (FIVE.replace("10000", "10_000"), Reason.INVALID_VALUE, "expected a number"),
        (FIVE.replace("10000", "true"), Reason.INVALID_VALUE, "found true; expected a number"),
        (FIVE.replace("10000", "'5'"), Reason.INVALID_VALUE, "found the text '5'"),
        (FIVE.replace("10000", "99999999999999999999"), Reason.INVALID_VALUE, "more digits"),
        (FIVE.replace("SPF", "1e5"), Reason.INVALID_VALUE, "put it in quotes"),
        (FIVE.replace("cover: 0.33", "cover: 33"), Reason.INVALID_VALUE, "at most 1"),
        (FIVE.replace("standard", "standrad"), Reason.UNKNOWN_NAME, "did you mean 'standard'?"),
        (FIVE.replace("currency: USD\n", ""), Reason.MISSING_FIELD, "'currency'"),
        (document(contracts="5"), Reason.INVALID_VALUE, "expected a list of contracts"),
        (document(contracts="[]"), Reason.INVALID_VALUE, "found an empty list"),
        (document(contracts="null"), Reason.INVALID_VALUE, "found nothing"),
        (document(contracts="{fiel: a.csv}"), Reason.UNKNOWN_NAME, "did you mean 'file'"),
        ("5", Reason.INVALID_VALUE, "a mapping of fields"),
        ("a: b: c", Reason.SYNTAX, "not valid YAML"),
        # scenarios
        (document(grid="{}"), Reason.INVALID_VALUE, "either standard"),
        (document(grid="{points: []}"), Reason.INVALID_VALUE, "at least 1 entry"),
        (document(grid="{points: [{price_move: 1, volatility_move: 1, weight: 1}]}"), Reason.INVALID_VALUE, "'pair'"),
        (
            document(grid="{points: [{price_move: 1, volatility_move: 1, weight: 1, pair: 2}]}"),
            Reason.INVALID_VALUE,
            "there are 1 points",
        ),
        (
            document(
                grid="{points: [{price_move: 1, volatility_move: 1, weight: 1, pair: 2}, "
                "{price_move: 1, volatility_move: -1, weight: 1, pair: 2}]}"
            ),
            Reason.INVALID_VALUE,
            "names 2 as its pair",
        ),
        (document(grid="{points: [{price_move: 1/0, volatility_move: 0, weight: 1}]}"), Reason.INVALID_VALUE, "1/3"),
        # contracts
        (document(commodities="- {code: AA}"), Reason.UNKNOWN_NAME, "did you mean 'AA'?"),
        (document(contracts="- {commodity: A, type: FUT, price_scan_range: 1}"), Reason.MISSING_FIELD, "'period'"),
        (document(contracts="- {commodity: A, type: FUT, period: 1}"), Reason.MISSING_FIELD, "'losses'"),
        (
            document(contracts="- {commodity: A, type: FUT, period: 1, losses: [1, 2]}"),
            Reason.WRONG_LENGTH,
            "found 2 losses, expected 16",
        ),
        (
            document(contracts="- {commodity: A, type: FUT, period: 1, price_scan_range: 1, right: C}"),
            Reason.INVALID_VALUE,
            "right belongs to an option",
        ),
        (document(contracts=f"- {{{OPTION}, value_method: FUT, price_scan_range: 5}}"), Reason.MISSING_FIELD, "OOP"),
        (document(contracts=option(OPTION)), Reason.MISSING_FIELD, "'value_method'"),
        (
            document(
                contracts=option(OPTION + ", value_method: EQTY, price: 3"),
                rest="cap_available_net_option_value: false\n",
            ),
            Reason.MISSING_FIELD,
            "'contract_value_factor'",
        ),
        (
            document(contracts=option(OPTION + ", value_method: EQTY, contract_value: 3")),
            Reason.MISSING_FIELD,
            "'cap_available_net_option_value'",
        ),
        (
            document(contracts=option(OPTION.replace("strike: 5", "value_method: FUT"))),
            Reason.MISSING_FIELD,
            "'strike'",
        ),
        (
            document(contracts=option(OPTION.replace("OOP", "OOF") + ", value_method: FUT")),
            Reason.MISSING_FIELD,
            "'underlying_period'",
        ),
        (
            document(contracts=TWO.replace("commodity: B", "commodity: B, product: A")),
            Reason.INVALID_VALUE,
            "belongs to commodity A",
        ),
        (document(contracts=TWO.replace("commodity: B", "commodity: A")), Reason.DUPLICATE_KEY, "the same contract"),
        (document(contracts=TWO.replace("type", "id: X, type")), Reason.DUPLICATE_KEY, "the id 'X'"),
        (
            document(commodities="- {code: A, products: [{code: B, type: FUT}]}"),
            Reason.UNKNOWN_NAME,
            "unknown product 'A FUT'",
        ),
        (
            document(
                commodities="[{code: A, products: [{code: A, type: FUT}]}, "
                "{code: B, products: [{code: A, type: FUT, exchange: CME}]}]"
            ),
            Reason.DUPLICATE_KEY,
            "CME A FUT stands in products already",
        ),
        # commodities
        (document(commodities="[{code: A}, {code: A}]"), Reason.DUPLICATE_KEY, "A stands in commodities already"),
        (document(commodities="- {code: A, initial_ratios: {S: 1.1}}"), Reason.UNKNOWN_NAME, "account type 'S'"),
        (
            document(commodities="- {code: A, short_option_minimum: {method: MAX}}"),
            Reason.INVALID_VALUE,
            "either one rate",
        ),
        (document(commodities="- {code: A, scan_tiers: [{tier: 1}, {tier: 2}]}"), Reason.INVALID_VALUE, "overlap"),
        (
            document(commodities="- {code: A, scan_tiers: [{tier: 1, first_period: 202612, last_period: 202609}]}"),
            Reason.INVALID_VALUE,
            "later than the last",
        ),
        (
            document(commodities="- {code: A, intracommodity_tiers: [{tier: 1}, {tier: 1}]}"),
            Reason.DUPLICATE_KEY,
            "1 stands in intracommodity_tiers already",
        ),
        (document(rest="currencies: [{code: EUR, decimals: 2}]\n"), Reason.UNKNOWN_NAME, "unknown currency 'USD'"),
        # spreads
        (
            document(
                f"[{A}, {A.replace('A,', 'B,')}]",
                TWO,
                f"spreads: [{{kind: super, priority: 1, method: W, rate: 55, {LEGS}}}]\n",
            ),
            Reason.INVALID_VALUE,
            "0.55 for 55 %",
        ),
        (
            document(contracts=TWO, rest=f"spreads: [{{kind: super, priority: 1, method: F, rate: 5, {LEGS}}}]\n"),
            Reason.MISSING_FIELD,
            "'flat_rate_is'",
        ),
        (
            document(
                contracts=TWO,
                rest=f"spreads: [{{kind: super, form: scanning, priority: 1, rate: 0.5, {LEGS}}}]\n".replace(
                    "side: B", "target: true"
                ),
            ),
            Reason.INVALID_VALUE,
            "belongs to form delta, but the form is scanning",
        ),
    ],
)
def test_a_fault_is_refused_with_its_reason(text: str, reason: Reason, words: str) -> None:
    problem = problems_of(text)[0]

    assert words in problem.message
    assert reason is problem.reason
    assert problem.line is not None


def test_a_house_policy_is_not_mistaken_for_parameters() -> None:
    problem = only_problem("format: margin-house\nversion: 1\ntitle: Mine\n")

    assert Reason.UNKNOWN_FORMAT is problem.reason
    assert "--house" in problem.message


def test_weighted_price_risk_needs_its_method_where_a_spread_uses_it() -> None:
    spread = f"spreads: [{{kind: super, priority: 1, method: W, rate: 0.5, {LEGS}}}]\n"
    problems = problems_of(document(contracts=TWO, rest=spread))

    assert sorted(problem.message.split("risk of ")[1][0] for problem in problems) == ["A", "B"]
    read(document(f"[{A}, {A.replace('A,', 'B,')}]", TWO, spread))


def test_scanning_based_spreads_have_one_target_and_an_allowance() -> None:
    legs = "legs: [{commodity: A, ratio: 1}, {commodity: B, ratio: 1}]"
    text = document(contracts=TWO, rest=f"spreads: [{{kind: super, form: scanning, priority: 1, {legs}}}]\n")
    messages = " ".join(problem.message for problem in problems_of(text))

    assert "found 0 legs with target: true, expected one" in messages
    assert "gain allowance" in messages


def test_faults_of_all_parts_are_reported_at_once_in_the_order_of_the_document() -> None:
    text = f"""format: margin-parameters
version: 1
clearing_org: CME
business_date: 1997-06-30
curency: USD
scenario_grid: {{standard: {{extreme_move: 3, cover: 0.33}}}}
account_types: [{{code: S, customer: true, net: true}}, {{code: S, customer: true, net: 1}}]
commodities:
  - {{code: SP, currency: USD, initial_ratios: {{X: 1.35}}}}
  - {{code: SP, currency: USD, nam: x}}
contracts:
  - {{id: SPF, commodity: SPX, type: FUT, period: 199712, price_scan_range: 10000}}
  - {{id: SPF, commodity: SP, type: FUT, period: 199713, price_scan_range: .nan}}
  - {{id: SPF, commodity: SP, type: FUT, period: 199711, losses: [1]}}
spreads:
  - {{kind: super, priority: 1, priority: 2, method: W, rate: 1, {LEGS}}}
"""
    problems = problems_of(text)
    places = [(problem.line, problem.column) for problem in problems]

    assert sorted(places) == places
    assert {5, 7, 9, 10, 12, 13, 14, 16} == {line for line, _ in places}
    assert all(problem.file == "house.yaml" for problem in problems)
    assert all("pydantic" not in str(problem) and "://" not in str(problem) for problem in problems)


def test_a_value_refused_by_the_yaml_reader_is_reported_once() -> None:
    text = FIVE.replace("10000", ".nan")
    problem = only_problem(text)

    assert (8, text.splitlines()[7].index(".nan") + 1) == (problem.line, problem.column)


def test_more_than_a_thousand_faults_are_all_counted() -> None:
    contracts = "\n  ".join(f"- {{commodity: A, type: FUT, period: {i}}}" for i in range(1, 1_502))
    with pytest.raises(InputRefused) as refused:
        read(document(contracts=contracts))

    assert (len(refused.value.problems), refused.value.total) == (1_000, 1_501)


def outcome_of(source: Source) -> ParameterSet | InputRefused:
    """What a document becomes; anything but finite parameters or listed problems fails the test."""
    try:
        parameters = house.read(source)
    except InputRefused as refused:
        if not refused.problems or not refused.total:
            raise
        return refused
    assert np.isfinite(parameters.arrays["1"].losses).all()
    return parameters


@given(
    st.integers(0, len(FIVE) - 1),
    st.integers(0, 12),
    st.sampled_from(
        [
            *("", "\n", ":", ": ", "-", "[", "]", "{", "}", "'", '"', "&a ", "*a", "!", "~", ".inf", "null", "\t", "#"),
            *("0", "2", "{}", "[]", "true", "A", "1e400", "\x00", "é", "- {}", "contracts: ", "\nspreads: [{}]\n"),
        ]
    ),
)
@settings(deadline=None, max_examples=300)
def test_a_damaged_document_is_parameters_or_refused_and_never_an_exception(at: int, cut: int, insert: str) -> None:
    text = FIVE[:at] + insert + FIVE[at + cut :]
    outcome = outcome_of(source_of(text))

    if isinstance(outcome, InputRefused):
        assert all(problem.line is not None for problem in outcome.problems)


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all values inside a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(inner for key, child in items for inner in paths_of(child, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A document with one value replaced."""
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


_FULL_TREE = load_yaml(FULL.encode(), Faults())
assert _FULL_TREE is not None
_FULL_DATA = _FULL_TREE.value
_VALUES = st.recursive(
    st.sampled_from([None, True, False, 0, 1, -1, 2, 0.5, -0.0, 1e300, 10**20, "", " ", "A", "B", "SP", "202609", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["code", "tier", "rate", "legs", "side", "file", "points", "x"]), inner, max_size=3
        )
    ),
    max_leaves=5,
)


@given(st.lists(st.tuples(st.sampled_from(paths_of(_FULL_DATA)), _VALUES), min_size=1, max_size=3))
@settings(deadline=None, max_examples=100)
def test_any_value_in_any_place_is_read_or_refused_in_plain_words(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    data = _FULL_DATA
    for path, value in changes:
        if path in paths_of(data):
            data = replaced(data, path, value)
    outcome = outcome_of(source_of(json.dumps(data)))

    if isinstance(outcome, InputRefused):
        assert "expected another value" not in str(outcome)
        assert all(problem.line is not None for problem in outcome.problems)


@given(st.text(alphabet='a,1"\n\r.-x;é\x00', max_size=60), st.integers(0, 400))
@settings(deadline=None, max_examples=150)
def test_a_damaged_file_of_contracts_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, insert: str, at: int
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    text = csv_of(ROWS)
    outcome_of(with_file(folder, text[:at] + insert + text[at:]))
