"""Where in which file a number of the parameters stands."""

from __future__ import annotations

from margin.model.house import HousePolicy
from margin.model.parameters import CombinedCommodity, RateId, SpotRate, SpreadDefinition, SpreadLeg, Tier
from margin.resolve.contracts import ResolvedContracts, contract_names
from margin.views.explain.node import Parameter

_LISTS = {
    "super": "superSpreads",
    "intercommodity": "interSpreads",
    "super_interclearing": "superInterClearSpreads",
    "interclearing": "interClearSpreads",
}


class Provenance:
    """Describes numbers of a parameter set as `Parameter` values.

    The line is the one that readers keep: of the contract, tier, spread or delivery rate that holds the number,
    or of the combined commodity where they keep none.
    """

    def __init__(self, contracts: ResolvedContracts, house: HousePolicy) -> None:
        """Prepare the files by clearing organisation.

        Args:
            contracts: The contracts.
            house: The house's choices.
        """
        self._contracts = contracts
        self._house = house
        self._files: dict[str, list[str]] = {}
        for source in contracts.parameters.sources:
            self._files.setdefault(source.clearing_org, []).append(source.path)

    def contract(self, code: int, name: str, value: float, path: str) -> Parameter:
        """A number of a contract."""
        row = int(self._contracts.rows[code])
        organisation = self._contracts.commodities[self._contracts.commodity[code]].clearing_org
        # Contracts that stand in a file of their own stand in the last one of their organisation.
        file = self._files.get(organisation, [None])[-1]
        line = self._contracts.parameters.contracts["line"][row]
        return Parameter(name, value, file, line, f"{contract_names(self._contracts, [code])[0]}/{path}")

    def array(self, code: int, rate_id: RateId, scenario: int) -> Parameter:
        """The loss of one long contract in a scenario (0-based)."""
        row = int(self._contracts.rows[code])
        loss = float(self._contracts.parameters.arrays[rate_id].losses[row, scenario])
        return self.contract(code, f"risk array, scenario {scenario + 1}", loss, f"ra[{rate_id}]/a[{scenario + 1}]")

    def composite_delta(self, code: int, rate_id: RateId) -> Parameter:
        """The composite delta of one long contract."""
        delta = float(self._contracts.parameters.arrays[rate_id].composite_delta[self._contracts.rows[code]])
        return self.contract(code, "composite delta", delta, f"ra[{rate_id}]/d")

    def delta_scale(self, code: int) -> Parameter:
        """The delta scaling factor of a contract, product link included."""
        return self.contract(code, "delta scaling factor", float(self._contracts.delta_scale[code]), "sc")

    def unit_value(self, code: int) -> tuple[Parameter, ...]:
        """What the value of one long contract is made of."""
        row = self._contracts.parameters.contracts.row(int(self._contracts.rows[code]), named=True)
        if row["price"] is None:
            return (self.contract(code, "contract value", row["contract_value"], "val"),)
        price = self.contract(code, "price", row["price"], "p")
        if row["contract_value_factor"] is None:
            return (price,)
        return price, self.contract(code, "contract value factor", row["contract_value_factor"], "cvf")

    def commodity(self, commodity: CombinedCommodity, name: str, value: float | str, path: str) -> Parameter:
        """A number of a combined commodity."""
        return Parameter(
            name, value, self._file(commodity.clearing_org), commodity.line, f"ccDef[{commodity.code}]/{path}"
        )

    def tier_rate(self, commodity: CombinedCommodity, tier: Tier, rate_id: RateId) -> Parameter:
        """The short option minimum rate of a tier."""
        return Parameter(
            "short option minimum rate",
            tier.rates[rate_id],
            self._file(commodity.clearing_org),
            tier.line,
            f"ccDef[{commodity.code}]/somTiers/tier[{tier.number}]/rate[{rate_id}]",
        )

    def spot_rate(self, commodity: CombinedCommodity, rate: SpotRate, *, is_spread: bool) -> Parameter:
        """A delivery charge rate: of deltas in spreads, or of outright ones."""
        element = "sprd" if is_spread else "outr"
        return Parameter(
            "delivery rate of deltas in spreads" if is_spread else "delivery rate of outright deltas",
            rate.spread_rate if is_spread else rate.outright_rate,
            self._file(commodity.clearing_org),
            rate.line,
            f"ccDef[{commodity.code}]/spotRate[{rate.rate_id},{rate.period}]/{element}",
        )

    def spread_rate(self, spread: SpreadDefinition, rate_id: RateId, leg: SpreadLeg | None = None) -> Parameter:
        """The rate of a spread, or of a leg that has one of its own."""
        own = leg is not None and bool(leg.rates)
        rates = leg.rates if leg is not None and own else spread.rates
        place = f"{spread_path(spread)}/leg[{leg.commodity}]" if leg is not None and own else spread_path(spread)
        name = "gain allowance" if spread.form == "scanning" else "spread rate"
        return Parameter(name, rates[rate_id], self._file(spread.clearing_org), spread.line, f"{place}/rate[{rate_id}]")

    def month_rate(self, spread: SpreadDefinition, rate_id: RateId, element: str, value: float) -> Parameter:
        """One part of a charge per month and per spread."""
        path = f"{spread_path(spread)}/pmpsRate[{rate_id}]/{element}"
        return Parameter("part of the spread rate", value, self._file(spread.clearing_org), spread.line, path)

    def conversion(self, from_currency: str, to_currency: str, clearing_org: str) -> Parameter | None:
        """A currency conversion: the clearing organisation's own, else the first; `None` where there is none."""
        organisations = sorted(self._contracts.parameters.clearing_orgs, key=lambda item: item.code != clearing_org)
        for organisation in organisations:
            for item in organisation.currency_conversions:
                if (item.from_currency, item.to_currency) == (from_currency, to_currency):
                    file = self._file(organisation.code)
                    return Parameter(
                        "conversion", item.factor, file, None, f"curConv[{from_currency},{to_currency}]/factor"
                    )
        return None

    def house(self, name: str, value: float | str, path: str) -> Parameter:
        """A number of the house policy."""
        # A policy that came with the parameters names their file as its source.
        known = {path for paths in self._files.values() for path in paths}
        file = self._house.source if self._house.source in known else None
        return Parameter(name, value, file, None, f"house {self._house.name}: {path}")

    def _file(self, clearing_org: str) -> str | None:
        return next(iter(self._files.get(clearing_org, [])), None)


def spread_path(spread: SpreadDefinition) -> str:
    """Where a spread stands, in the words of SPAN XML."""
    if spread.kind == "intracommodity":
        return f"ccDef[{spread.legs[0].commodity}]/dSpread[{spread.priority}]"
    return f"{_LISTS[spread.kind]}/{'sSpread' if spread.form == 'scanning' else 'dSpread'}[{spread.priority}]"
