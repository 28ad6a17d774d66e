import io
import json
from dataclasses import replace
from pathlib import Path
from random import Random

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import margin
from margin.model.house import Rounding
from margin.model.problem import InputRefused
from margin.report import EXPLANATION_FORMATS, Presentation
from margin.views.explain import COMPONENTS, rules
from margin.views.explain.node import Node, combined, require_adding_up, rounded_sum
from tests.methods.london_documents import book, document
from tests.oracle.random_books import Features, random_case
from tests.views.adding_up import agree, all_nodes, faults, nodes, trees

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "examples/01-nse-end-of-day"
SCHEMA = json.loads((REPOSITORY / "configs/schema/explain.schema.json").read_text("utf-8"))

AMOUNTS = (
    "scan_risk",
    "intracommodity_charge",
    "delivery_charge",
    "intercommodity_credit",
    "interclearing_credit",
    "short_option_minimum",
)


@pytest.fixture(scope="module")
def example():
    parameters = margin.read_parameters(EXAMPLE / "parameters.spn")
    return margin.calculate(parameters, margin.read_positions(EXAMPLE / "positions.csv"))


def case_run(folder, seed, features, **options):
    case = random_case(seed, features, books=3)
    (folder / "p.spn").write_text(case.spn, "utf-8")
    (folder / "b.csv").write_text(case.positions_csv(), "utf-8")
    parameters, positions = margin.read_parameters(folder / "p.spn"), margin.read_positions(folder / "b.csv")
    return margin.calculate(parameters, positions, **options)


def commodity_nodes(document):
    """The nodes of each commodity's SPAN risk in the headline requirement, by commodity code."""
    found = {}
    for node in nodes(document["requirement"]):
        if node["key"] == "span_risk":
            found.update({child["key"]: child for child in node["children"]})
    return found


@pytest.mark.parametrize("features", [Features(), Features.all()], ids=["core", "all"])
@pytest.mark.parametrize("house", [None, "cme"])
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_tree_adds_up_to_the_figures_of_the_run(tmp_path_factory, features, house, seed):
    options = {"rounding": "none"} if house is None else {"house": margin.read_house(house)}
    run = case_run(tmp_path_factory.mktemp("case"), seed, features, **options)

    for account in run.to_dict()["accounts"]:
        explained = run.explain(account["account"], account_type=account["account_type"])

        jsonschema.validate(explained, SCHEMA)
        assert [] == list(faults(explained))
        assert agree(explained["requirement"]["value"], account["maintenance_requirement"])
        stated = {(row["class"], row["kind"]): row["requirement"] for row in account["requirements"]}
        assert len(stated) == len(trees(explained)) or not stated
        by_commodity = commodity_nodes(explained)
        for row in account["commodities"]:
            if (row["class"], row["kind"]) != ("CORE", "maintenance"):
                continue
            node = by_commodity[row["commodity"]]
            if account["currency"] == row["currency"]:
                assert agree(node["value"], row["span_risk"])
            if row["absorbed_into"] is None and row["span_risk"] is not None:
                components = {below["key"]: below["value"] for below in reversed(list(nodes(node)))}
                assert all(agree(components[name], row[name]) for name in AMOUNTS)


@pytest.mark.parametrize("rounding", ["house", "none"])
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_trees_of_london_span_add_up_too(tmp_path_factory, rounding, seed):
    folder, random = tmp_path_factory.mktemp("london"), Random(seed)
    node = document(random)
    (folder / "p.yaml").write_text(json.dumps(node), "utf-8")
    held = book(random, node["contracts"])
    rows = [f"ACC,{contract},{float(quantity):g}" for contract, quantity in held.items()]
    (folder / "b.csv").write_text("\n".join(["account,contract,quantity", *rows]) + "\n", "utf-8")
    parameters, positions = margin.read_parameters(folder / "p.yaml"), margin.read_positions(folder / "b.csv")
    run = margin.calculate(parameters, positions, method="london-span", rounding=rounding)

    for account in run.to_dict()["accounts"]:
        explained = run.explain(account["account"])
        assert [] == list(faults(explained))
        assert agree(explained["requirement"]["value"], account["maintenance_requirement"])


def test_the_random_books_form_everything_there_is_to_explain(tmp_path):
    rules, operations = set(), set()
    for seed in range(100, 112):
        run = case_run(tmp_path, seed, Features.all(), house=margin.read_house("cme"))
        for account in run.accounts["account"]:
            for node in all_nodes(run.explain(account)):
                rules.add(node["rule"]["name"])
                operations.add(node["operation"])

    assert {"sum", "difference", "product", "quotient", "max", "min", "absolute", "leaf"} == operations
    assert {
        "requirement", "order of evaluation", "classes, kinds and factors", "scan risk", "risk arrays", "rounding",
        "weighted futures price risk", "composite delta", "intracommodity spreads", "delivery charge",
        "intercommodity spreads", "scanning-based spreads", "short option minimum", "option value", "gross accounts",
    } <= rules  # fmt: skip


def test_an_account_of_the_example_as_markdown_is_the_expected_page(example):
    out = io.BytesIO()
    document = example.explain("COVERED-CALLS")
    for source in (*document["run"]["parameters"], *document["run"]["positions"]):
        source["path"] = Path(source["path"]).name
    document["run"]["version"] = "0"
    EXPLANATION_FORMATS.format("markdown").render(document, out, Presentation())

    expected = Path(__file__).parent / "expected/covered-calls.md"
    assert expected.read_text("utf-8") == out.getvalue().decode("utf-8")


def test_parameters_stand_in_the_lines_that_are_named(example):
    lines = (EXAMPLE / "parameters.spn").read_text("utf-8").splitlines()
    checked = set()
    for account in ("CALENDARS", "COVERED-CALLS", "TIME-SPREADS"):
        for node in all_nodes(example.explain(account)):
            for parameter in node["parameters"]:
                assert str(EXAMPLE / "parameters.spn") == parameter["file"]
                text = lines[parameter["line"] - 1]
                tag = {"risk array": "a", "price": "p", "composite delta": "d", "spread rate": "val"}.get(
                    parameter["name"].split(",")[0]
                )
                if tag is None:
                    continue
                checked.add(tag)
                numbers = {float(part.split("<")[0]) for part in text.split(f"<{tag}>")[1:]}
                assert parameter["value"] in numbers, (parameter, text)

    assert {"a", "p", "d", "val"} == checked


def test_positions_times_arrays_make_up_the_scan_risk(example):
    document = example.explain("COVERED-CALLS")
    scan = next(node for node in nodes(commodity_nodes(document)["DECCANSOFT"]) if node["key"] == "scan_risk")
    future, option = (node for node in scan["children"] if node["operation"] == "product")

    assert [9500.0, 177.36] == [child["value"] for child in future["children"]]
    assert [-9500.0, 8.84] == [child["value"] for child in option["children"]]
    assert (121, "NSE DECCANSOFT FUT 20260630/ra[1]/a[13]") == (
        future["children"][1]["parameters"][0]["line"],
        future["children"][1]["parameters"][0]["path"],
    )
    assert 16 == len(scan["table"]["rows"])
    assert [13, "price -1× of scan range, volatility up", 1_600_940.0] == scan["table"]["rows"][12]


def test_a_path_leads_to_what_was_asked_for_and_shows_all_of_it(example):
    whole = example.explain("CALENDARS")
    path = example.explain("CALENDARS", why=("intracommodity_charge",))

    charges = [node for node in all_nodes(path) if node["key"] == "intracommodity_charge" and node["children"]]
    assert 6 == len(charges)
    assert [] == list(faults(path))
    assert not any(node["key"] == "scan_risk" for node in all_nodes(path))
    assert all(not node["omitted"] for charge in charges for node in nodes(charge))
    assert whole["requirement"]["value"] == path["requirement"]["value"]
    assert ["intracommodity_charge"] == path["why"]


def test_a_path_may_lead_to_a_commodity_or_a_contract(example):
    commodity = example.explain("CALENDARS", why=("LOTUS50",))
    contract = example.explain("CALENDARS", why=("NSE LOTUS50 FUT 20260630",))

    assert ["LOTUS50"] == list(commodity_nodes(commodity))
    assert "NSE LOTUS50 FUT 20260728" in {node["key"] for node in all_nodes(commodity)}
    assert "NSE LOTUS50 FUT 20260728" not in {node["key"] for node in all_nodes(contract)}


def test_depth_cuts_below_the_requirement_or_below_what_is_asked_for(example):
    top = example.explain("CALENDARS", depth=0)["requirement"]
    path = example.explain("CALENDARS", depth=1, why=("intracommodity_charge",))
    charges = [node for node in all_nodes(path) if node["key"] == "intracommodity_charge" and node["children"]]

    assert ([], 2) == (top["children"], top["omitted"])
    spreads = [spread for charge in charges for spread in charge["children"] if spread["operation"] == "product"]
    assert [([], 2)] * 6 == [(spread["children"], spread["omitted"]) for spread in spreads]


def test_unknown_components_are_refused_together_with_the_nearest(example):
    with pytest.raises(InputRefused) as refused:
        example.explain("CALENDARS", why=("intracomodity_charge", "price_risk", "scan_risk"))

    near, absent = (problem.message for problem in refused.value.problems)
    assert "did you mean 'intracommodity_charge'?" in near
    assert "nothing in the requirement of account 'CALENDARS' comes from price_risk" == absent


def test_components_that_are_always_there_can_be_asked_for(example):
    for component in COMPONENTS[:11]:
        document = example.explain("DIRECTIONAL", why=(component,))
        assert any(node["key"] == component for node in all_nodes(document))


def test_an_unknown_account_is_refused_with_the_nearest(example):
    with pytest.raises(InputRefused, match="did you mean 'CALENDARS'"):
        example.explain("CALENDAR")
    with pytest.raises(InputRefused, match=r"of that firm.*there is firm NORTH"):
        example.explain("CALENDARS", firm="SOUTH")


POSITIONS = """\
firm,account,account_type,exchange,product,type,expiry,quantity
ABC,ACC1,S,NSE,LOTUS50,FUT,2026-06-30,75
XYZ,ACC1,S,NSE,LOTUS50,FUT,2026-06-30,-75
XYZ,ACC1,S,NSE,LOTUS50,FUT,2026-06-29,75
"""


@pytest.fixture
def namesakes(tmp_path):
    (tmp_path / "positions.csv").write_text(POSITIONS, "utf-8")
    positions = margin.read_positions(tmp_path / "positions.csv")
    return margin.calculate(margin.read_parameters(EXAMPLE / "parameters.spn"), positions)


def test_accounts_of_several_firms_are_told_apart(namesakes):
    with pytest.raises(InputRefused, match="firm ABC, account type S; firm XYZ, account type S"):
        namesakes.explain("ACC1")

    document = namesakes.explain("ACC1", firm="ABC")
    assert ("ABC", True) == (document["account"]["firm"], document["account"]["complete"])
    assert [] == document["problems"]


def test_positions_that_were_set_aside_stand_in_the_tree_without_a_value(namesakes):
    document = namesakes.explain("ACC1", firm="XYZ")
    aside = [node for node in all_nodes(document) if node["key"].startswith("set aside")]

    assert [None] == [node["value"] for node in aside]
    assert "positions.csv:4: contract NSE LOTUS50 FUT 2026" in aside[0]["note"]
    assert not document["account"]["complete"]
    assert document["requirement"]["value"] > 0.0
    assert [] == list(faults(document))


def test_a_refused_commodity_stands_in_the_tree_with_its_reason(tmp_path):
    content = (EXAMPLE / "parameters.spn").read_text("utf-8").replace("<procMeth>NORMAL", "<procMeth>ODD", 1)
    (tmp_path / "odd.spn").write_text(content, "utf-8")
    run = margin.calculate(
        margin.read_parameters(tmp_path / "odd.spn"), margin.read_positions(EXAMPLE / "positions.csv")
    )
    document = run.explain("CALENDARS")

    assert document["requirement"]["value"] is None
    refused = commodity_nodes(document)["LOTUS50"]
    assert refused["value"] is None
    assert "procMeth = ODD" in refused["note"]
    assert commodity_nodes(document)["LOTUSBANK"]["value"] == 437_692.50


def test_a_run_without_its_inputs_says_so(example):
    with pytest.raises(RuntimeError, match="calculate"):
        replace(example, explainer=None).explain("CALENDARS")


def test_every_rule_has_its_page_in_the_documentation():
    for rule in vars(rules).values():
        if isinstance(rule, rules.Rule):
            assert (REPOSITORY / "docs" / f"{rule.docs}.md").exists(), rule


def test_a_tree_that_does_not_add_up_is_never_given():
    parts = (Node("a", "a", 1.0), Node("b", "b", 2.0))

    require_adding_up(combined("sum", "c", "c", parts))
    with pytest.raises(ArithmeticError, match=r"c is 4\.0, but the sum of its parts is 3\.0"):
        require_adding_up(combined("sum", "c", "c", parts, value=4.0))
    with pytest.raises(ArithmeticError, match="nan"):
        require_adding_up(Node("a", "a", float("nan")))


def test_a_rounding_changes_no_more_than_its_last_digit():
    parts = (Node("a", "a", 1.26),)

    assert (
        "rounded to 1 decimal, half away from zero" == rounded_sum("c", "c", parts, 1.3, Rounding(1)).children[1].label
    )
    with pytest.raises(ArithmeticError, match="changed a figure"):
        rounded_sum("c", "c", parts, 1.5, Rounding(1))
