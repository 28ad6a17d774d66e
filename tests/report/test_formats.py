import io
import json

import polars as pl
import pyarrow.parquet
import pytest

from margin import report
from margin.model.long_table import LONG_SCHEMA
from margin.model.run import ACCOUNTS_SCHEMA
from tests.report.fixtures import account, commodity, frame, many_accounts, small_run

FROM_FIGURES = [name for name in report.format_names() if name != "span-xml"]
"""Formats of figures alone; SPAN XML holds the parameters too, which a run made by hand does not have."""


def rendered(run, name, **presentation):
    out = io.BytesIO()
    report.render(run, name, out, report.Presentation(**presentation))
    return out.getvalue()


def test_every_module_of_the_folder_is_a_format():
    assert ("csv", "json", "ndjson", "parquet", "span-xml", "table") == report.format_names()
    suffixes = []
    for name in report.format_names():
        module = report.report_format(name)
        assert module.SUFFIXES
        assert isinstance(module.IS_BINARY, bool)
        assert name not in FROM_FIGURES or rendered(small_run(), name)
        suffixes += module.SUFFIXES
    assert len(suffixes) == len(set(suffixes))


@pytest.mark.parametrize("name", FROM_FIGURES)
def test_the_same_run_gives_the_same_bytes(name):
    assert rendered(small_run(), name) == rendered(small_run(), name)


@pytest.mark.parametrize("name", FROM_FIGURES)
def test_a_run_without_accounts_can_be_written(name):
    assert rendered(many_accounts(0), name) or name == "ndjson"


def test_an_unknown_format_is_refused_with_a_hint():
    with pytest.raises(ValueError, match="did you mean parquet"):
        report.report_format("parkett")


@pytest.mark.parametrize(
    ("path", "name"),
    [("run.json", "json"), ("RUN.JSON", "json"), ("a/b.csv", "csv"), ("x.pq", "parquet"), ("x.jsonl", "ndjson")],
)
def test_the_ending_of_a_file_tells_its_format(path, name):
    assert name == report.format_for(path)


def test_an_unknown_ending_is_refused():
    with pytest.raises(ValueError, match=r"\.parquet"):
        report.format_for("run.xlsx")


def test_json_is_the_document_indented_and_ends_with_a_line_feed():
    written = rendered(small_run(), "json").decode()

    assert small_run().to_dict() == json.loads(written)
    assert written.startswith('{\n  "schema_version": 1,\n  "run": {\n    "tool": "margin",')
    assert written.endswith("\n}\n")
    assert not written.endswith("\n\n")
    assert '"scenario_losses": [0.0, 0.0, -400000.0,' in written


def test_json_keeps_any_text():
    name = 'Zürich "A"\\\n\t\x01 − 株'
    run = small_run(accounts=frame(ACCOUNTS_SCHEMA, account(name), account("ACC2")))
    written = rendered(run, "json")

    assert name == json.loads(written)["accounts"][0]["account"]
    assert "Zürich".encode() in written


def test_json_writes_file_names_that_are_not_utf8():
    source = small_run().position_sources[0]
    run = small_run(position_sources=(type(source)("caf\udce9.csv", source.sha256, "csv", 1),))

    assert "caf\udce9.csv" == json.loads(rendered(run, "json"))["run"]["positions"][0]["path"]


def test_ndjson_has_one_account_per_line():
    lines = rendered(small_run(), "ndjson").decode().splitlines()

    assert small_run().to_dict()["accounts"] == [json.loads(line) for line in lines]


def test_csv_and_parquet_hold_the_long_table():
    run = small_run()
    from_csv = pl.read_csv(rendered(run, "csv"), schema=LONG_SCHEMA)
    from_parquet = pl.read_parquet(rendered(run, "parquet"))

    assert from_csv.equals(run.long_table())
    assert from_parquet.equals(run.long_table())


def test_parquet_can_be_read_by_other_programs():
    table = pyarrow.parquet.read_table(io.BytesIO(rendered(small_run(), "parquet")))

    assert list(LONG_SCHEMA) == table.column_names


def test_the_long_table_has_one_row_per_figure():
    rows = small_run().long_table()
    keys = rows.drop("amount", "currency")

    assert keys.is_unique().all()
    assert not keys.null_count().sum_horizontal()[0]


def test_figures_of_the_long_table_are_those_of_the_document():
    run = small_run()
    rows = {row[:9]: row[10] for row in run.long_table().rows()}
    for entry in run.to_dict()["accounts"]:
        key = tuple(entry[name] for name in ("firm", "account", "account_type", "segregation"))
        assert entry["maintenance_requirement"] == rows[*key, "all", "all", "all", "all", "maintenance_requirement"]
        assert float(entry["complete"]) == rows[*key, "all", "all", "all", "all", "complete"]
        for line in entry["requirements"]:
            assert line["requirement"] == rows[*key, "all", "all", line["class"], line["kind"], "requirement"]
        for line in entry["commodities"]:
            place = tuple(line[name] for name in ("clearing_org", "commodity", "class", "kind"))
            for name in ("scan_risk", "net_delta", "intercommodity_credit", "requirement"):
                assert line[name] == rows[(*key, *place, name)]


def test_amounts_that_are_not_money_have_no_currency():
    rows = small_run().long_table()
    without = rows.filter(pl.col("currency").is_null())["component"].unique().sort().to_list()

    assert ["active_scenario", "complete", "net_delta", "positions", "set_aside"] == without


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_csv_gives_spreadsheets_no_formulas(name):
    run = small_run(accounts=frame(ACCOUNTS_SCHEMA, account(name), account("ACC2")))
    rows = pl.read_csv(rendered(run, "csv"), schema=LONG_SCHEMA)

    assert "'" + name in rows["account"].to_list()
    assert rows["amount"].min() < 0  # figures keep their sign


def test_more_accounts_than_a_part_holds_all_arrive_in_order():
    run = many_accounts(4_500)
    rows = run.long_table().filter(component="span_risk")

    assert run.accounts["account"].to_list() == rows["account"].to_list()
    assert pl.read_parquet(rendered(run, "parquet")).equals(run.long_table())


def test_rows_follow_the_order_of_accounts_and_commodities():
    rows = small_run().long_table().filter(component="span_risk")

    assert [
        ("ACC1", "all", "all"), ("ACC1", "all", "CORE"), ("ACC1", "BANKNIFTY", "CORE"), ("ACC1", "NIFTY", "CORE"),
        ("ACC2", "all", "all"), ("ACC2", "all", "CORE"), ("ACC2", "NIFTY", "CORE"),
    ] == rows.select("account", "commodity", "class").rows()  # fmt: skip


def test_a_hand_made_commodity_row_needs_known_fields():
    with pytest.raises(AssertionError):
        frame(ACCOUNTS_SCHEMA, commodity(0, "X"))
