"""One commodity of one account under one rate id, as it stands while spreads are being formed."""

from __future__ import annotations

from fractions import Fraction

from tests.oracle.holding import Holding
from tests.oracle.ledger import Ledger
from tests.oracle.model import ClearingOrg, Commodity, Contract, OracleError, Policy, Rates, ScanPoint
from tests.oracle.rounding import rounded
from tests.oracle.scan import (
    Covers,
    ScanResult,
    combined_scan,
    partition_tier,
    scan_array,
    scan_tiers,
    standard_points,
    tier_covers,
    weighted_price_risk,
)

ZERO = Fraction(0)


def whole(_period: str) -> bool:
    """Covers every period."""
    return True


def gain_adjusted(losses: list[Fraction], allowance: Fraction) -> list[Fraction]:
    """Losses in full, gains at the allowance. Source: CME, SPAN 03-04 (scanning-based spreads)."""
    return [loss if loss >= 0 else loss * allowance for loss in losses]


def rate_of(rates: Rates, rate_id: str, what: str) -> Fraction:
    """The rate for a rate id, which must be there."""
    if rate_id not in rates:
        raise OracleError(f"{what} has no rate {rate_id}")
    return rates[rate_id]


class CommodityState:
    """A commodity's arrays, deltas and amounts; `parts` are (state, gain allowance) pairs merged into it."""

    def __init__(
        self, org: ClearingOrg, commodity: Commodity, rate_id: str, own: list[Holding], policy: Policy
    ) -> None:
        self.org = org
        self.commodity = commodity
        self.rate_id = rate_id
        self.policy = policy
        self.holdings = [holding for holding in own if holding.net != 0]
        self.parts: list[tuple[CommodityState, Fraction]] = []
        self.absorbed_into: str | None = None
        self.ledger = Ledger()
        for holding in self.holdings:
            for period, delta in holding.deltas(holding.net, rate_id):
                self.ledger.add(period, delta, delta)
        self.ledger.round(policy.round_delta)
        self.long_value, self.short_value = option_values(self.holdings, policy)
        self.short_option_minimum = short_option_minimum(commodity, self.holdings, rate_id, policy)
        self.intra_charge = ZERO
        self.delivery_charge = ZERO
        self.inter_credit = ZERO
        self.interclearing_credit = ZERO

    @property
    def points(self) -> tuple[ScanPoint, ...]:
        """The grid: the commodity's own, the clearing organisation's, or the standard sixteen points."""
        for grids in (self.commodity.grids, self.org.grids):
            if self.rate_id in grids:
                points = grids[self.rate_id]
                return points[:16] if self.commodity.first_sixteen_points_only else points
        return standard_points()

    @property
    def is_present(self) -> bool:
        """Whether it has positions, own or merged, and was not itself absorbed."""
        return self.absorbed_into is None and bool(self.all_holdings())

    def all_holdings(self) -> list[Holding]:
        """Own positions and those of absorbed legs."""
        found = list(self.holdings)
        for part, _allowance in self.parts:
            found.extend(part.all_holdings())
        return found

    def losses(self, covers: Covers) -> list[Fraction]:
        """The scenario losses of the positions in a set of periods.

        Position array: the sum of quantity × array × x. Of a scanning-based spread's target: the sum over the
        merged parts, gains of each part at its allowance.
        """
        total = self.own_losses(covers)
        for part, allowance in self.parts:
            adjusted = gain_adjusted(part.losses(covers), allowance)
            if len(adjusted) != len(total):
                raise OracleError("a scanning-based spread joins arrays of different length")
            total = [one + other for one, other in zip(total, adjusted, strict=True)]
        return total

    def own_losses(self, covers: Covers) -> list[Fraction]:
        """The scenario losses of the commodity's own positions."""
        total = [ZERO] * len(self.points)
        for holding in self.holdings:
            if covers(holding.contract.delta_period):
                losses = holding.losses(holding.net, self.rate_id)
                if len(losses) != len(total):
                    raise OracleError(f"{holding.contract.key}: {len(losses)} losses, {len(total)} scan points")
                total = [one + other for one, other in zip(total, losses, strict=True)]
        return total

    def scan_by_tier(self) -> dict[int, ScanResult]:
        """The scan of every scan tier with positions."""
        periods = [holding.contract.delta_period for holding in self.all_holdings()]
        return scan_tiers(self.commodity, periods, self.losses, self.points, self.policy)

    def scan(self) -> ScanResult:
        """The scan of the commodity."""
        return combined_scan(self.scan_by_tier())

    def weighted_price_risk(self, tier: int) -> Fraction:
        """W of an intercommodity tier from its own positions and original deltas; tier 0 is the commodity."""
        covers = tier_covers(self.commodity.inter_tiers, tier)
        if tier == 0 and self.policy.overall_wfpr_from_scan_tiers:
            result = self.scan()
        else:
            result = scan_array(self.losses(covers), self.points, self.policy)
        return weighted_price_risk(
            self.commodity.wfpr_method,
            result.price,
            self.ledger.original_net(covers),
            lambda: scan_range_per_delta(self.org, self.commodity, self.rate_id, covers),
            self.policy,
        )

    def absorb(self, leg: CommodityState, allowance: Fraction, delta_factor: Fraction) -> None:
        """Merges a leg of a scanning-based spread into this target; the leg's own requirement disappears."""
        self.parts.append((leg, allowance))
        for period in leg.ledger.original:
            self.ledger.add(
                period,
                leg.ledger.original[period] * delta_factor,
                leg.ledger.remaining[period] * delta_factor,
            )
        self.long_value += leg.long_value
        self.short_value += leg.short_value
        self.short_option_minimum += leg.short_option_minimum
        self.intra_charge += leg.intra_charge
        self.delivery_charge += leg.delivery_charge
        self.inter_credit += leg.inter_credit
        self.interclearing_credit += leg.interclearing_credit
        leg.absorbed_into = self.commodity.code

    def set_own_allowance(self, allowance: Fraction) -> None:
        """Gains of what the target holds so far count at the allowance: it is a leg like the others."""
        before = CommodityState(self.org, self.commodity, self.rate_id, [], self.policy)
        before.holdings, before.parts = self.holdings, self.parts
        self.holdings, self.parts = [], [(before, allowance)]


def option_values(holdings: list[Holding], policy: Policy) -> tuple[Fraction, Fraction]:
    """(LOV, SOV), both positive: quantity × price × cvf of premium-style options."""
    values = [holding.option_value(holding.net) for holding in holdings]
    long_value = sum((value for value in values if value > 0), ZERO)
    short_value = -sum((value for value in values if value < 0), ZERO)
    return rounded(long_value, policy.round_option_value), rounded(short_value, policy.round_option_value)


def short_option_minimum(commodity: Commodity, holdings: list[Holding], rate_id: str, policy: Policy) -> Fraction:
    """Floor for short options: per tier of the option's period, short contracts × dsf × rate × x.

    Shorts are counted after netting inside each series. GROSS (or blank) counts calls and puts, MAX the
    greater of the two. Source: CME, "SOM Tiers", Advisory 99-65.
    """
    return minimum_of_counts(
        commodity,
        [
            (holding, -holding.net * holding.scaling)
            for holding in holdings
            if holding.contract.is_option and holding.net < 0
        ],
        rate_id,
        policy,
    )


def minimum_of_counts(
    commodity: Commodity, shorts: list[tuple[Holding, Fraction]], rate_id: str, policy: Policy
) -> Fraction:
    """Sum over short option minimum tiers of count × rate × x."""
    counts: dict[int, dict[str, Fraction]] = {}
    for holding, count in shorts:
        key = holding.contract.key
        tier = partition_tier(commodity.som_tiers, key.period)
        by_right = counts.setdefault(tier, {"C": ZERO, "P": ZERO})
        by_right[key.right] += count
    total = ZERO
    for number, by_right in counts.items():
        tier_rates = [tier.rates for tier in commodity.som_tiers if tier.number == number]
        rate = rate_of(tier_rates[0], rate_id, f"short option minimum tier {number}") if tier_rates else ZERO
        is_max = (commodity.som_method or "GROSS") == "MAX"
        count = max(by_right.values()) if is_max else sum(by_right.values(), ZERO)
        total += count * rate * commodity.multiplier
    return rounded(total, policy.round_short_option_minimum)


def scan_range_per_delta(org: ClearingOrg, commodity: Commodity, rate_id: str, covers: Covers) -> Fraction:
    """R: the price scan range of the tier's nearest maturity per delta, times x.

    The nearest maturity is the earliest period of the file's contracts with a scan range (futures and the
    like before options, contracts that expire before those that do not). A range that differs up and down has
    no public formula.
    """
    candidates: list[tuple[bool, bool, str, int, Contract]] = []
    for order, contract in enumerate(org.contracts.values()):
        in_commodity = contract.reference[:2] in commodity.links
        if in_commodity and covers(contract.delta_period) and rate_id in contract.scan_ranges:
            period = contract.delta_period
            candidates.append((contract.is_option, period == "", period, order, contract))
    if not candidates:
        raise OracleError(f"{commodity.code}: no scan range for weighted futures price risk")
    contract = min(candidates, key=lambda candidate: candidate[:4])[4]
    ranges = contract.scan_ranges[rate_id]
    if "priceScan" not in ranges or ranges.get("priceScanDown", ranges["priceScan"]) != ranges["priceScan"]:
        raise OracleError(f"{contract.key}: scan range without one value in money")
    link = commodity.links[contract.reference[:2]]
    scaling = contract.own_scaling * contract.maturity_scaling * link.scaling
    return ranges["priceScan"] / scaling * commodity.multiplier
