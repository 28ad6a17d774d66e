"""The page on market data names every column, and its YAML is read."""

from __future__ import annotations

from pathlib import Path

import pytest

import margin
from margin.model.problem import InputRefused
from margin.read.market._columns import ALIASES, COLUMNS, FIELDS
from margin.read.market._document import ENTRIES, DocumentHead
from tests.docs.markdown import DOCS, Block, page
from tests.docs.workspace import prepare

PAGE = page(DOCS / "formats" / "market-data.md")


def test_every_column_and_alias_is_documented() -> None:
    words = {word.lower() for word in PAGE.words_in_code()}
    assert set() == {*COLUMNS, *ALIASES} - words


def test_yaml_lists_have_the_columns_of_their_kind_of_row() -> None:
    for kind, model in zip(("underlying", "quote", "volatility", "svi"), ENTRIES.values(), strict=True):
        assert {*FIELDS[kind]} - {"date"} == {*model.model_fields}
    assert {*ENTRIES} <= {*DocumentHead.model_fields}


@pytest.mark.parametrize("block", [block for block in PAGE.blocks("yaml") if "margin-market" in block.words])
def test_documents_shown_are_read(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "market.yaml"
    path.write_text(block.text, "utf-8")
    try:
        market = margin.read_market(path)
    except InputRefused as refused:
        pytest.fail(str(refused))

    assert (2, 2, 1, 1) == tuple(
        frame.height for frame in (market.underlyings, market.quotes, market.volatility_points, market.svi)
    )


@pytest.mark.parametrize("block", [block for block in PAGE.blocks("yaml") if "margin-quoted" in block.words])
def test_configurations_of_quoted_contracts_take_the_market_shown(block: Block, tmp_path: Path) -> None:
    folder = prepare(PAGE, tmp_path)
    path = folder / "shown.yaml"
    path.write_text(block.text, "utf-8")
    parameters = margin.read_parameters(path, market=margin.read_market(folder / "market.csv"))

    assert parameters.pricing is not None
    # Implied by the middle of bid and ask; quoted; and between the surface's points at strikes 2200 and 2600.
    expected = [0.1729, 0.168, 0.1659]
    assert expected == pytest.approx(parameters.pricing.frame["volatility"].to_list()[1:], abs=5e-5)
