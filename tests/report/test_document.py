import json
from pathlib import Path

import jsonschema
import polars as pl
import pytest

from margin.model.document import account_document, account_documents, totals
from margin.model.frames import settled
from margin.model.run import ACCOUNTS_SCHEMA, PERIODS_SCHEMA
from tests.report.fixtures import account, frame, many_accounts, small_run

SCHEMA = json.loads((Path(__file__).parents[2] / "configs/schema/calculate.schema.json").read_text("utf-8"))


def fields(names):
    return names.split()


# The fields of the JSON contract, in its order; others may stand among them.
ACCOUNT_FIELDS = fields(
    "firm account account_type segregation netting currency complete span_risk net_option_value "
    "available_net_option_value long_option_value short_option_value maintenance_requirement initial_requirement "
    "outright_risk equity excess requirements commodities spreads"
)
COMMODITY_FIELDS = fields(
    "clearing_org commodity currency class kind absorbed_into scan_risk active_scenario scenario_losses time_risk "
    "volatility_risk price_risk weighted_futures_price_risk net_delta scan_tiers periods intracommodity_charge "
    "delivery_charge intercommodity_credit interclearing_credit short_option_minimum exposure_margin span_risk "
    "net_option_value available_net_option_value requirement"
)
SPREAD_FIELDS = fields("kind form clearing_org priority number amount legs")
LEG_FIELDS = fields("commodity tier period side ratio delta_used amount")
PROBLEM_FIELDS = fields("reason severity message file line account attributes")


def in_order(wanted, document):
    return [name for name in document if name in wanted] == list(wanted)


def test_the_document_follows_the_json_schema():
    jsonschema.validate(small_run().to_dict(), SCHEMA)
    jsonschema.validate(many_accounts(0).to_dict(), SCHEMA)


def test_the_schema_refuses_a_missing_field():
    document = small_run().to_dict()
    del document["accounts"][0]["commodities"][0]["scan_risk"]

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


def test_fields_stand_in_the_order_of_the_contract():
    document = small_run().to_dict()
    first = document["accounts"][0]

    assert ["schema_version", "run", "totals", "accounts", "problems"] == list(document)
    assert in_order(ACCOUNT_FIELDS, first)
    assert in_order(COMMODITY_FIELDS, first["commodities"][0])
    assert in_order(SPREAD_FIELDS, first["spreads"][0])
    assert LEG_FIELDS == list(first["spreads"][0]["legs"][0])
    assert in_order(PROBLEM_FIELDS, document["problems"][0])


def test_rows_belong_to_their_account_and_commodity():
    one, two = small_run().to_dict()["accounts"]

    assert ["BANKNIFTY", "NIFTY"] == [row["commodity"] for row in one["commodities"]]
    assert ["NIFTY"] == [row["commodity"] for row in two["commodities"]]
    assert [[], [0]] == [[tier["tier"] for tier in row["scan_tiers"]] for row in one["commodities"]]
    assert [[-1.5], [2.0, -1.0]] == [[part["delta"] for part in row["periods"]] for row in one["commodities"]]
    assert (2, 0) == (len(one["spreads"]), len(two["spreads"]))


def test_a_figure_that_could_not_be_computed_is_null():
    two = small_run().to_dict()["accounts"][1]

    assert two["complete"] is False
    assert two["maintenance_requirement"] is None
    assert two["commodities"][0]["scenario_losses"] is None


def test_no_negative_zero_leaves_a_run():
    assert "-0.0" not in json.dumps(small_run().to_dict())
    assert "-0.0" not in small_run().long_table().write_csv()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_run_with_a_number_that_is_none_is_an_internal_error(number):
    with pytest.raises(ArithmeticError, match=r"accounts\.span_risk"):
        small_run(accounts=frame(ACCOUNTS_SCHEMA, account("A", span_risk=number)))


def test_numbers_in_lists_and_legs_are_checked_too():
    run = small_run()
    spreads = run.spread_rows.with_columns(
        pl.col("legs").list.eval(
            pl.element().struct.with_fields(pl.lit(float("nan")).alias("ratio")),
        )
    )
    losses = run.commodity_rows.with_columns(pl.col("scenario_losses").list.eval(pl.element() * float("inf")))

    with pytest.raises(ArithmeticError, match=r"spread_rows\.legs\.ratio"):
        small_run(spread_rows=spreads)
    with pytest.raises(ArithmeticError, match=r"commodity_rows\.scenario_losses"):
        small_run(commodity_rows=losses)


def test_frames_out_of_order_or_shape_are_refused():
    periods = frame(PERIODS_SCHEMA, {"commodity_index": 1}, {"commodity_index": 0})

    with pytest.raises(ArithmeticError, match="order of commodity_index"):
        settled("periods", periods, PERIODS_SCHEMA, "commodity_index")
    with pytest.raises(TypeError, match="periods"):
        settled("periods", periods.drop("delta"), PERIODS_SCHEMA)


def test_totals_leave_incomplete_accounts_out_and_say_so():
    entry = totals(small_run())["by_currency"]

    assert 1 == len(entry)
    assert 1259717.75 == entry[0]["maintenance_requirement"]
    assert (2, 1) == (entry[0]["accounts"], entry[0]["incomplete_accounts"])


def test_a_total_of_incomplete_accounts_only_is_null():
    names = ("requirement_rows", "commodity_rows", "scan_tier_rows", "period_rows", "spread_rows")
    accounts = frame(ACCOUNTS_SCHEMA, account("A", complete=False, span_risk=5.0))
    run = small_run(accounts=accounts, **{name: getattr(small_run(), name)[:0] for name in names})

    assert totals(run)["by_currency"][0]["span_risk"] is None


def test_totals_are_exact_and_keep_currencies_apart():
    amounts = [0.1] * 10 + [1e16, 1.0, -1e16]
    rows = [account(f"A{i:02}", span_risk=amount, firm="F") for i, amount in enumerate(amounts)]
    rows.append(account("B", currency="USD", span_risk=3.0, firm="F"))
    rows.append(account("C", currency=None, complete=False, firm="G"))
    run = small_run(accounts=frame(ACCOUNTS_SCHEMA, *rows))
    sums = totals(run)

    assert [("INR", 2.0), ("USD", 3.0), (None, None)] == [(e["currency"], e["span_risk"]) for e in sums["by_currency"]]
    assert [("F", "INR"), ("F", "USD"), ("G", None)] == [(e["firm"], e["currency"]) for e in sums["by_firm"]]
    assert 13 + 2 == sums["accounts"]


def test_one_account_is_the_same_alone_and_among_all():
    run = small_run()

    assert list(account_documents(run)) == [account_document(run, 0), account_document(run, 1)]


def test_more_accounts_than_are_made_at_once_all_arrive():
    assert [f"A{i:05}" for i in range(2_500)] == [entry["account"] for entry in account_documents(many_accounts(2_500))]


def test_problems_are_a_frame_with_attributes_as_json():
    problems = small_run().problems

    assert ["reason", "severity", "message", "file", "line", "account", "attributes"] == problems.columns
    assert ["unknown_contract", "assumed_account_type"] == problems["reason"].to_list()
    assert [12, None] == problems["line"].to_list()
    assert {"found": "NIFTY FUT 20260631", "hint": "NIFTY FUT 20260630", "price": "nan"} == json.loads(
        problems["attributes"][0]
    )
    assert many_accounts(1).problems.is_empty()


def test_frames_for_readers_carry_the_account_and_commodity():
    run = small_run()
    key = ["firm", "account", "account_type", "segregation"]

    for rows in (run.commodities, run.requirements, run.spreads, run.scan_tiers, run.periods):
        assert key == rows.columns[:4]
        assert not {"account_index", "commodity_index"} & set(rows.columns)
    assert ["ACC1", "ACC1", "ACC2"] == run.commodities["account"].to_list()
    assert [("BANKNIFTY", -1.5), ("NIFTY", 2.0), ("NIFTY", -1.0)] == run.periods.select("commodity", "delta").rows()
