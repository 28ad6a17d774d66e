"""The page of the format has every column that the layout has, as the layout has it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from margin.read.parameters._pa2.layout import BASIS_RISK, LAYOUTS, Field

PAGE = Path(__file__).parents[3] / "docs/formats/pa2.md"
_NUMBERED = re.compile(r"(.+)_(\d+)")


def columns_of(field: Field) -> str:
    return f"{field.first}" if field.width == 1 else f"{field.first}-{field.last}"


def form_of(field: Field, layout: tuple[Field, ...]) -> str:
    """The form of a field in words."""
    if field.kind == "text":
        return "text"
    whole = field.width - field.decimals
    digits = f"{whole}.{field.decimals} digits" if field.decimals else f"{field.width} digits"
    if field.kind == "locator":
        return f"{digits}, a minus sign may stand first"
    if field.sign is None:
        return digits
    (sign,) = [item for item in layout if item.name == field.sign]
    return f"{digits}, sign in {columns_of(sign)}"


def table(layout: tuple[Field, ...]) -> list[str]:
    """Rows of the table of one record: repeated fields in one row, signs with their numbers."""
    rows: dict[str, tuple[list[str], list[str]]] = {}
    for field in layout:
        if (field.kind == "sign" and any(item.sign == field.name for item in layout)) or field.name == "record":
            continue
        numbered = _NUMBERED.fullmatch(field.name)
        name = f"{numbered[1]}_n" if numbered else field.name
        columns, forms = rows.setdefault(name, ([], []))
        columns.append(columns_of(field))
        forms.append(form_of(field, layout) if field.kind != "sign" else "sign")
    return [f"| {_spans(columns)} | `{name}` | {_form(forms)} |" for name, (columns, forms) in rows.items()]


def _spans(columns: list[str]) -> str:
    return ", ".join(columns) if len(columns) <= 4 else f"{columns[0]}, {columns[1]} … {columns[-1]}"


def _form(forms: list[str]) -> str:
    if len(forms) > 1 and "sign in" in forms[0]:
        return f"{forms[0].split(',')[0]}, each with its sign behind it"
    return forms[0]


@pytest.mark.parametrize("record", [*LAYOUTS, "4 method 11"])
def test_every_column_is_on_the_page(record: str) -> None:
    layout = BASIS_RISK if record == "4 method 11" else LAYOUTS[record]
    text = PAGE.read_text("utf-8")
    section = text.partition(f"\n### Record {record}\n")[2].partition("\n### ")[0].partition("\n## ")[0]

    assert table(layout) == [row for row in section.splitlines() if re.match(r"\| \d", row)]
