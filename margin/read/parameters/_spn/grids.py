"""Which scenarios risk arrays are made for, and whether another exchange complex may use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from margin.model.parameters import ClearingOrganisation, CombinedCommodity, RateId
from margin.model.scenario import ScenarioGrid
from margin.read.parameters._spn.products import Families


def home_commodities(commodities: Sequence[CombinedCommodity], families: Families) -> dict[int, CombinedCommodity]:
    """The combined commodity of each product family in its own clearing organisation, by index of the family."""
    home = {}
    for commodity in commodities:
        for link in commodity.product_links:
            index = families.find(commodity.clearing_org, link.exchange, link.product_id, link.type)
            if index is not None and families.products[index].clearing_org == commodity.clearing_org:
                home[index] = commodity
    return home


@dataclass(frozen=True)
class NormalGrids:
    """The scenarios that the arrays of normal clearing are for.

    Attributes:
        orgs: Clearing organisations by code.
        home: Combined commodity of each product family, by index of the family.
        families: The product families.
    """

    orgs: Mapping[str, ClearingOrganisation]
    home: Mapping[int, CombinedCommodity]
    families: Families

    def fit(self, index: int, rate_id: RateId, commodity: CombinedCommodity, org: ClearingOrganisation) -> bool:
        """Whether a commodity of a business function means the same scenarios as the arrays of a family.

        The order, moves, weights and pairs of all scenarios count, and the points of the composite delta where
        the business function states any.
        """
        own = _grid_of(rate_id, commodity, org)
        theirs = _grid_of(rate_id, self.home.get(index), self.orgs[self.families.products[index].clearing_org])
        if own is None or theirs is None:
            return own is theirs
        return own.points == theirs.points and own.delta_points in ((), theirs.delta_points)


def _grid_of(rate_id: RateId, commodity: CombinedCommodity | None, org: ClearingOrganisation) -> ScenarioGrid | None:
    """The grid of a rate id, the commodity's before its organisation's; a file's only grid is for every rate id."""
    for grids in (commodity.grids if commodity else {}, org.grids):
        if rate_id in grids:
            return grids[rate_id]
        if len(grids) == 1:
            return next(iter(grids.values()))
    return None
