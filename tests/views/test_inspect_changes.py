import re
from dataclasses import replace

import polars as pl
import pytest

import margin
from tests.read.parameters.spn_documents import document, indented, point_in_time
from tests.views.test_inspect import EXAMPLE, checked

TEXT = indented(document(point_in_time(settlement=1)))


def read(folder, text=TEXT, name="file.spn"):
    path = folder / name
    path.write_text(text, "utf-8")
    return margin.read_parameters(path)


@pytest.fixture
def changed(tmp_path):
    """What changed after some replacements in the text of the small file."""

    def changes(*replacements, count=0):
        text = TEXT
        for pattern, new in replacements:
            assert re.search(pattern, text), pattern
            text = re.sub(pattern, new, text, count=count)
        return checked(margin.compare_parameters(read(tmp_path, name="old.spn"), read(tmp_path, text, "new.spn")))

    return changes


def test_a_file_has_not_changed_from_itself(tmp_path):
    parameters = read(tmp_path)
    found = checked(margin.compare_parameters(parameters, parameters))

    assert (True, True) == (found["is_unchanged"], found["is_same_content"])
    assert [] == [
        row for name, rows in found.items() if name not in ("before", "after", "header") for row in _rows(rows)
    ]
    assert 7 == found["counts"]["contracts_on_both_sides"]


def _rows(value):
    return value if isinstance(value, list) else []


def test_other_bytes_of_the_same_parameters_are_no_change(changed):
    found = changed((r"<created>\d+", "<created>202606250001"))

    assert (True, False) == (found["is_unchanged"], found["is_same_content"])
    created = [found["header"][0][side]["created"] for side in ("before", "after")]
    assert ["202606242149", "202606250001"] == created


def test_ids_and_the_order_of_contracts_are_no_change(changed):
    # Other family and contract ids everywhere: nothing lasting is called by them.
    found = changed((r"<pfId>(\d)</pfId>", r"<pfId>7\1</pfId>"), (r"<cId>(\d)</cId>", r"<cId>9\1</cId>"))

    assert found["is_unchanged"]
    assert not found["is_same_content"]


def test_scan_ranges_that_moved_come_with_their_relative_change(changed):
    found = changed((r"<priceScan>2234.01", "<priceScan>2457.411"))
    rows = found["scan_ranges"]

    assert {("price_scan", 2234.01, 2457.411)} == {(row["field"], row["before"], row["after"]) for row in rows}
    assert [0.1] * len(rows) == pytest.approx([row["change"] for row in rows])
    assert {("OOP", "20260630", 3), ("FUT", "20260728", 1)} <= {
        (row["type"], row["period"], row["contracts"]) for row in rows
    }
    assert not found["is_unchanged"]


def test_the_largest_relative_move_comes_first():
    before = margin.read_parameters(EXAMPLE / "parameters.spn")
    factors = {2236.68: 1.1, 177.07: 0.5, 949.95: 1.2}
    arrays = before.arrays["1"]
    price = pl.col("price_scan")
    moved = price * price.replace_strict(list(factors), list(factors.values()), default=1.0)
    after = replace(
        before, arrays={"1": replace(arrays, scan_ranges=arrays.scan_ranges.with_columns(price_scan=moved))}
    )

    rows = margin.compare_parameters(before, after)["scan_ranges"]
    sizes = [abs(row["change"]) for row in rows]
    assert sorted(sizes, reverse=True) == sizes
    assert ["DECCANSOFT", "SHAH&SONS", "LOTUS50"] == list(dict.fromkeys(row["commodity"] for row in rows))


def test_rates_methods_tiers_and_conversions_are_compared(changed):
    found = changed(
        (r"<val>425.0", "<val>510.0"),
        (r"<somMeth>GROSS", "<somMeth>MAX"),
        (r"(<tier>\s*<tn>1</tn>\s*<sPe>)20260630", r"\g<1>20260629"),
        (r"<factor>0.010559", "<factor>0.0116149"),
    )
    rows = {(row["item"], row["commodity"], row["field"]): row for row in found["definitions"]}

    assert {
        ("commodity", "NIFTY", "short_option_minimum method"): ("GROSS", "MAX"),
        ("currency conversion", "", "factor"): (0.010559, 0.0116149),
        ("intracommodity spread", "NIFTY", "rate"): (425.0, 510.0),
        ("tier", "NIFTY", "first period"): ("20260630", "20260629"),
    } == {key: (row["before"], row["after"]) for key, row in rows.items()}
    spread = rows["intracommodity spread", "NIFTY", "rate"]
    assert ("20260630 against 20260728", "1") == (spread["where"], spread["rate_id"])
    assert 0.2 == pytest.approx(spread["change"])
    assert rows["commodity", "NIFTY", "short_option_minimum method"]["change"] is None


def test_a_spread_is_known_by_its_legs_and_not_by_its_priority_or_sides(changed):
    renumbered = changed((r"<spread>1<", "<spread>5<"))
    turned = changed((r"<rs>A</rs>", "<rs>X</rs>"), (r"<rs>B</rs>", "<rs>A</rs>"), (r"<rs>X</rs>", "<rs>B</rs>"))

    assert renumbered["is_unchanged"]
    assert turned["is_unchanged"]


def test_a_spread_on_other_legs_is_another_spread(changed):
    found = changed((r"(<pLeg>\s*<cc>NIFTY</cc>\s*<pe>)20260728", r"\g<1>20260825"))

    (new,), (gone,) = found["definitions_new"], found["definitions_gone"]
    assert ("intracommodity spread", "20260630 against 20260825") == (new["item"], new["where"])
    assert ("intracommodity spread", "20260630 against 20260728") == (gone["item"], gone["where"])


def test_contracts_come_and_go(changed):
    found = changed((r"<pe>20260728", "<pe>20260825"), (r"<date>20260625", "<date>20260701"))

    assert [("FUT", "20260825", 1, False), ("OOP", "20260825", 1, False)] == [
        (row["type"], row["period"], row["contracts"], row["has_expired"]) for row in found["contracts_new"]
    ]
    assert [[], [24000.0]] == [row["calls"] for row in found["contracts_gone"]]
    assert (7, 7, 5, 2, 2) == tuple(
        found["counts"][name]
        for name in (
            "contracts_before",
            "contracts_after",
            "contracts_on_both_sides",
            "contracts_new",
            "contracts_gone",
        )
    )


@pytest.mark.parametrize(
    ("date", "has_expired"), [("20260727", False), ("20260728", True), ("20260729", True), ("20270101", True)]
)
def test_a_contract_that_is_gone_has_expired_from_its_day_on(changed, date, has_expired):
    found = changed((r"<pe>20260728", "<pe>20280728"), (r"<date>20260625", f"<date>{date}"))

    assert {has_expired} == {row["has_expired"] for row in found["contracts_gone"]}


def test_a_strike_is_compared_as_a_number(changed):
    assert changed((r"<k>24000.00", "<k>24000"))["is_unchanged"]
    assert [[24000.5]] == [
        row["calls"] for row in changed((r"(<o>C</o>\s*<k>)24100.00", r"\g<1>24000.5"))["contracts_new"]
    ]


def test_prices_move_in_multiples_of_the_earlier_scan_range(changed):
    found = changed((r"<p>24051.80</p>", "<p>25168.805</p>"))
    (june, july) = [row for row in found["prices"] if row["type"] == "FUT"]

    # (25168.805 − 24051.80) ÷ 2234.01 = 0.5
    assert ("20260630", "20260728") == (june["period"], july["period"])
    assert 0.5 == pytest.approx(june["scan_ranges"])
    assert 25168.805 / 24051.8 - 1 == pytest.approx(june["change"])
    assert (2244.36, 2244.36) == (june["risk_before"], june["risk_after"])
    assert 2 == found["counts"]["other_price"]


def test_another_array_or_delta_is_counted(changed):
    found = changed((r"<a>2244.36", "<a>3000"))
    delta = changed((r"<d>0.45</d>", "<d>0.5</d>"))

    assert (0, 0, 7) == tuple(found["counts"][name] for name in ("other_price", "other_delta", "other_array"))
    assert {3000.0} == {row["risk_after"] for row in found["prices"]}
    assert (0, 4, 0) == tuple(delta["counts"][name] for name in ("other_price", "other_delta", "other_array"))
    assert not delta["is_unchanged"]


def test_factors_are_compared(changed):
    found = changed((r"<cvf>1.0</cvf>(\s*<val>24051)", r"<cvf>2.0</cvf>\1"))

    assert {("FUT", "contract_value_factor", 1.0, 2.0, 1.0)} == {
        (row["type"], row["field"], row["before"], row["after"], row["change"]) for row in found["factors"]
    }


def test_grids_are_compared(changed):
    found = changed((r"<weight>0.35", "<weight>0.33"))

    assert {
        ("scenario grid", "scenario 15 weight", 0.35, 0.33),
        ("scenario grid", "scenario 16 weight", 0.35, 0.33),
    } == {(row["item"], row["field"], row["before"], row["after"]) for row in found["definitions"]}


def test_a_commodity_that_is_gone_takes_its_parts_with_it(tmp_path):
    before = read(tmp_path)
    found = checked(margin.compare_parameters(before, replace(before, commodities=())))

    assert [("commodity", "NIFTY")] == [(row["item"], row["commodity"]) for row in found["definitions_gone"]]
    assert [] == found["definitions_new"]


def test_a_clearing_organisation_and_a_rate_id_may_be_called_otherwise(tmp_path):
    before = read(tmp_path)
    other = TEXT.replace("<ec>NSCCL", "<ec>NCL").replace("<r>1<", "<r>M<")
    found = checked(margin.compare_parameters(before, read(tmp_path, other, "other.spn")))

    assert found["is_unchanged"], found["definitions"]
    assert ("NSCCL", "NCL") == tuple(found["header"][0][side]["code"] for side in ("before", "after"))


def test_what_only_one_of_two_formats_states_is_no_change(tmp_path):
    before = read(tmp_path)
    silent = replace(before.commodities[0], procedure_method=None, short_option_minimum_method="MAX")
    other = replace(before, commodities=(silent,))
    written = replace(other, sources=tuple(replace(source, format="pa2") for source in before.sources))

    same_format, two_formats = (checked(margin.compare_parameters(before, after)) for after in (other, written))
    assert ["procedure method", "short_option_minimum method"] == [row["field"] for row in same_format["definitions"]]
    assert ["short_option_minimum method"] == [row["field"] for row in two_formats["definitions"]]
    assert ["procedure method"] == [row["field"] for row in two_formats["definitions_unstated"]]
    assert [] == same_format["definitions_unstated"]


def test_a_grid_is_the_same_wherever_it_is_defined(tmp_path):
    before = read(tmp_path)
    (org,), (commodity,) = before.clearing_orgs, before.commodities
    moved = replace(before, clearing_orgs=(replace(org, grids={}),), commodities=(replace(commodity, grids=org.grids),))

    assert checked(margin.compare_parameters(before, moved))["is_unchanged"]


def test_a_delta_scale_is_the_same_on_the_product_or_on_its_contracts(tmp_path):
    before = read(tmp_path)
    (commodity,) = before.commodities
    links = tuple(replace(link, delta_scaling_factor=0.1) for link in commodity.product_links)
    on_links = replace(before, commodities=(replace(commodity, product_links=links),))
    on_contracts = replace(before, contracts=before.contracts.with_columns(delta_scaling_factor=pl.lit(0.1)))

    assert checked(margin.compare_parameters(on_links, on_contracts))["is_unchanged"]
    rows = checked(margin.compare_parameters(before, on_links))["factors"]
    assert {("delta_scaling_factor", 1.0, 0.1)} == {(row["field"], row["before"], row["after"]) for row in rows}
