"""What to say of a position whose contract cannot be told: what is wrong with its codes, and what may be meant."""

from __future__ import annotations

from difflib import get_close_matches

from margin.model.position import CONTRACT_PARTS
from margin.model.problem import Reason
from margin.resolve.keys import ContractIndex


def name_as_given(wanted: dict[str, object]) -> str:
    """A contract's codes as the position gives them, separated by blanks."""
    return " ".join(str(wanted[part]) for part in ("contract", *CONTRACT_PARTS) if wanted[part] not in (None, ""))


def why_set_aside(
    wanted: dict[str, object], index: ContractIndex, *, is_ambiguous: bool
) -> tuple[Reason, str, str | None]:
    """Why a position is set aside, in words, and what may be meant instead.

    Args:
        wanted: The codes that identify the contract, `None` where not given.
        index: The known contracts.
        is_ambiguous: Whether the codes fit several contracts rather than none.
    """
    name = name_as_given(wanted)
    if is_ambiguous:
        message = f"contract {name} fits several contracts; add clearing_org, underlying_expiry or commodity"
        return Reason.AMBIGUOUS_CONTRACT, message, index.nearest(wanted)
    places = index.places(wanted)
    if places:
        return Reason.UNKNOWN_CONTRACT, *_elsewhere(wanted, name, places, index)
    hint = index.nearest(wanted)
    message = f"contract {name} is not in the parameters"
    return Reason.UNKNOWN_CONTRACT, f"{message}; the nearest there is {hint}" if hint else message, hint


def _elsewhere(wanted: dict[str, object], name: str, places: list[str], index: ContractIndex) -> tuple[str, str]:
    """What to say of a contract that exists, but not at the clearing organisation that is asked for."""
    org, listed = wanted["clearing_org"], ", ".join(places)
    if org is None:
        return f"contract {name} is margined by business functions only; give clearing_org ({listed})", places[0]
    known = [item.code for item in index.contracts.parameters.clearing_orgs]
    if org in known:
        return f"contract {name} is not margined at {org}, but at {listed}; correct clearing_org", places[0]
    close = get_close_matches(str(org), known, n=1)
    message = f"contract {name} asks for clearing_org {org}, which the parameters do not have"
    if close:
        return f"{message}; did you mean {close[0]}? It is margined at {listed}", close[0]
    return f"{message}; it is margined at {listed}", places[0]
