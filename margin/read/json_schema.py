"""JSON Schemas of the project's own YAML documents, for editors and for programs that write them."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def parameters_json_schema() -> dict[str, Any]:
    """The schema of house configuration documents (``format: margin-parameters``)."""
    from margin.read.parameters._house.document import ParametersDocument

    return _schema(ParametersDocument, "margin house configuration")


def house_json_schema() -> dict[str, Any]:
    """The schema of house policies (``format: margin-house``)."""
    from margin.read.house_policy import HouseDocument

    return _schema(HouseDocument, "margin house policy")


def scan_range_rule_json_schema() -> dict[str, Any]:
    """The schema of rules of scan ranges (``format: margin-scan-range-rule``)."""
    from margin.read.scan_range_rule import RuleDocument

    return _schema(RuleDocument, "margin scan range rule")


def account_policy_json_schema() -> dict[str, Any]:
    """The schema of account policies (``format: margin-account-policy``)."""
    from margin.read._account_policy_document import AccountPolicyDocument

    return _schema(AccountPolicyDocument, "margin account policy")


def accounts_json_schema() -> dict[str, Any]:
    """The schema of accounts (``format: margin-accounts``)."""
    from margin.read.accounts._document import AccountsDocument

    return _schema(AccountsDocument, "margin accounts")


def schema_text(schema: dict[str, Any]) -> str:
    """A schema as the files in ``configs/schema`` hold it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


class _Generator(GenerateJsonSchema):
    """Leaves out titles that only repeat the field's name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    schema = model.model_json_schema(schema_generator=_Generator)
    return {"$schema": _DIALECT, **schema, "title": title}
