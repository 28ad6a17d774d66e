"""What a run was calculated from, kept for the views on it."""

from __future__ import annotations

from dataclasses import dataclass

from margin.model.house import HousePolicy, QuantityUnit, RoundingPolicy
from margin.model.parameters import ParameterSet
from margin.model.position import PositionBook
from margin.resolve.contracts import ResolvedContracts


@dataclass(frozen=True)
class Inputs:
    """What a run was calculated from.

    Attributes:
        parameters: Risk parameters.
        positions: Positions of all accounts.
        contracts: The resolved contracts.
        house: The house's choices.
        policy: Rounding of every step.
        account_type: Account type of positions that name none; `None` for the parameters' default.
        unit: What quantities count; `None` for what the parameter file counts.
        method: The margin method.
    """

    parameters: ParameterSet
    positions: PositionBook
    contracts: ResolvedContracts
    house: HousePolicy
    policy: RoundingPolicy
    account_type: str | None
    unit: QuantityUnit | None
    method: str
