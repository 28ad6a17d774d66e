"""Results as SPAN XML: the figures of the run, references that resolve, and a document that margins itself again."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import margin
from margin import report
from margin.model.problem import InputRefused
from margin.model.run import MarginRun
from tests.market.generate import ALL_FEATURES, cme_spec, generate_market, nse_spec, write_spn
from tests.market.position_files import write_csv
from tests.market.positions import generate_positions
from tests.oracle.random_books import Features, random_case
from tests.report.fixtures import small_run
from tests.write.spn_schema import assert_valid, needs_schema, schema_faults

EXAMPLE = Path(__file__).parents[2] / "examples/01-nse-end-of-day"
FEATURES = {"all": Features.all(), "functions": replace(Features.all(), business_functions=True)}
FIGURES = ("span_risk", "available_net_option_value", "maintenance_requirement", "initial_requirement")


def rendered(run: MarginRun) -> bytes:
    out = io.BytesIO()
    report.render(run, "span-xml", out)
    return out.getvalue()


def random_run(seed: int, features: str, folder: Path) -> MarginRun:
    """The run of a random file and books, with whole quantities."""
    case = random_case(seed, FEATURES[features])
    (folder / "file.spn").write_text(case.spn, "utf-8")
    lines = pl.read_csv(case.positions_csv().encode(), infer_schema=False)
    whole = (
        (pl.col(name).cast(pl.Float64) * 4000).round(0).cast(pl.Int64).alias(name)
        for name in ("quantity", "long", "short")
    )
    lines.with_columns(whole).write_csv(folder / "book.csv")
    parameters, positions = margin.read_parameters(folder / "file.spn"), margin.read_positions(folder / "book.csv")
    return margin.calculate(parameters, positions, rounding="none")


def market_run(shape: str, folder: Path) -> MarginRun:
    specs = {
        "nse": nse_spec(features=ALL_FEATURES, underlyings=5),
        "cme": cme_spec(features=ALL_FEATURES, underlyings=9),
    }
    market = generate_market(specs[shape])
    parameters = margin.read_parameters(write_spn(market, folder / "market.spn"))
    path = write_csv(generate_positions(market, accounts=12, positions=300, seed=4), folder / "book.csv")
    return margin.calculate(parameters, margin.read_positions(path))


@pytest.fixture(scope="module")
def example() -> MarginRun:
    parameters = margin.read_parameters(EXAMPLE / "parameters.spn")
    return margin.calculate(parameters, margin.read_positions(EXAMPLE / "positions.csv"))


def key_of(portfolio: ET.Element) -> tuple[str, str, str, str]:
    firm, account, kind, segregation = (portfolio.findtext(name, "") for name in ("firm", "acctId", "acctType", "seg"))
    return firm, account, kind, segregation


def number_of(element: ET.Element, name: str) -> float:
    return float(element.findtext(name, "nan"))


def kinds(elements: list[ET.Element]) -> dict[tuple[str, bool], ET.Element]:
    """Requirements by class and whether they are maintenance."""
    return {(item.findtext("pbc", ""), item.findtext("isM") == "1"): item for item in elements}


def positions_of(root: ET.Element, parameters: margin.ParameterSet) -> pl.DataFrame:
    """The positions of a document by the codes of their contracts, looked up by the document's ids."""
    known = {}
    for row in parameters.contracts.iter_rows(named=True):
        product = parameters.products[row["product"]]
        org = product.normal_clearing_org or product.clearing_org
        known[org, product.exchange, product.product_id, row["contract_id"]] = (product, row)
    homes = {org.code: org.home_organisations or (org.code,) for org in parameters.clearing_orgs}
    lines = []
    for portfolio in root.iter("portfolio"):
        firm, account, kind, segregation = key_of(portfolio)
        for org in portfolio.iter("ecPort"):
            for position in (*org.iter("np"), *org.iter("gp")):
                place = [position.findtext(name, "") for name in ("exch", "pfId", "cId")]
                code = org.findtext("ec", "")
                product, row = next(known[home, *place] for home in homes[code] if (home, *place) in known)
                lines.append(
                    {
                        "firm": firm,
                        "account": account,
                        "account_type": kind,
                        "segregation": segregation,
                        "currency": portfolio.findtext("currency"),
                        "clearing_org": code,
                        "exchange": product.exchange,
                        "product": product.code,
                        "type": product.type,
                        "expiry": row["period"] or None,
                        "underlying_expiry": (row["underlying_period"] or None) if product.is_option else None,
                        "right": row["right"],
                        "strike": row["strike"],
                        **{
                            column: position.findtext(name)
                            for column, name in (("quantity", "net"), ("long", "long"), ("short", "short"))
                        },
                    }
                )
    return pl.DataFrame(lines, infer_schema_length=None)


def assert_margins_itself(run: MarginRun, content: bytes, folder: Path) -> None:
    """Check that a document's positions and parameters give the requirements of the run again."""
    (folder / "result.spn").write_bytes(content)
    parameters = margin.read_parameters(folder / "result.spn")
    positions_of(ET.fromstring(content), parameters).write_csv(folder / "again.csv")
    again = margin.calculate(
        parameters,
        margin.read_positions(folder / "again.csv"),
        rounding="none" if run.rounding == "none" else "house",
        quantity_unit="units" if "units" in run.quantity_unit else "contracts",
    )
    names = ("firm", "account", "account_type", "segregation", *FIGURES)
    expected = run.accounts.filter(pl.col("set_aside") == 0).select(names)
    known = expected.select(names[:4]).join(
        again.accounts.select(names), on=names[:4], how="left", maintain_order="left"
    )
    held = known["span_risk"].is_not_null() | known["maintenance_requirement"].is_not_null()

    assert held.sum() > 0
    assert expected.filter(held).rows() == known.filter(held).rows()


def assert_holds_the_figures(run: MarginRun, content: bytes) -> None:
    """Check totals and components of every portfolio against the run."""
    portfolios = {key_of(item): item for item in ET.fromstring(content).iter("portfolio")}
    accounts = run.to_dict()["accounts"]

    assert len(accounts) == len(portfolios)
    for account in accounts:
        names = ("firm", "account", "account_type", "segregation")
        portfolio = portfolios[tuple(account[name] for name in names)]  # type: ignore[index]
        totals = kinds(portfolio.findall("oReq"))
        if not account["complete"]:
            assert not totals
        else:
            headline = totals["CORE", True]
            assert [account["span_risk"], account["available_net_option_value"]] == [
                number_of(headline, name) for name in ("spanReq", "anov")
            ]
        commodities = {
            (org.findtext("ec"), item.findtext("cc")): item
            for org in portfolio.iter("ecPort")
            for item in org.iter("ccPort")
        }
        for row in account["commodities"]:
            assert_holds_the_row(row, commodities[row["clearing_org"], row["commodity"]])


COMPONENTS = {
    "scan_risk": "sr",
    "intracommodity_charge": "ia",
    "delivery_charge": "dr",
    "intercommodity_credit": "ie",
    "interclearing_credit": "iex",
    "short_option_minimum": "som",
}


def assert_holds_the_row(row: dict[str, Any], commodity: ET.Element) -> None:
    found = kinds([item for item in commodity if item.tag in ("nReq", "gReq", "dReq")])
    key = ({"RESERVE": "RESRV"}.get(row["class"], row["class"]), row["kind"] == "maintenance")
    if row["span_risk"] is None:
        assert key not in found
        return
    element = found[key]
    assert row["span_risk"] == number_of(element, "spanReq")
    if element.tag == "nReq":
        assert [row[name] for name in COMPONENTS] == [number_of(element, name) for name in COMPONENTS.values()]
        assert [(item["period"] or "000000", item["delta"], item["remaining_delta"]) for item in row["periods"]] == [
            (item.findtext("pe"), number_of(item, "od"), number_of(item, "rd")) for item in element.findall("pd")
        ]


def test_the_example_is_written_with_its_figures(example: MarginRun, tmp_path: Path) -> None:
    content = rendered(example)

    assert [] == schema_faults(ET.fromstring(content))
    assert_holds_the_figures(example, content)
    assert_margins_itself(example, content, tmp_path)
    assert content == rendered(example)


@pytest.mark.parametrize("shape", ["nse", "cme"])
def test_generated_books_are_written_with_their_figures(shape: str, tmp_path: Path) -> None:
    run = market_run(shape, tmp_path)
    content = rendered(run)

    assert [] == schema_faults(ET.fromstring(content))
    assert_holds_the_figures(run, content)
    assert_margins_itself(run, content, tmp_path)


@needs_schema
@pytest.mark.parametrize("shape", ["nse", "cme"])
def test_generated_books_are_valid_against_the_published_schema(shape: str, tmp_path: Path) -> None:
    assert_valid(rendered(market_run(shape, tmp_path)))


@needs_schema
def test_the_example_is_valid_against_the_published_schema(example: MarginRun) -> None:
    assert_valid(rendered(example))


def rendered_unless_a_function_lists_an_unknown_family(run: MarginRun) -> bytes | None:
    """The document; `None` where a business function lists a family of which no contract is known."""
    try:
        return rendered(run)
    except InputRefused as refused:
        if all("a business function lists no contract of it" in problem.message for problem in refused.problems):
            return None
        raise


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), features=st.sampled_from(sorted(FEATURES)))
def test_any_book_is_written_with_its_figures(
    seed: int, features: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("case")
    run = random_run(seed, features, folder)
    content = rendered_unless_a_function_lists_an_unknown_family(run)
    if content is None:
        assert features == "functions"
        return

    assert [] == schema_faults(ET.fromstring(content))
    assert_holds_the_figures(run, content)


@needs_schema
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("features", FEATURES)
def test_any_book_is_valid_against_the_published_schema(seed: int, features: str, tmp_path: Path) -> None:
    assert_valid(rendered(random_run(seed, features, tmp_path)))


def test_only_what_is_held_and_what_it_refers_to_is_in_the_document(example: MarginRun, tmp_path: Path) -> None:
    (tmp_path / "result.spn").write_bytes(rendered(example))
    part = margin.read_parameters(tmp_path / "result.spn")
    whole = margin.read_parameters(EXAMPLE / "parameters.spn")

    assert 0 < part.contracts.height < whole.contracts.height
    assert {commodity.code for commodity in part.commodities} == set(example.commodity_rows["commodity"])
    assert part.contracts["underlying_contract"].null_count() < part.contracts.height
    assert () == part.problems


def test_an_account_without_a_figure_has_its_positions_and_no_requirement(tmp_path: Path) -> None:
    text = (EXAMPLE / "parameters.spn").read_text("utf-8")
    (tmp_path / "file.spn").write_text(
        text.replace("<procMeth>NORMAL</procMeth>", "<procMeth>OTHER</procMeth>"), "utf-8"
    )
    parameters = margin.read_parameters(tmp_path / "file.spn")
    run = margin.calculate(parameters, margin.read_positions(EXAMPLE / "positions.csv"))
    root = ET.fromstring(rendered(run))

    assert not run.accounts["complete"].any()
    assert [] == [item.tag for item in root.iter() if item.tag in ("nReq", "gReq", "dReq", "oReq", "curReq")]
    assert len(list(root.iter("np"))) > 0


def test_quantities_that_are_no_whole_numbers_are_refused(tmp_path: Path) -> None:
    lines = (EXAMPLE / "positions.csv").read_text("utf-8").splitlines()
    frame = pl.read_csv("\n".join(lines).encode(), infer_schema=False)
    frame.with_columns(pl.lit("0.5").alias("quantity")).write_csv(tmp_path / "book.csv")
    parameters = margin.read_parameters(EXAMPLE / "parameters.spn")
    run = margin.calculate(parameters, margin.read_positions(tmp_path / "book.csv"))

    with pytest.raises(InputRefused, match=r"holds 0\.5 of a contract"):
        rendered(run)


def test_a_run_without_accounts_is_a_document_without_portfolios(tmp_path: Path) -> None:
    header = (EXAMPLE / "positions.csv").read_text("utf-8").splitlines()[0]
    (tmp_path / "book.csv").write_text(f"{header}\n", "utf-8")
    parameters = margin.read_parameters(EXAMPLE / "parameters.spn")
    root = ET.fromstring(rendered(margin.calculate(parameters, margin.read_positions(tmp_path / "book.csv"))))

    assert [] == schema_faults(root)
    assert [] == list(root.iter("portfolio"))


def test_organisations_of_different_days_have_portfolios_of_their_own(tmp_path: Path) -> None:
    text = (EXAMPLE / "parameters.spn").read_text("utf-8")
    other = text.replace("<ec>NSCCL</ec>", "<ec>OTHER</ec>").replace("<date>20260625</date>", "<date>20260624</date>")
    (tmp_path / "other.spn").write_text(other, "utf-8")
    parameters = margin.read_parameters([EXAMPLE / "parameters.spn", tmp_path / "other.spn"])
    frame = pl.read_csv(EXAMPLE / "positions.csv", infer_schema=False)
    both = [frame.with_columns(pl.lit(org).alias("clearing_org")) for org in ("NSCCL", "OTHER")]
    pl.concat(both).write_csv(tmp_path / "book.csv")
    run = margin.calculate(parameters, margin.read_positions(tmp_path / "book.csv"))
    content = rendered(run)
    points = ET.fromstring(content).findall("pointInTime")

    assert [] == schema_faults(ET.fromstring(content))
    assert [["NSCCL"], ["OTHER"]] == [
        sorted({org.findtext("ec", "") for org in point.iter("ecPort")}) for point in points
    ]
    assert [run.accounts.height] * 2 == [len(point.findall("portfolio")) for point in points]
    assert not [item for point in points for item in point.findall("portfolio/oReq")]
    assert all(item.find("oReq") is not None for point in points for item in point.iter("ecPort"))
    assert_margins_itself(run, content, tmp_path)


def test_a_run_without_its_inputs_cannot_be_written() -> None:
    with pytest.raises(RuntimeError, match="only a run that calculate"):
        rendered(small_run())
