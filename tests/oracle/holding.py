"""From position lines to what an account holds, contract by contract, combination by combination."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.model import Account, ClearingOrg, Commodity, Contract, OracleError, Parameters, Position


@dataclass(frozen=True)
class Holding:
    """One contract in one account: long and short counts (not negative), before any netting of the two."""

    org: ClearingOrg
    commodity: Commodity
    contract: Contract
    long: Fraction
    short: Fraction

    @property
    def net(self) -> Fraction:
        """q: the sum of all lines, long positive."""
        return self.long - self.short

    @property
    def scaling(self) -> Fraction:
        """dsf: contract × series × product link (``sc``)."""
        link = self.commodity.links[self.contract.reference[:2]]
        return self.contract.own_scaling * self.contract.maturity_scaling * link.scaling

    @property
    def combination_method(self) -> str:
        """``cmbMeth`` of the product link, else of the commodity; NONE is its own array and delta."""
        link = self.commodity.links[self.contract.reference[:2]]
        return link.combination_method or self.commodity.combination_method or "NONE"

    def losses(self, quantity: Fraction, rate_id: str) -> list[Fraction]:
        """quantity × a[i] × x: the position's loss in every scenario."""
        array = self.contract.arrays.get(rate_id)
        if array is None:
            raise OracleError(f"{self.contract.key} has no array for rate {rate_id}")
        if self.commodity.first_sixteen_points_only:
            array = array[:16]
        return [quantity * loss * self.commodity.multiplier for loss in array]

    def deltas(self, quantity: Fraction, rate_id: str) -> list[tuple[str, Fraction]]:
        """Position delta by period, D = q × composite delta × dsf; of a DELTASPLIT combination by leg."""
        if self.contract.legs and self.combination_method == "DELTASPLIT":
            return [
                part
                for leg in self.contract.legs
                for part in holding_of(self.org, leg.reference, leg.quantity, Fraction(0)).deltas(
                    quantity * leg.quantity, rate_id
                )
            ]
        return [(self.contract.delta_period, quantity * self.contract.deltas[rate_id] * self.scaling)]

    def option_value(self, quantity: Fraction) -> Fraction:
        """quantity × price × cvf of a premium-style option; anything else has none."""
        if not self.contract.is_premium_style_option:
            return Fraction(0)
        price, factor = self.contract.price, self.contract.contract_value_factor
        if price is not None and factor is not None:
            return quantity * price * factor
        if self.contract.stated_value is not None:
            return quantity * self.contract.stated_value
        raise OracleError(f"{self.contract.key} has no price with a contract value factor")


def commodity_of(org: ClearingOrg, contract: Contract) -> Commodity:
    """The combined commodity whose product links name the contract's family."""
    for commodity in org.commodities.values():
        if contract.reference[:2] in commodity.links:
            return commodity
    raise OracleError(f"{contract.key} belongs to no combined commodity")


def holding_of(org: ClearingOrg, reference: tuple[str, str, str], long: Fraction, short: Fraction) -> Holding:
    """A holding of the contract with this reference."""
    contract = org.contracts[reference]
    return Holding(org, commodity_of(org, contract), contract, long, short)


def find_contract(parameters: Parameters, position: Position) -> tuple[ClearingOrg, Contract]:
    """The contract with exactly these codes."""
    for org in parameters.orgs.values():
        for contract in org.contracts.values():
            if contract.key == position.key:
                return org, contract
    raise OracleError(f"unknown contract {position.key}")


def line_counts(position: Position) -> tuple[Fraction, Fraction]:
    """(long, short) of one line."""
    if position.quantity is None:
        return position.long or Fraction(0), position.short or Fraction(0)
    return max(position.quantity, Fraction(0)), max(-position.quantity, Fraction(0))


def is_net(parameters: Parameters, org: ClearingOrg, account: Account, is_customer: bool) -> bool:
    """``isNetMargin``: gross where the account type or the clearing organisation says so."""
    return parameters.account_type_nets.get((is_customer, account.account_type), True) and org.is_net


def split(holding: Holding) -> list[Holding]:
    """``cmbMeth`` SPLIT: a combination is replaced by its legs; every other holding stays."""
    if not holding.contract.legs or holding.combination_method != "SPLIT":
        return [holding]
    parts = []
    for leg in holding.contract.legs:
        long, short = holding.long * abs(leg.quantity), holding.short * abs(leg.quantity)
        if leg.quantity < 0:
            long, short = short, long
        parts.extend(split(holding_of(holding.org, leg.reference, long, short)))
    return parts


def holdings(parameters: Parameters, positions: list[Position]) -> list[Holding]:
    """What the account holds: all lines of a contract together, combinations split where the file says so."""
    counts: dict[tuple[str, tuple[str, str, str]], Holding] = {}
    for position in positions:
        org, contract = find_contract(parameters, position)
        long, short = line_counts(position)
        for part in split(Holding(org, commodity_of(org, contract), contract, long, short)):
            key = (part.org.code, part.contract.reference)
            known = counts.get(key)
            counts[key] = Holding(
                part.org,
                part.commodity,
                part.contract,
                part.long + (known.long if known else 0),
                part.short + (known.short if known else 0),
            )
    return list(counts.values())
