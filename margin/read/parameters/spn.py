"""Reads SPAN XML risk parameter files (``.spn``, file format 4.00).

Source: CME SPAN XML schema (``spanrisk.xsd``), ``spanFile``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from margin.model.parameters import (
    ClearingOrganisation,
    CombinedCommodity,
    ParameterSet,
    ParameterSource,
    SpreadDefinition,
)
from margin.model.problem import InputRefused, Problem, Reason
from margin.read.parameters._spn import columnar, strict
from margin.read.parameters._spn.arrays import read_arrays
from margin.read.parameters._spn.business_functions import read_business_functions
from margin.read.parameters._spn.clearing import (
    read_account_types,
    read_clearing_organisation,
    read_currencies,
)
from margin.read.parameters._spn.commodities import read_commodities
from margin.read.parameters._spn.contracts import read_contracts
from margin.read.parameters._spn.document import looks_like_xml, prepare, root_name
from margin.read.parameters._spn.elements import ElementTable, subtree_mask
from margin.read.parameters._spn.grids import NormalGrids, home_commodities
from margin.read.parameters._spn.lengths import fit_arrays
from margin.read.parameters._spn.listed import (
    LISTED_CONTRACT,
    ContractData,
    add_listed_contracts,
    listing_rows,
)
from margin.read.parameters._spn.newer import warn_of_unknown_elements, with_newer_elements
from margin.read.parameters._spn.products import FAMILY_TYPES, Families, read_families
from margin.read.parameters._spn.reading import Reading
from margin.read.parameters._spn.rows import CONTRACT_ELEMENTS, find_contracts
from margin.read.parameters._spn.sessions import Session, business_functions_of, choose_sessions
from margin.read.parameters._spn.spreads import read_spreads_between_commodities
from margin.read.source import Source

_ROOT = "spanFile"
_OTHER_ROOTS = {"posFile": "a SPAN position file; give it as positions, not as risk parameters"}


def recognise(source: Source) -> bool:
    """Whether the content is XML with the root of a SPAN file, or one whose beginning names no root."""
    return looks_like_xml(source.content) and root_name(source.content) in (None, _ROOT, *_OTHER_ROOTS)


def read(source: Source, session: str | None = None) -> ParameterSet:
    """Read a SPAN XML file.

    Args:
        source: The file.
        session: Which point in time is read: ``settlement``, ``intraday``, or its number in the order of the file;
            `None` for the only one, or the only settlement.

    Raises:
        InputRefused: With all faults of the file; where the XML itself is broken, up to the break.
    """
    reading = Reading(source.path)
    content = prepare(source.content, reading)
    _require_root(root_name(content), reading)
    table = columnar.tokenise(content)
    if table is None:
        table = strict.tokenise(content, reading)
    return _read_table(table, source, session, reading)


@dataclass
class _ClearingParts:
    """What is read of the clearing organisations, one after the other."""

    orgs: list[ClearingOrganisation]
    commodities: list[CombinedCommodity]
    spreads: list[SpreadDefinition]


def _read_table(table: ElementTable, source: Source, session: str | None, reading: Reading) -> ParameterSet:
    root = table.tree(_contract_rows(table))
    families = Families()
    sessions = choose_sessions(root, reading, session)
    parts = _read_clearing_parts(sessions, families, reading)
    normal = NormalGrids({org.code: org for org in parts.orgs}, home_commodities(parts.commodities, families), families)
    function_sessions = business_functions_of(sessions)
    functions = read_business_functions(function_sessions, normal, listing_rows(table), families, reading)
    found = find_contracts(table, families, reading)
    contracts, legs = read_contracts(found, families, reading)
    created = root.text_of("created") or None
    orgs = [replace(org, created=created) for org in (*parts.orgs, *functions.orgs)]
    commodities = [*parts.commodities, *functions.commodities]
    orgs, commodities = with_newer_elements(table, [*sessions, *function_sessions], orgs, commodities, families)
    warn_of_unknown_elements(table, reading)
    arrays = fit_arrays(read_arrays(found, reading), orgs, commodities, families, found, reading)
    data = add_listed_contracts(
        ContractData(contracts, legs, arrays),
        functions.listings,
        normal,
        functions.orgs,
        functions.commodities,
        table,
        reading,
    )
    currencies, account_types = read_currencies(root, reading), read_account_types(root, reading)
    reading.faults.refuse_if_any()
    return ParameterSet(
        sources=tuple(_source_of(org, source) for org in orgs),
        clearing_orgs=tuple(orgs),
        currencies=currencies,
        account_types=account_types,
        products=tuple(families.products),
        contracts=data.contracts,
        combination_legs=data.legs,
        arrays=data.arrays,
        commodities=tuple(commodities),
        spreads=(*parts.spreads, *functions.spreads),
        problems=tuple(reading.warnings),
    )


def _contract_rows(table: ElementTable) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """The elements of contracts and option series, which are read column by column and not as a tree."""
    families = np.concatenate([table.rows(name) for name in FAMILY_TYPES])
    is_family = np.zeros(len(table) + 1, dtype=bool)
    is_family[families] = True
    tops = []
    for name in ("series", *CONTRACT_ELEMENTS):
        rows = table.rows(name)
        tops.append(rows[is_family[table.parent[rows]]])
    return subtree_mask(table, [*tops, table.rows(LISTED_CONTRACT)])


def _read_clearing_parts(sessions: list[Session], families: Families, reading: Reading) -> _ClearingParts:
    parts = _ClearingParts([], [], [])
    for point_in_time, element in sessions:
        org = read_clearing_organisation(point_in_time, element, reading)
        read_families(org.code, element, families, reading)
        parts.orgs.append(org)
        parts.commodities += read_commodities(element, org.code, org.grids, families, reading)
        parts.spreads += read_spreads_between_commodities(element, org.code, reading)
    return parts


def _source_of(org: ClearingOrganisation, source: Source) -> ParameterSource:
    session = "settlement" if org.is_settlement else "intraday"
    return ParameterSource(
        path=source.path,
        sha256=source.sha256,
        format="spn",
        clearing_org=org.code,
        business_date=org.business_date,
        session=f"{session} {org.session_qualifier}" if org.session_qualifier else session,
        revision=org.run or org.created or "",
    )


def _require_root(name: str | None, reading: Reading) -> None:
    """Refuse another XML document before its content is read; a broken beginning is left to the parser."""
    if name is None or name == _ROOT:
        return
    found = _OTHER_ROOTS.get(name, f"an XML document with root element <{name}>")
    message = f"this is {found}; expected root element <{_ROOT}> of a SPAN risk parameter file"
    raise InputRefused([Problem(Reason.UNKNOWN_FORMAT, message, file=reading.path, attributes={"found": name})])
