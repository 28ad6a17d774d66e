"""Random small parameter files and books that are hard on an engine: ties, zeros, offsets, gains everywhere.

The numbers are not realistic and not meant to be: arrays are any numbers, spreads any shape. One seed gives one
file and its books, as SPAN XML text and as CSV text for an engine, and as `Position` lists for the oracle.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from tests.oracle.model import Account, ContractKey, Position, normalise_period
from tests.oracle.random_functions import random_functions
from tests.oracle.random_numbers import Numbers
from tests.oracle.spn_description import (
    CommodityText,
    ContractText,
    FileText,
    FuturesFamily,
    LegText,
    OptionFamily,
    ScanningSpreadText,
    SeriesText,
    SpreadText,
    TierText,
)
from tests.oracle.spn_text import document

PERIODS = ("202607", "20260800", "20260930", "202610W1", "202612")
ACCOUNT_TYPE = "S"


@dataclass(frozen=True)
class Features:
    """What the files may contain beyond the core of the method.

    Attributes:
        scan_tiers: Scan tiers, so that a commodity is scanned in parts.
        weighted_intra: Intracommodity spreads with charge method W.
        relative_legs: Intracommodity legs that count periods.
        delivery: Delivery-month rates.
        inter: Inter-commodity spreads, methods W and F.
        super_spreads: Super spreads, delta-based.
        scanning: Scanning-based spreads, super and ordinary.
        several_rates: Arrays and rates for maintenance, initial and reserve of their own.
        gross: Accounts of a gross account type.
        combinations: Combinations, own array, split or delta split.
        many_points: Grids with more or fewer than sixteen points.
        business_functions: Agreements with commodities of their own over the same contracts, and lines that opt in.
    """

    scan_tiers: bool = False
    weighted_intra: bool = False
    relative_legs: bool = False
    delivery: bool = False
    inter: bool = False
    super_spreads: bool = False
    scanning: bool = False
    several_rates: bool = False
    gross: bool = False
    combinations: bool = False
    many_points: bool = False
    business_functions: bool = False

    @classmethod
    def all(cls) -> Features:
        """Everything on that a clearing organisation may have; business functions stand beside it."""
        return cls(**dict.fromkeys(cls.__dataclass_fields__, True) | {"business_functions": False})


@dataclass(frozen=True)
class Book:
    """One account and its lines; a contract may stand on several lines."""

    account: Account
    positions: list[Position]


@dataclass(frozen=True)
class Case:
    """A parameter file and books that hold its contracts."""

    spn: str
    books: list[Book]

    def positions_csv(self) -> str:
        """All books as one positions file."""
        lines = [
            "account,account_type,is_customer,exchange,product,type,expiry,underlying_expiry,right,strike,"
            "quantity,long,short,clearing_org"
        ]
        for book in self.books:
            for position in book.positions:
                key = position.key
                quantity = position.quantity or Fraction(0)
                sides = ["", decimal_text(max(quantity, Fraction(0))), decimal_text(max(-quantity, Fraction(0)))]
                cells = [
                    book.account.account,
                    book.account.account_type,
                    "1",
                    key.exchange,
                    key.product,
                    key.type,
                    key.period,
                    key.underlying_period,
                    key.right,
                    "" if key.strike is None else decimal_text(key.strike),
                    *([decimal_text(quantity), "", ""] if book.account.account_type == ACCOUNT_TYPE else sides),
                    key.clearing_org,
                ]
                lines.append(",".join(cells))
        return "\n".join(lines) + "\n"


def decimal_text(value: Fraction) -> str:
    """A terminating decimal, exactly."""
    text = format(Decimal(value.numerator) / Decimal(value.denominator), "f")
    if Fraction(text) != value:
        raise ValueError(f"{value} is no short decimal")
    return text


def random_case(seed: int, features: Features | None = None, books: int = 6) -> Case:
    """The file and books of a seed."""
    return Generator(random.Random(seed), features or Features()).case(books)


class Generator(Numbers):
    """Draws one case."""

    def __init__(self, rng: random.Random, features: Features) -> None:
        several = features.several_rates and rng.random() < 0.6
        points = rng.choice([16, 16, 6, 17]) if features.many_points else 16
        super().__init__(rng, ["1", "2", "3"] if several else ["1"], points)
        self.features = features
        self.exponent = rng.choice([0, 0, 0, 1, 2, -1])
        self.keys: list[ContractKey] = []
        self.codes: list[str] = []

    # -- contracts ----------------------------------------------------------------------------------

    def contract(self, period: str, *, right: str = "", strike: str = "", cid: int) -> ContractText:
        """One contract with an array for every rate id."""
        is_option = bool(right)
        scan = {rate: self.money(1, 1500) for rate in self.rate_ids}
        return ContractText(
            cid=cid,
            period=period,
            right=right,
            strike=strike,
            price=self.rng.choice(["0", "0.05", self.money(0, 60), self.money(0, 60), self.money(0, 600)]),
            contract_value_factor=self.rng.choice([None, None, "10", "0.5"]) if is_option else None,
            scaling=self.scaling() if not is_option else self.rng.choice(["1", "1", "1", "0.2"]),
            arrays={rate: self.array() for rate in self.rate_ids},
            deltas={rate: self.delta(is_option=is_option, right=right) for rate in self.rate_ids},
            scan_ranges={} if is_option else scan,
        )

    def futures(self, code: str, pf_id: int) -> FuturesFamily:
        """A family of one to four futures."""
        chosen = sorted(self.rng.sample(PERIODS, self.rng.randint(1, 4)), key=normalise_period)
        family = FuturesFamily(pf_id, code, [self.contract(period, cid=i + 1) for i, period in enumerate(chosen)])
        self.keys += [ContractKey("X", code, "FUT", normalise_period(period)) for period in chosen]
        return family

    def options(self, code: str, pf_id: int, futures: FuturesFamily) -> OptionFamily:
        """Options on the futures, or on a physical (then their delta is in their own period)."""
        on_futures = self.chance(0.6)
        series: list[SeriesText] = []
        scan_ranges = {rate: self.money(1, 1500) for rate in self.rate_ids}
        cid = 1
        for _ in range(self.rng.randint(1, 2)):
            underlying = self.rng.choice(futures.contracts)
            period = self.rng.choice(PERIODS)
            if any(
                (item.period, item.underlying_period) == (period, underlying.period)
                or (not on_futures and item.period == period)
                for item in series
            ):
                continue
            contracts = []
            for right, strike in self.rng.sample(
                [("C", "100"), ("P", "100"), ("C", "102.5"), ("P", "97.50")], self.rng.randint(1, 3)
            ):
                contracts.append(self.contract(period, right=right, strike=strike, cid=cid))
                cid += 1
                self.keys.append(
                    ContractKey(
                        "X",
                        code,
                        "OOF" if on_futures else "OOP",
                        normalise_period(period),
                        normalise_period(underlying.period) if on_futures else "",
                        right,
                        Fraction(strike),
                    )
                )
            series.append(
                SeriesText(
                    period=period,
                    underlying_id=underlying.cid if on_futures else 1,
                    underlying_period=underlying.period,
                    scaling=self.scaling(),
                    contract_value_factor=self.rng.choice([None, None, "25"]),
                    scan_ranges=scan_ranges,
                    contracts=contracts,
                )
            )
        return OptionFamily(
            pf_id=pf_id,
            code=code,
            on_futures=on_futures,
            underlying_family=futures.pf_id if on_futures else pf_id + 500,
            value_method=self.rng.choice(["EQTY", "EQTY", "EQTY", "FUT"]),
            contract_value_factor=self.rng.choice(["1", "50", "0.25"]),
            series=series,
        )

    # -- tiers and spreads --------------------------------------------------------------------------

    def tiers(self, *, overlapping: bool, with_rates: bool = False) -> list[TierText]:
        """One to three numbered tiers over the periods; bounds are open at times, given to the month or the day."""
        cuts = sorted(self.rng.sample(range(1, len(PERIODS)), self.rng.randint(0, 2)))
        edges = [0, *cuts, len(PERIODS)]
        bounds = sorted(normalise_period(period) for period in PERIODS)
        found = []
        for number, (start, end) in enumerate(pairwise(edges), start=1):
            first = start if not overlapping or self.chance(0.6) else self.rng.randint(0, start)
            found.append(
                TierText(
                    number,
                    None if first == 0 and self.chance(0.3) else bounds[first],
                    None if end == len(PERIODS) and self.chance(0.3) else self.end_bound(bounds[end - 1]),
                    self.rates(0, 300) if with_rates else {},
                )
            )
        if with_rates and self.chance(0.4):
            found.append(TierText(0, None, None, self.rates(0, 300)))
        if with_rates and len(found) > 1 and self.chance(0.3):
            found.pop(self.rng.randrange(len(found)))
        return found

    def end_bound(self, period: str) -> str:
        """The same period, or its month where no other period of the month follows."""
        return period[:6] if self.chance(0.3) else period

    def intra_legs(self, code: str, tiers: list[TierText], periods: list[str], kind: str) -> list[LegText]:
        """Two to four legs, at least one on either side."""
        legs = []
        count = self.rng.choice([2, 2, 2, 3, 4])
        for i in range(count):
            side = "AB"[i] if i < 2 else self.rng.choice("AB")
            ratio = self.rng.choice(["1", "1", "1", "2", "1.5", "0.25", "3"])
            use = kind if kind != "mixed" else self.rng.choice(["tier", "period"])
            if use == "period":
                legs.append(LegText(code, side, ratio, period=self.rng.choice(periods)))
            elif use == "relative":
                tier = self.rng.choice([None, *(tier.number for tier in tiers if tier.number)])
                legs.append(LegText(code, side, ratio, relative=self.rng.randint(1, 3), tiers=(tier, tier)))
            else:
                legs.append(LegText(code, side, ratio, tier=self.rng.choice([0, *(t.number for t in tiers)])))
        self.rng.shuffle(legs)
        return legs

    def intra_spreads(self, code: str, tiers: list[TierText], periods: list[str]) -> list[SpreadText]:
        """Up to five spreads in no particular order of priority."""
        kinds = ["tier", "tier", "period", "period", "mixed"]
        if self.features.relative_legs:
            kinds.append("relative")
        count = self.rng.choice([0, 2, 3, 4, 5, 6])
        priorities = self.rng.sample(range(1, 30), count)
        found = []
        for priority in priorities:
            kind = self.rng.choice(kinds)
            weighted = self.features.weighted_intra and self.chance(0.2)
            rates = self.fractions() if weighted else self.rates(-20 if self.chance(0.1) else 0, 300)
            legs = self.intra_legs(code, tiers, periods, kind)
            found.append(SpreadText(priority, "W" if weighted else "F", rates, legs))
        return found

    def inter_leg(self, code: str, side: str, inter_tiers: dict[str, list[TierText]]) -> LegText:
        """A leg on a commodity's tier, with its own rates at times."""
        tier = self.rng.choice([0, 0, *(tier.number for tier in inter_tiers[code])])
        ratio = self.rng.choice(["1", "1", "2", "1.2", "0.5"])
        rates = self.fractions() if self.chance(0.2) else {}
        return LegText(code, side, ratio, tier=tier, rates=rates)

    def inter_spreads(
        self, inter_tiers: dict[str, list[TierText]], counts: list[int]
    ) -> list[SpreadText | ScanningSpreadText]:
        """Some spreads between commodities, in no particular order of priority."""
        if len(self.codes) < 2:
            return []
        found: list[SpreadText | ScanningSpreadText] = []
        for priority in self.rng.sample(range(1, 30), self.rng.choice(counts)):
            if self.features.scanning and self.chance(0.15):
                found.append(self.scanning_spread(priority))
                continue
            chosen = self.rng.sample(self.codes, self.rng.randint(2, min(3, len(self.codes))))
            legs = [
                self.inter_leg(code, "AB"[i] if i < 2 else self.rng.choice("AB"), inter_tiers)
                for i, code in enumerate(chosen)
            ]
            if self.chance(0.3):
                rates = self.rates(-100, 200)
                found.append(SpreadText(priority, "F", rates, [leg.without_rates() for leg in legs]))
            else:
                found.append(SpreadText(priority, "W", self.fractions(), legs))
        return found

    def scanning_spread(self, priority: int) -> ScanningSpreadText:
        """A target and one or two legs; conditions at times."""
        chosen = self.rng.sample(self.codes, self.rng.randint(2, min(3, len(self.codes))))
        allowances = ["1", "0.8", "0.5", "0"]
        legs = [
            LegText(
                code,
                "A",
                self.rng.choice(["1", "1", "2", "0.5"]),
                is_target=i == 0,
                is_required=self.chance(0.2),
                rates={rate: self.rng.choice(allowances) for rate in self.rate_ids} if self.chance(0.3) else {},
            )
            for i, code in enumerate(chosen)
        ]
        return ScanningSpreadText(
            priority,
            {rate: self.rng.choice(allowances) for rate in self.rate_ids},
            legs,
            is_target_required=self.rng.choice([None, False, True]),
            legs_required=self.rng.choice([None, None, 1, 2, 3]),
        )

    # -- the file -----------------------------------------------------------------------------------

    def commodity(self, code: str, pf_id: int) -> CommodityText:
        """A commodity with futures, options most of the time, and spreads."""
        futures = self.futures(f"{code}F", pf_id)
        options = self.options(f"{code}O", pf_id + 1, futures) if self.chance(0.8) else None
        return self.rules(code, futures, options)

    def rules(self, code: str, futures: FuturesFamily, options: OptionFamily | None) -> CommodityText:
        """A commodity over some families: methods, tiers, spreads, rates."""
        periods = [contract.period for contract in futures.contracts]
        if options is not None and not options.on_futures:
            periods += [series.period for series in options.series]
        intra_tiers = self.tiers(overlapping=True) if self.chance(0.8) else []
        return CommodityText(
            code=code,
            exponent=self.exponent,
            cap_available_value=self.rng.choice([None, "0", "1", "1"]),
            wfpr_method=self.rng.choice(["NORMAL", "NORMAL", "SCANRANGE_CAP", "SCANRANGE"])
            if self.features.inter or self.features.weighted_intra
            else "NORMAL",
            som_method=self.rng.choice([None, "GROSS", "GROSS", "MAX"]),
            futures=futures,
            options=options,
            futures_scaling=self.scaling(),
            options_scaling=self.scaling(),
            scan_tiers=self.tiers(overlapping=False) if self.features.scan_tiers and self.chance(0.5) else [],
            intra_tiers=intra_tiers,
            inter_tiers=self.tiers(overlapping=True) if self.features.inter and self.chance(0.6) else [],
            som_tiers=self.tiers(overlapping=False, with_rates=True) if self.chance(0.7) else [],
            spreads=self.intra_spreads(code, intra_tiers, periods),
            spot_rates=[
                (rate, period, self.money(0, 60), self.money(0, 90))
                for period in dict.fromkeys(periods)
                if self.features.delivery and self.chance(0.4)
                for rate in self.rate_ids
            ],
            combination_method=self.rng.choice(["NONE", "SPLIT", "DELTASPLIT"]) if self.features.combinations else None,
            adjustments={} if len(self.rate_ids) > 1 else {"2": self.rng.choice(["1.1", "1.35", "1"])},
        )

    def case(self, books: int) -> Case:
        """A file with one to four commodities and some books."""
        self.codes = ["CA", "CB", "CC", "CD"][: self.rng.choice([1, 2, 2, 3, 3, 4])]
        commodities = [self.commodity(code, 10 * (i + 1)) for i, code in enumerate(self.codes)]
        inter_tiers = {commodity.code: commodity.inter_tiers for commodity in commodities}
        if self.features.combinations:
            for i, commodity in enumerate(commodities):
                self.combination(commodity, 900 + i)
        text = FileText(
            commodities=commodities,
            points=self.points,
            rate_ids=self.rate_ids,
            cap_available_value=self.rng.choice([None, "0", "1"]),
            super_spreads=self.inter_spreads(inter_tiers, [0, 0, 1, 2]) if self.features.super_spreads else [],
            inter_spreads=self.inter_spreads(inter_tiers, [0, 2, 3, 4, 5]) if self.features.inter else [],
        )
        if self.features.business_functions and self.chance(0.7):
            text.business_functions = random_functions(self, commodities)
        return Case(document(text), [self.book(f"A{i + 1}") for i in range(books)])

    def combination(self, commodity: CommodityText, pf_id: int) -> None:
        """Adds a calendar or butterfly combination of the commodity's futures."""
        legs = self.rng.sample(commodity.futures.contracts, min(len(commodity.futures.contracts), 3))
        signed = [(leg.cid, self.rng.choice("AB"), self.rng.choice(["1", "2", "0.5"])) for leg in legs]
        commodity.combination = self.contract(legs[0].period, cid=1)
        commodity.combination_family = pf_id
        commodity.combination_code = f"{commodity.code}M"
        commodity.combination_legs = signed
        self.keys.append(ContractKey("X", f"{commodity.code}M", "CMB", normalise_period(legs[0].period)))

    def book(self, name: str) -> Book:
        """A book: random lines, every future, an offsetting book, a book of long options, a single line."""
        options = [key for key in self.keys if key.right]
        kind = self.rng.choice(["any", "any", "months", "months", "offset", "long options", "one"])
        futures = [key for key in self.keys if key.type == "FUT"]
        if kind == "long options" and options:
            keys = [self.rng.choice(options) for _ in range(self.rng.randint(1, 4))]
            lines = [Position(key, abs(self.quantity()) + 1) for key in keys]
        elif kind == "months":
            lines = [Position(key, self.quantity()) for key in futures]
        else:
            keys = [self.rng.choice(self.keys) for _ in range(1 if kind == "one" else self.rng.randint(3, 16))]
            lines = [Position(key, self.quantity()) for key in keys]
        if kind == "offset":
            lines += [Position(line.key, -(line.quantity or Fraction(0))) for line in lines[::2]]
        self.rng.shuffle(lines)
        account_type = "O" if self.features.gross and self.chance(0.3) else ACCOUNT_TYPE
        return Book(Account(name, account_type, is_customer=True), lines)
