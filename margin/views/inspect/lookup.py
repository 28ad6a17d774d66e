"""What a name means in a parameter set: a combined commodity, a contract, or a product's commodities."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import polars as pl

from margin.model.contract import OPTION_TYPES, PRODUCT_TYPES, normalise_period
from margin.model.position import CONTRACT_PARTS
from margin.model.problem import InputRefused, Problem, Reason
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.keys import AMBIGUOUS, ContractIndex, contract_index
from margin.resolve.unknown import why_set_aside

_PLACE = ("clearing_org", "commodity")
_RIGHTS = {"C": "C", "CALL": "C", "P": "P", "PUT": "P"}
_STRIKE = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Found:
    """What a name means, by commodity and contract codes; not both empty."""

    commodities: tuple[int, ...]
    contracts: tuple[int, ...]


def find_name(contracts: ResolvedContracts, name: str) -> Found:
    """Everything that a name means.

    A combined commodity's code, or a contract as a position file names it, in every clearing organisation that
    has it; where there is neither, the commodities of the products of that code.

    Raises:
        InputRefused: It means nothing; the message names what is near it.
    """
    commodities = _commodities(contracts, name)
    found, is_ambiguous = _contracts(contracts, name)
    if not commodities and not found:
        commodities = _commodities_of_product(contracts, name)
    if not commodities and not found:
        raise InputRefused([_unknown(contracts, name, is_ambiguous)])
    return Found(commodities, found)


def find_commodity(contracts: ResolvedContracts, name: str) -> Found:
    """The combined commodities of a code.

    Raises:
        InputRefused: There is none.
    """
    found = _commodities(contracts, name) or _commodities_of_product(contracts, name)
    if not found:
        known = sorted({item.code for item in contracts.commodities})
        message = f"the parameters have no combined commodity {name!r}; {_near(name, known)}"
        raise InputRefused([Problem(Reason.UNKNOWN_NAME, message, attributes={"found": name})])
    return Found(found, ())


def find_contract(contracts: ResolvedContracts, name: str) -> Found:
    """The contract of a name, in every clearing organisation that margins it.

    Raises:
        InputRefused: There is none, or the name fits several.
    """
    found, is_ambiguous = _contracts(contracts, name)
    if not found:
        raise InputRefused([_unknown_contract(contracts, name, is_ambiguous)])
    return Found((), found)


def _commodities(contracts: ResolvedContracts, name: str) -> tuple[int, ...]:
    return tuple(code for code, item in enumerate(contracts.commodities) if item.code == name)


def _commodities_of_product(contracts: ResolvedContracts, name: str) -> tuple[int, ...]:
    return tuple(
        code
        for code, item in enumerate(contracts.commodities)
        if any(link.product == name for link in item.product_links)
    )


def _contracts(contracts: ResolvedContracts, name: str) -> tuple[tuple[int, ...], bool]:
    """Contract codes that a name means, one per place that margins it, and whether it fits several in one place."""
    index = contract_index(contracts)
    parts = _parts(name)
    places = [{"clearing_org": item.clearing_org, "commodity": item.code} for item in contracts.commodities]
    named = pl.DataFrame(
        [{"contract": name, **place} for place in places], schema=dict.fromkeys(("contract", *_PLACE), pl.String)
    )
    codes = index.codes_of_names(named).to_list()
    if parts is not None and not any(code >= 0 for code in codes):
        schema = {part: pl.Float64() if part == "strike" else pl.String() for part in (*CONTRACT_PARTS, *_PLACE)}
        codes += index.codes_of_parts(pl.DataFrame([{**parts, **place} for place in places], schema=schema)).to_list()
    return tuple(sorted({code for code in codes if code >= 0})), AMBIGUOUS in codes


def _parts(name: str) -> dict[str, Any] | None:
    """The codes of a contract name, blanks between them; `None` for what is no contract name."""
    words = name.split()
    if len(words) < 3 or words[2].upper() not in PRODUCT_TYPES:
        return None
    exchange, product, type_, *rest = words
    parts: dict[str, Any] = dict.fromkeys(CONTRACT_PARTS)
    parts |= {"exchange": exchange, "product": product, "type": type_.upper()}
    if parts["type"] in OPTION_TYPES:
        if len(rest) < 2 or rest[-2].upper() not in _RIGHTS or not _STRIKE.fullmatch(rest[-1]):
            return None
        *rest, right, strike = rest
        parts |= {"right": _RIGHTS[right.upper()], "strike": float(strike)}
    periods = [normalise_period(word) for word in rest]
    if len(periods) > 2 or (len(periods) == 2 and parts["type"] not in OPTION_TYPES):
        return None
    return parts | dict(zip(("expiry", "underlying_expiry"), periods, strict=False))


def _unknown(contracts: ResolvedContracts, name: str, is_ambiguous: bool) -> Problem:
    """Why a name means nothing, and what may be meant."""
    if is_ambiguous or len(name.split()) > 1:
        return _unknown_contract(contracts, name, is_ambiguous)
    known = {item.code for item in contracts.commodities}
    known |= {link.product for item in contracts.commodities for link in item.product_links}
    hint = _near(name, sorted(known))
    message = f"the parameters have no combined commodity, product or contract {name!r}; {hint}"
    return Problem(Reason.UNKNOWN_NAME, message, attributes={"found": name})


def _unknown_contract(contracts: ResolvedContracts, name: str, is_ambiguous: bool) -> Problem:
    index: ContractIndex = contract_index(contracts)
    wanted: dict[str, object] = dict.fromkeys(("contract", *CONTRACT_PARTS, *_PLACE))
    wanted |= _parts(name) or {"contract": name}
    reason, message, hint = why_set_aside(wanted, index, is_ambiguous=is_ambiguous)
    if is_ambiguous:
        message = f"contract {name} fits several contracts; name it by its codes, such as {hint}" if hint else message
    return Problem(reason, message, attributes={"found": name, "hint": hint})


def _near(name: str, known: list[str]) -> str:
    """What is near a name, or what there is."""
    by_capitals = {item.upper(): item for item in known}
    near = [by_capitals[item] for item in get_close_matches(name.upper(), by_capitals, n=3)]
    if near:
        return f"did you mean {' or '.join(near)}?"
    more = f" and {len(known) - 8:,} more" if len(known) > 8 else ""
    return f"there are {', '.join(known[:8])}{more}" if known else "there are none"
