"""Reading a house configuration: structure, then what must hold between its parts, then the parameter set."""

from __future__ import annotations

from pathlib import Path, PurePath

from margin.model.parameters import ParameterSet
from margin.model.problem import Faults, InputRefused, Reason
from margin.read.parameters._house.build import build_parameters
from margin.read.parameters._house.checks import check_document, check_methods
from margin.read.parameters._house.contract_checks import ContractChecks, listed_products
from margin.read.parameters._house.contract_rows import ContractRow, rows_of_document
from margin.read.parameters._house.contracts_file import rows_of_file
from margin.read.parameters._house.draft import Draft, draft_of
from margin.read.parameters._house.pricing import Pricing
from margin.read.parameters._house.spread_checks import check_spreads
from margin.read.source import Source, open_source
from margin.read.strict_yaml import load_yaml


def read_document(source: Source) -> ParameterSet:
    """Read a house configuration, and the file of contracts it may name.

    Args:
        source: The YAML document; a file of contracts is looked for beside it.

    Returns:
        The parameters; losses of one long contract, positive, in the commodity's currency.

    Raises:
        InputRefused: With all faults of the document and of the file of contracts.
    """
    faults = Faults(source.path)
    tree = load_yaml(source.content, faults)
    if tree and isinstance(tree.value, dict) and tree.value.get("format") == "margin-house":
        line, column = tree.position_of(("format",))
        message = "this is a house policy, expected risk parameters (margin-parameters); give it as --house instead"
        faults.add(Reason.UNKNOWN_FORMAT, message, line=line, column=column)
        faults.refuse_if_any()
    draft = draft_of(tree, faults) if tree else None
    if draft is None:
        faults.refuse_if_any()
        raise AssertionError("a document without faults has a structure")
    check_document(draft, faults)
    beside = _open_contracts(draft, source, faults)
    row_faults = Faults(beside.path) if beside else faults
    rows = rows_of_file(beside, row_faults) if beside else rows_of_document(draft.tree, draft.contracts)
    checks = ContractChecks(draft, row_faults, listed_products(draft), Pricing(draft, source.path))
    for row in rows:
        checks.check(row)
    check_spreads(draft, _commodity_codes(draft, rows), faults)
    check_methods(draft, rows, checks.products, faults)
    if row_faults is not faults and row_faults:
        faults.extend(InputRefused(row_faults.problems, row_faults.total))
    faults.problems.sort(key=lambda problem: (problem.file != source.path, problem.line or 0, problem.column or 0))
    faults.refuse_if_any()
    sources = (source, beside) if beside else (source,)
    return build_parameters(draft, rows, checks.products, sources)


def _commodity_codes(draft: Draft, rows: list[ContractRow]) -> frozenset[str]:
    if draft.commodity_codes is not None:
        return draft.commodity_codes
    return frozenset(row.entry.commodity for row in rows)


def _open_contracts(draft: Draft, source: Source, faults: Faults) -> Source | None:
    """The file of contracts that a document names; it lies beside the document or below it."""
    if draft.contracts_file is None or draft.contracts_file.file is None:
        return None
    name = PurePath(draft.contracts_file.file)
    line, column = draft.tree.position_of(("contracts", "file"))
    if name.is_absolute() or ".." in name.parts:
        faults.add(
            Reason.INVALID_VALUE,
            f"contracts, file: found {str(name)!r}, expected a file beside this document or below it",
            line=line,
            column=column,
        )
        return None
    try:
        return open_source(Path(source.path).parent / name)
    except InputRefused as refused:
        message = f"contracts, file: {name} cannot be used; see the next problem"
        faults.add(Reason.UNREADABLE, message, line=line, column=column)
        faults.extend(refused)
        return None
