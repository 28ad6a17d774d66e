"""The page on validation names every field of its JSON and every hook."""

from __future__ import annotations

import json
from typing import Any

import yaml

from tests.docs.markdown import DOCS, REPOSITORY, page


def _properties(schema: Any) -> set[str]:
    if isinstance(schema, list):
        return {name for item in schema for name in _properties(item)}
    if not isinstance(schema, dict):
        return set()
    return set(schema.get("properties", ())).union(*(_properties(value) for value in schema.values()))


def test_every_field_of_the_json_is_documented() -> None:
    schema = json.loads((REPOSITORY / "configs/schema/validate.schema.json").read_text("utf-8"))
    spans = page(DOCS / "validate.md").code_spans()
    for name in sorted(_properties(schema)):
        assert name in spans, name


def test_every_hook_is_documented() -> None:
    spans = page(DOCS / "validate.md").code_spans()
    for hook in yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text("utf-8")):
        assert hook["id"] in spans, hook["id"]
