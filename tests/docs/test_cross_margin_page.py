"""The pages on cross margin name every field, and their documents are read as they stand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from margin.read.account_market import read_account_market
from margin.read.account_policy import read_account_policy
from margin.read.accounts import read_accounts
from margin.read.accounts._columns import ALIASES
from tests.docs.markdown import DOCS, REPOSITORY, Block, page

PAGES = tuple(page(DOCS / name) for name in ("cross-margin.md", "formats/accounts.md", "formats/account-policy.md"))
READERS: dict[str, Callable[[Path], Any]] = {
    "margin-accounts": read_accounts,
    "margin-account-policy": read_account_policy,
}


def _properties(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {name for item in schema for name in _properties(item)}
    if not isinstance(schema, dict):
        return set()
    return set(schema.get("properties", ())).union(*(_properties(value) for value in schema.values()))


@pytest.mark.parametrize(("name", "item"), [("health", PAGES[0]), ("accounts", PAGES[1]), ("account-policy", PAGES[2])])
def test_every_field_is_documented(name: str, item: Any) -> None:
    schema = json.loads((REPOSITORY / f"configs/schema/{name}.schema.json").read_text("utf-8"))
    if name == "health":
        del schema["properties"]["problems"]
        schema.pop("$defs", None)
    spans = {word for span in item.code_spans() for word in (span, span.split(":")[0])}
    for field in sorted(_properties(schema)):
        assert field in spans, field


def test_every_name_of_a_column_is_documented() -> None:
    spans = {span.lower() for span in PAGES[1].code_spans()}
    for name in ALIASES:
        assert name in spans, name


@pytest.mark.parametrize(
    "block", [block for item in PAGES for block in item.blocks("yaml")], ids=lambda block: str(block.line)
)
def test_every_document_is_read(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "document.yaml"
    path.write_text(block.text, "utf-8")
    (kind,) = set(block.words) & set(READERS)
    assert READERS[kind](path)


@pytest.mark.parametrize(
    "block", [block for item in PAGES for block in item.blocks("csv")], ids=lambda block: str(block.line)
)
def test_every_table_is_read(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(block.text, "utf-8")
    is_prices = any("prices" in word for word in block.words)
    assert read_account_market(path).prices.height if is_prices else read_accounts(path).balances.height
