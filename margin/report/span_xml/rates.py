"""Which requirements of a run were computed on arrays of their own, and which derive from another."""

from __future__ import annotations

from dataclasses import dataclass

from margin.model.parameters import CombinedCommodity, ParameterSet

CORE = "CORE"
MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class RequirementKey:
    """Whose requirement it is, and of which class and kind."""

    account_type: str
    is_customer: bool
    bond_class: str
    kind: str


class DerivedRates:
    """Knows the rate ids of a parameter set."""

    def __init__(self, parameters: ParameterSet) -> None:
        self._defined = {
            (org.code, rate.account_type, rate.is_customer, rate.bond_class, rate.is_maintenance): rate.rate_id
            for org in parameters.clearing_orgs
            for rate in org.rates
        }

    def is_derived(self, commodity: CombinedCommodity, key: RequirementKey) -> bool:
        """Whether a requirement is another one times a factor: by ``adjRate``, or by a ratio of initial margin."""
        is_maintenance = key.kind == MAINTENANCE
        name = (commodity.clearing_org, key.account_type, key.is_customer, key.bond_class, is_maintenance)
        rate_id = self._defined.get(name)
        if rate_id is None:
            return not (is_maintenance and key.bond_class == CORE)
        return any(item.rate_id == rate_id and item.base_rate_id != rate_id for item in commodity.rate_adjustments)
