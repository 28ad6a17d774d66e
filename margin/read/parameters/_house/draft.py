"""A house configuration as far as it can be understood: sound entries with their places, faults reported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from margin.model.problem import Faults, Reason
from margin.read.parameters._house.document import (
    CommodityEntry,
    ContractEntry,
    ContractsFileEntry,
    DocumentHead,
    GridEntry,
    SpreadEntry,
)
from margin.read.strict_yaml import REFUSED, TreePath, YamlTree
from margin.read.validated import describe_value, validate

EntryT = TypeVar("EntryT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Placed(Generic[EntryT]):
    """A sound entry of a list and where it stands."""

    entry: EntryT
    path: TreePath


@dataclass(frozen=True, slots=True)
class Draft:
    """The sound parts of a document; complete where there are no faults.

    Attributes:
        tree: The document.
        head: Everything but the lists; faulty fields are absent, or harmless stand-ins where required.
        has_sound_head: Whether nothing in the head is wrong, so that what it lacks is really missing.
        grid: The document's scenario grid; `None` if anything in it is wrong.
        commodities: Sound commodities.
        commodity_codes: Codes of all listed commodities, sound or not; `None` where contracts imply them.
        contracts: Sound contracts that stand in the document itself.
        contracts_file: Where contracts stand instead.
        spreads: Sound spreads between commodities.
    """

    tree: YamlTree
    head: DocumentHead
    has_sound_head: bool
    grid: GridEntry | None
    commodities: tuple[Placed[CommodityEntry], ...]
    commodity_codes: frozenset[str] | None
    contracts: tuple[Placed[ContractEntry], ...]
    contracts_file: ContractsFileEntry | None
    spreads: tuple[Placed[SpreadEntry], ...]

    @property
    def exchange(self) -> str:
        """The exchange of contracts that name none."""
        return self.head.exchange or self.head.clearing_org


def draft_of(tree: YamlTree, faults: Faults) -> Draft | None:
    """Check the structure of a document, part by part, so that one bad entry does not hide what others hold.

    Returns:
        The draft, or `None` where the document is not a mapping of fields.
    """
    head = validate(tree, DocumentHead, faults)
    if not isinstance(tree.value, dict):
        return None
    contracts: tuple[Placed[ContractEntry], ...] = ()
    contracts_file: ContractsFileEntry | None = None
    stated = tree.value.get("contracts", REFUSED)
    if isinstance(stated, list):
        contracts = _items(tree, "contracts", ContractEntry, faults)
        if not stated:
            _refuse_contracts(tree, stated, faults)
    elif isinstance(stated, dict):
        contracts_file = validate(tree, ContractsFileEntry, faults, ("contracts",))
    elif stated is not REFUSED:
        _refuse_contracts(tree, stated, faults)
    return Draft(
        tree=tree,
        head=head or _stand_in(tree.value),
        has_sound_head=head is not None,
        grid=head.scenario_grid if head else _quietly(tree, GridEntry, "scenario_grid"),
        commodities=_items(tree, "commodities", CommodityEntry, faults),
        commodity_codes=_listed_codes(tree.value.get("commodities")),
        contracts=contracts,
        contracts_file=contracts_file,
        spreads=_items(tree, "spreads", SpreadEntry, faults),
    )


_STAND_IN: dict[str, Any] = {
    "format": "margin-parameters",
    "version": 1,
    "clearing_org": "?",
    "business_date": "1970-01-01",
    "scenario_grid": {"standard": {"extreme_move": 1, "cover": 1}},
    "contracts": [],
}


def _stand_in(stated: dict[str, Any]) -> DocumentHead:
    """A head of the sound fields of a faulty one, to go on looking for faults with."""

    def is_sound(field: str) -> bool:
        try:
            DocumentHead.model_validate({**_STAND_IN, field: stated[field]})
        except ValidationError:
            return False
        return True

    return DocumentHead.model_validate(_STAND_IN | {field: value for field, value in stated.items() if is_sound(field)})


def _refuse_contracts(tree: YamlTree, stated: Any, faults: Faults) -> None:
    line, column = tree.position_of(("contracts",))
    found = "an empty list" if stated == [] else describe_value(stated)
    faults.add(
        Reason.INVALID_VALUE,
        f"contracts: found {found}, expected a list of contracts or a mapping such as {{file: arrays.csv}}",
        line=line,
        column=column,
    )


def _items(tree: YamlTree, section: str, model: type[EntryT], faults: Faults) -> tuple[Placed[EntryT], ...]:
    stated = tree.value.get(section)
    if not isinstance(stated, list):
        return ()

    def sound() -> Iterator[Placed[EntryT]]:
        for i in range(len(stated)):
            entry = validate(tree, model, faults, (section, i))
            if entry is not None:
                yield Placed(entry, (section, i))

    return tuple(sound())


def _listed_codes(stated: Any) -> frozenset[str] | None:
    if not isinstance(stated, list):
        return None
    codes = [item.get("code") for item in stated if isinstance(item, dict)]
    return frozenset(str(code) for code in codes if isinstance(code, str | int))


def _quietly(tree: YamlTree, model: type[EntryT], field: str) -> EntryT | None:
    """A part of a document whose faults have been reported."""
    return validate(tree, model, Faults(), (field,)) if field in tree.value else None
