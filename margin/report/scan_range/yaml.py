"""Scan ranges as YAML: entries that a house configuration takes as they are, and how each came about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

import yaml

from margin.read.yaml_scalars import resolve_scalar

if TYPE_CHECKING:
    from margin.model.scan_range import ScanRangeStudy
    from margin.report import Presentation

SUFFIXES = (".yaml", ".yml")
IS_BINARY = False

_FORMAT = "margin-scan-ranges"
_VERSION = 1
_HEADING = (
    "# Price scan ranges from a history of prices. The entries of `commodities` are those of a house configuration;\n"
    "# `workings` says of each by which rule and in which steps it came about.\n"
)
_LINE_WIDTH = 110


class _Writer(yaml.SafeDumper):
    """Writes text that a reader of YAML 1.2 could take for a number in quotes, not only what YAML 1.1 would."""


def _text(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    is_plain = resolve_scalar(text) == (text, "")
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_plain else '"')


_Writer.add_representer(str, _text)


def render(study: ScanRangeStudy, out: BinaryIO, presentation: Presentation) -> None:
    """Write the document: ranges by commodity, workings by underlying; UTF-8."""
    text = yaml.dump(
        _document(study),
        Dumper=_Writer,
        sort_keys=False,
        default_flow_style=None,
        allow_unicode=True,
        width=_LINE_WIDTH,
    )
    out.write((_HEADING + text).encode("utf-8", "backslashreplace"))


def _document(study: ScanRangeStudy) -> dict[str, Any]:
    content = study.to_dict()
    workings = [{name: value for name, value in item.items() if name != "series"} for item in content["scan_ranges"]]
    rule_file = {} if content["rule_file"] is None else {"rule_file": content["rule_file"]}
    return {
        "format": _FORMAT,
        "version": _VERSION,
        "as_of": content["as_of"],
        "history": content["history"],
        **rule_file,
        "commodities": [item.house_entry() for item in study.ranges],
        "workings": workings,
    }
