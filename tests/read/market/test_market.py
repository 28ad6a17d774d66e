from __future__ import annotations

import gzip
import hashlib
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import margin
from margin.model.market import (
    QUOTE_SCHEMA,
    SVI_SCHEMA,
    UNDERLYING_SCHEMA,
    VOLATILITY_POINT_SCHEMA,
    MarketData,
)
from margin.model.problem import InputRefused, Reason, Severity
from margin.read.market import read_market

COLUMNS = [
    *("underlying", "exchange", "product", "type", "expiry", "right", "strike", "price", "bid", "ask", "volatility"),
    *("rate", "carry", "time_to_expiry", "a", "b", "rho", "m", "sigma"),
]


def row(**values: object) -> str:
    return ",".join(str(values.get(name, "")) for name in COLUMNS)


SPOT = {"underlying": "LOTUS50", "price": 24000.5, "rate": 0.065, "carry": 0.012}
FORWARD = {"underlying": "LOTUS50", "expiry": "2026-07-30", "bid": 24119, "ask": 24121}
OPTION = {"product": "LOTUS50", "type": "OOP", "expiry": "2026-06-30", "right": "C", "strike": 24000}
FUTURE = {"exchange": "NSE", "product": "LOTUS50", "type": "FUT", "expiry": "2026-06-30", "price": 24010}
POINT = {"underlying": "LOTUS50", "expiry": "202609W1", "strike": 24000, "volatility": 0.145, "time_to_expiry": 0.2}
SVI = {"underlying": "LOTUS50", "expiry": "2026-12-31", "a": 0.01, "b": 0.1, "rho": -0.3, "m": 0, "sigma": 0.1}


def write(folder: Path, *rows: dict[str, object], name: str = "market.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([",".join(COLUMNS), *(row(**values) for values in rows)]) + "\n", "utf-8")
    return path


def refusal(paths: Path | list[Path]) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        read_market(paths)
    return caught.value


def only_message(folder: Path, *rows: dict[str, object]) -> str:
    refused = refusal(write(folder, *rows))
    assert refused.total == 1, str(refused)
    return refused.problems[0].message


def rows_of(market: MarketData) -> int:
    return sum(frame.height for frame in (market.underlyings, market.quotes, market.volatility_points, market.svi))


class TestKindsOfRows:
    def test_each_row_goes_to_the_frame_of_its_kind(self, tmp_path: Path) -> None:
        path = write(tmp_path, SPOT, FORWARD, {**OPTION, "price": 120.5}, FUTURE, POINT, SVI)
        market = read_market(path)

        assert_frame_equal(
            market.underlyings,
            pl.DataFrame(
                [
                    ("LOTUS50", "", 24000.5, 0.065, 0.012, None, 2),
                    ("LOTUS50", "20260730", 24120.0, None, None, None, 3),
                ],
                schema=UNDERLYING_SCHEMA,
                orient="row",
            ),
        )
        assert_frame_equal(
            market.quotes,
            pl.DataFrame(
                [
                    (None, "LOTUS50", "OOP", "20260630", None, "C", 24000.0, 120.5, None, None, 4),
                    ("NSE", "LOTUS50", "FUT", "20260630", None, None, None, 24010.0, None, None, 5),
                ],
                schema=QUOTE_SCHEMA,
                orient="row",
            ),
        )
        assert_frame_equal(
            market.volatility_points,
            pl.DataFrame(
                [("LOTUS50", "202609W1", 24000.0, 0.145, 0.2, 6)], schema=VOLATILITY_POINT_SCHEMA, orient="row"
            ),
        )
        assert_frame_equal(
            market.svi,
            pl.DataFrame(
                [("LOTUS50", "20261231", 0.01, 0.1, -0.3, 0.0, 0.1, None, 7)], schema=SVI_SCHEMA, orient="row"
            ),
        )

    def test_the_source_tells_the_file_apart(self, tmp_path: Path) -> None:
        path = write(tmp_path, SPOT)
        (source,) = read_market(path).sources

        assert (str(path), "csv", 1) == (source.path, source.format, source.rows)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == source.sha256

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            (SPOT | OPTION, "product and underlying are both given"),
            ({"price": 5}, "product and underlying are both blank"),
            ({"underlying": "X", "expiry": "202609"}, "says nothing of the underlying"),
            ({"underlying": "X", "price": 1, "time_to_expiry": 1}, "for a spot"),
            (POINT | {"price": 5}, "price is given in the point of a volatility surface"),
            ({"underlying": "X", "expiry": "202609", "volatility": 0.2}, "strike is blank"),
            ({"underlying": "X", "strike": 5, "volatility": 0.2}, "expiry is blank"),
            (POINT | {"expiry": "00000000"}, "nothing expires"),
            (SVI | {"volatility": 0.2}, "volatility is given in the row of SVI parameters"),
            (SVI | {"m": ""}, "m is blank"),
            (OPTION | {"rate": 0.1}, "rate is given in the contract's quote"),
            (FUTURE | {"strike": 5}, "no option"),
            (FUTURE | {"expiry": ""}, "expiry is blank"),
            (OPTION | {"right": ""}, "right is blank"),
            (OPTION | {"strike": ""}, "strike is blank"),
            (OPTION | {"type": ""}, "type is blank"),
            (OPTION | {"type": "OPT"}, "type is 'OPT', expected one of"),
        ],
    )
    def test_rows_that_say_too_much_or_too_little_are_refused(
        self, tmp_path: Path, values: dict[str, object], words: str
    ) -> None:
        assert words in only_message(tmp_path, values)


class TestNumbers:
    @pytest.mark.parametrize(
        ("values", "words"),
        [
            (OPTION | {"price": -0.05}, "no negative price"),
            (OPTION | {"bid": -1, "ask": 1}, "no negative price"),
            (OPTION | {"bid": 5, "ask": 4}, "bid 5.0 is above ask 4.0"),
            (FORWARD | {"bid": 24122}, "bid 24122.0 is above ask 24121.0"),
            (OPTION | {"volatility": 0}, "leave it blank where there is none"),
            (POINT | {"volatility": -0.2}, "volatility is -0.2"),
            (POINT | {"time_to_expiry": -1}, "time_to_expiry is -1.0"),
            (SVI | {"b": -0.1}, "b is -0.1"),
            (SVI | {"rho": -1.01}, "rho is -1.01"),
            (SVI | {"sigma": 0}, "sigma is 0.0"),
            # −0.02 + 0.1 × 0.1 × √(1 − 0.3²)
            (SVI | {"a": -0.02}, "least total variance, a + b·sigma·√(1 - rho²), is -0.0104606"),
            (SPOT | {"price": "NaN"}, "find out why the value is undefined"),
            (SPOT | {"rate": "1e999"}, "beyond what double precision holds"),
            (SPOT | {"rate": "6.5%"}, "without separators, units"),
        ],
    )
    def test_numbers_without_a_meaning_are_refused(self, tmp_path: Path, values: dict[str, object], words: str) -> None:
        assert words.replace("1 - rho", "1 − rho") in only_message(tmp_path, values)

    def test_prices_of_futures_and_spots_may_be_negative_and_of_options_zero(self, tmp_path: Path) -> None:
        market = read_market(write(tmp_path, FUTURE | {"price": -37.63}, SPOT | {"price": -1}, OPTION | {"price": 0}))

        assert [-37.63, 0.0] == market.quotes["price"].to_list()
        assert [-1.0] == market.underlyings["price"].to_list()

    def test_a_price_comes_before_the_middle_of_bid_and_ask(self, tmp_path: Path) -> None:
        market = read_market(
            write(
                tmp_path,
                OPTION | {"bid": 1, "ask": 2},
                OPTION | {"strike": 1, "bid": 1, "ask": 2, "price": 1.75},
            )
        )

        assert [1.5, 1.75] == market.quotes["price"].to_list()
        assert () == market.problems

    def test_one_side_alone_is_no_price(self, tmp_path: Path) -> None:
        market = read_market(
            write(tmp_path, OPTION | {"ask": 2}, OPTION | {"strike": 1, "bid": 2}, OPTION | {"strike": 2})
        )
        (warning,) = market.problems

        assert [None, None, None] == market.quotes["price"].to_list()
        assert (Severity.WARNING, 2) == (warning.severity, warning.line)
        assert "(so in 2 rows)" in warning.message

    @pytest.mark.parametrize(
        ("values", "words"),
        [(POINT | {"volatility": 14.5}, "write 0.145 for 14.5 %"), (SPOT | {"rate": 6.5}, "write 0.05 for 5 %")],
    )
    def test_numbers_that_look_like_percent_give_a_warning(
        self, tmp_path: Path, values: dict[str, object], words: str
    ) -> None:
        (warning,) = read_market(write(tmp_path, values)).problems

        assert Severity.WARNING is warning.severity
        assert words in warning.message

    def test_tables_of_spreadsheets_with_decimal_commas_are_read(self, tmp_path: Path) -> None:
        path = tmp_path / "market.csv"
        path.write_text("underlying;price;rate\nLOTUS50;24.000,5;0,065\n", "utf-8")
        market = read_market(path)

        assert [(24000.5, 0.065)] == market.underlyings.select("price", "rate").rows()


class TestColumns:
    def test_names_of_span_tools_and_periods_are_understood(self, tmp_path: Path) -> None:
        path = tmp_path / "market.csv"
        path.write_text("exch,pfCode,pfType,pe,undPe,o,k,Vol\nCME,ES,OOF,202606,202609,P,5000,0.2\n", "utf-8")
        expected = ("CME", "ES", "OOF", "202606", "202609", "P", 5000.0, None, 0.2, None, 2)

        assert [expected] == read_market(path).quotes.rows()

    def test_unknown_columns_give_a_warning_with_the_likely_name(self, tmp_path: Path) -> None:
        path = tmp_path / "market.csv"
        path.write_text("underlying,price,carrry,TIMESTAMP\nLOTUS50,5,0.1,x\n", "utf-8")
        market = read_market(path)

        assert [
            "column 'carrry' is not read; did you mean 'carry'?",
            "column 'TIMESTAMP' is not read",
        ] == [problem.message for problem in market.problems]
        assert {Severity.WARNING} == {problem.severity for problem in market.problems}

    def test_a_table_of_something_else_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "market.csv"
        path.write_text("account,quantity,underlyin\nA,5,x\n", "utf-8")

        (problem,) = refusal(path).problems
        assert Reason.MISSING_FIELD is problem.reason
        assert "did you mean 'underlyin'" in problem.message

    def test_the_date_of_the_data_is_that_of_all_rows(self, tmp_path: Path) -> None:
        path = tmp_path / "market.csv"
        path.write_text("date,underlying,price\n2026-06-25,A,5\n20260625,B,6\n,C,7\n", "utf-8")
        assert read_market(path).date == "2026-06-25"

        path.write_text("date,underlying,price\n2026-06-25,A,5\n2026-06-26,B,6\n", "utf-8")
        (problem,) = refusal(path).problems
        assert (3, "date") == (problem.line, problem.attributes["field"])


class TestKeys:
    @pytest.mark.parametrize("values", [SPOT, FORWARD, OPTION, FUTURE, POINT, SVI])
    def test_a_key_that_stands_twice_is_refused_with_both_places(
        self, tmp_path: Path, values: dict[str, object]
    ) -> None:
        (problem,) = refusal(write(tmp_path, values, values)).problems

        assert (Reason.DUPLICATE_KEY, 3) == (problem.reason, problem.line)
        assert "market.csv, line 2; keep one of them" in problem.message

    def test_a_quote_of_any_exchange_clashes_with_that_of_one(self, tmp_path: Path) -> None:
        assert "stands here again" in only_message(tmp_path, FUTURE, FUTURE | {"exchange": ""})
        assert rows_of(read_market(write(tmp_path, FUTURE, FUTURE | {"exchange": "BSE"}))) == 2

    def test_strikes_and_expiries_compare_by_what_they_mean(self, tmp_path: Path) -> None:
        other = OPTION | {"expiry": "20260630", "strike": "24000.00"}
        assert "LOTUS50 OOP 20260630 C 24000 stands here again" in only_message(tmp_path, OPTION, other)

    def test_duplicates_and_other_faults_are_reported_at_once(self, tmp_path: Path) -> None:
        refused = refusal(write(tmp_path, SPOT, SPOT, OPTION | {"price": -1}, FUTURE | {"expiry": "2026/06/30"}))
        assert [3, 4, 5] == [problem.line for problem in refused.problems]

    def test_an_expiry_has_one_time(self, tmp_path: Path) -> None:
        message = only_message(tmp_path, POINT, POINT | {"strike": 5, "time_to_expiry": 0.3})
        assert "time_to_expiry is 0.3, and 0.2 at an earlier point of LOTUS50 202609W1" in message


class TestSeveralFiles:
    def test_files_go_together(self, tmp_path: Path) -> None:
        paths = [write(tmp_path, SPOT, POINT, name="a.csv"), write(tmp_path, FORWARD, SVI, name="b.csv")]
        market = margin.read_market(paths)

        assert ["a.csv", "b.csv"] == [Path(source.path).name for source in market.sources]
        assert (["", "20260730"], 1, 1) == (
            market.underlyings["period"].to_list(),
            market.volatility_points.height,
            market.svi.height,
        )

    def test_the_same_key_in_two_files_is_refused(self, tmp_path: Path) -> None:
        paths = [write(tmp_path, SPOT, name="a.csv"), write(tmp_path, FORWARD, SPOT, name="b.csv")]
        (problem,) = refusal(paths).problems

        assert (str(paths[1]), 3) == (problem.file, problem.line)
        assert f"first in {paths[0]}, line 2" in problem.message

    def test_a_file_named_twice_and_files_of_two_days_are_refused(self, tmp_path: Path) -> None:
        path = write(tmp_path, SPOT)
        assert "more than once" in refusal([path, path]).problems[0].message

        for name, day in (("a", "2026-06-25"), ("b", "2026-06-26")):
            (tmp_path / f"{name}.csv").write_text(f"date,underlying,price\n{day},{name},5\n", "utf-8")
        (problem,) = refusal([tmp_path / "a.csv", tmp_path / "b.csv"]).problems
        assert Reason.DATE_MISMATCH is problem.reason

    def test_faults_of_all_files_are_reported(self, tmp_path: Path) -> None:
        paths = [
            write(tmp_path, OPTION | {"price": -1}, name="a.csv"),
            write(tmp_path, SVI | {"rho": 2}, name="b.csv"),
            tmp_path / "c.csv",
        ]
        assert [str(path) for path in paths] == [problem.file for problem in refusal(paths).problems]

    def test_no_file_is_no_market(self) -> None:
        assert rows_of(read_market([])) == 0


class TestParquet:
    def test_it_says_the_same_as_a_text_table(self, tmp_path: Path) -> None:
        path = write(tmp_path, SPOT, FORWARD, OPTION | {"price": 120.5}, FUTURE, POINT, SVI)
        frame = pl.read_csv(path, infer_schema_length=None).with_columns(pl.col("expiry").cast(pl.String))
        frame.write_parquet(tmp_path / "market.parquet")

        text, binary = read_market(path), read_market(tmp_path / "market.parquet")
        for name in ("underlyings", "quotes", "volatility_points", "svi"):
            assert_frame_equal(getattr(text, name).drop("line"), getattr(binary, name).drop("line"))
        assert "parquet" == binary.sources[0].format
        assert binary.quotes["line"].null_count() == 2

    def test_dates_may_be_of_the_date_type(self, tmp_path: Path) -> None:
        path = tmp_path / "market.parquet"
        day = date(2026, 6, 25)
        pl.DataFrame({"date": [day], "underlying": ["A"], "expiry": [day], "price": [5]}).write_parquet(path)
        market = read_market(path)

        assert ("2026-06-25", ["20260625"]) == (market.date, market.underlyings["period"].to_list())

    def test_wrong_types_and_values_are_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "market.parquet"
        frame = pl.DataFrame({"underlying": ["A", "A"], "price": [True, False], "rate": [float("nan"), 0.1]})
        frame.write_parquet(path)

        fields = [problem.attributes.get("field") for problem in refusal(path).problems]
        assert ["price", "rate"] == fields[:2]

    def test_a_file_that_is_cut_off_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "market.parquet"
        pl.DataFrame({"underlying": ["A"], "price": [1.0]}).write_parquet(path)
        path.write_bytes(path.read_bytes()[:-9])
        assert "PAR1" in refusal(path).problems[0].message


DOCUMENT = """\
format: margin-market
version: 1
date: 2026-06-25
underlyings:
  - {underlying: LOTUS50, price: 24000.5, rate: 0.065, carry: 0.012}
  - {underlying: LOTUS50, expiry: 2026-07-30, bid: 24119, ask: 24121}
quotes:
  - {product: LOTUS50, type: OOP, expiry: 2026-06-30, right: C, strike: 24000, price: 120.5}
  - {exchange: NSE, product: LOTUS50, type: FUT, expiry: 2026-06-30, price: 24010}
volatilities:
  - {underlying: LOTUS50, expiry: 202609W1, strike: 24000, volatility: 0.145, time_to_expiry: 0.2}
svi:
  - {underlying: LOTUS50, expiry: 2026-12-31, a: 0.01, b: 0.1, rho: -0.3, m: 0, sigma: 0.1}
"""


class TestYaml:
    def test_it_says_the_same_as_a_text_table(self, tmp_path: Path) -> None:
        path = tmp_path / "market.yaml"
        path.write_text(DOCUMENT, "utf-8")
        document = read_market(path)
        table = read_market(write(tmp_path, SPOT, FORWARD, OPTION | {"price": 120.5}, FUTURE, POINT, SVI))

        for name in ("underlyings", "quotes", "volatility_points", "svi"):
            assert_frame_equal(getattr(table, name).drop("line"), getattr(document, name).drop("line"))
        assert ("2026-06-25", "yaml", 6) == (document.date, document.sources[0].format, document.sources[0].rows)
        assert [8, 9] == document.quotes["line"].to_list()

    def test_every_fault_of_structure_and_of_meaning_is_reported_at_once(self, tmp_path: Path) -> None:
        path = tmp_path / "market.yml"
        path.write_text(
            "format: margin-market\nversion: 1\nquots: []\nunderlyings:\n"
            "  - {underlying: A, price: five}\n"
            "  - {underlying: A, price: 5, pric: 6}\n"
            "  - {underlying: A}\n"
            "svi:\n"
            "  - {underlying: A, expiry: 202609, a: 0, b: 1, rho: 2, m: 0, sigma: 1}\n"
            "  - {underlying: A, expiry: 202613, a: 0, b: 1, rho: 0, m: 0}\n",
            "utf-8",
        )
        refused = refusal(path)

        assert [3, 5, 6, 7, 9, 10, 10] == [problem.line for problem in refused.problems]
        assert "unknown field 'quots'; did you mean 'quotes'?" == refused.problems[0].message

    def test_the_format_is_told_by_its_declaration_too(self, tmp_path: Path) -> None:
        path = tmp_path / "market.txt.gz"
        path.write_bytes(gzip.compress(DOCUMENT.encode()))
        assert read_market(path).sources[0].format == "yaml"

    @pytest.mark.parametrize("text", ["format: margin-house\nversion: 1\n", "- 1\n", "", "5\n", "a: [\n"])
    def test_other_documents_are_refused(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "market.yaml"
        path.write_text(text, "utf-8")
        assert refusal(path).problems


def test_what_is_no_market_data_at_all_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "market.xml"
    path.write_text("<spanFile/>", "utf-8")

    (problem,) = refusal(path).problems
    assert Reason.UNKNOWN_FORMAT is problem.reason
    assert "csv, parquet, yaml" in problem.message


def test_a_table_without_rows_gives_a_warning(tmp_path: Path) -> None:
    market = read_market(write(tmp_path))

    assert rows_of(market) == 0
    assert ["there are no market data in this input; check that it is complete"] == [
        problem.message for problem in market.problems
    ]


CELLS = st.sampled_from(
    ["", "A", "FUT", "OOP", "C", "202609", "2026-06-30", "1", "0", "-1", "0.5", "nan", "x", "1e400"]
)


@settings(deadline=None, max_examples=150)
@given(rows=st.lists(st.dictionaries(st.sampled_from(COLUMNS), CELLS, max_size=8), max_size=6))
def test_every_row_is_read_or_refused_with_its_line(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]]
) -> None:
    path = write(tmp_path_factory.mktemp("market"), *rows)
    filled = [place + 2 for place, values in enumerate(rows) if any(values.values())]
    try:
        market = read_market(path)
    except InputRefused as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        assert {problem.line for problem in refused.problems} <= set(range(2, len(rows) + 2))
        return
    frames = (market.underlyings, market.quotes, market.volatility_points, market.svi)
    read = sorted(line for frame in frames for line in frame["line"])
    assert filled == read
