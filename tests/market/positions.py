"""Random books over a generated market, from a handful of rows to tens of millions, the same for equal arguments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import ndtri

from tests.market.model import FloatArray, IntArray, Market

POSITION_COLUMNS = (
    "firm", "account", "account_type", "segregation", "currency", "exchange", "product", "type",
    "expiry", "underlying_expiry", "right", "strike", "quantity",
)  # fmt: skip

OUTRIGHT, CALENDAR, STRANGLE, VERTICAL, COVERED, CONDOR, SINGLE = range(7)
STRATEGY_LEGS = np.array([1, 2, 2, 2, 2, 4, 1])
STRATEGY_SHARES = np.array([0.18, 0.16, 0.20, 0.16, 0.08, 0.07, 0.15])

ACCOUNTS_PER_FIRM = 250
ACCOUNT_SIZE_DEVIATION = 1.2  # of the logarithm of positions per account
ROWS_AT_ONCE = 1 << 16
LARGEST_SHARE_OF_MARKET = 0.5  # of all contracts that one account may hold


@dataclass(frozen=True)
class _Universe:
    """What can be traded, by commodity: rows of the market's contracts.

    Attributes:
        futures: First row and number of futures rows of each commodity's main future, shape (commodities, 2).
        series_of: First series and number of series of each commodity, shape (commodities, 2).
        series: First row and number of call-put pairs of each option series, shape (series, 2).
        tradable: Rows of all futures and options.
        lots: Lot size by contract row.
    """

    futures: IntArray
    series_of: IntArray
    series: IntArray
    tradable: IntArray
    lots: IntArray


@dataclass(frozen=True)
class _Strategies:
    """Strategies in the order in which their legs fill the rows, and the rows of each.

    Attributes:
        kind: Which strategy, one of the constants above.
        commodity: Row of the commodity it is in.
        start: Row of its first leg.
        uniform: Its own random draws, shape (strategies, draws).
        of_row: The strategy that each row belongs to, shape (rows,).
    """

    kind: IntArray
    commodity: IntArray
    start: IntArray
    uniform: FloatArray
    of_row: IntArray

    def legs(self, start: int, stop: int) -> _Legs:
        """The legs in a range of rows."""
        of = self.of_row[start:stop]
        return _Legs(
            self.kind[of], np.arange(start, stop)[: len(of)] - self.start[of], self.commodity[of], self.uniform[of]
        )


@dataclass(frozen=True)
class _Legs:
    """Rows with the draws of their strategy, the same for all its legs, and the number of the leg."""

    strategy: IntArray
    leg: IntArray
    commodity: IntArray
    uniform: FloatArray  # shape (rows, draws)


def generate_positions(market: Market, accounts: int, positions: int, seed: int) -> pl.DataFrame:
    """A frame of positions in futures and options with the columns of a position file.

    Accounts hold lognormally many positions, mostly in a few neighbouring commodities and mostly in pieces of
    strategies: calendar spreads, short strangles, verticals, covered calls, iron condors. No account holds
    one contract twice. Quantities are whole lots, long > 0.

    Args:
        market: The market to trade in.
        accounts: Number of accounts, all of which hold something.
        positions: Number of rows.
        seed: Seed of the random draws; the market has its own.

    Raises:
        ValueError: Fewer positions than accounts, or more than the market's contracts allow.
    """
    universe = _universe(market)
    random = np.random.Generator(np.random.PCG64(seed))
    sizes = _account_sizes(random, accounts, positions, len(universe.tradable))
    account = np.repeat(np.arange(accounts), sizes)
    strategies = _draw_strategies(random, universe, account, sizes)
    contract, lots = np.empty(positions, dtype=np.int64), np.empty(positions, dtype=np.int64)
    for start in range(0, positions, ROWS_AT_ONCE):  # arrays that stay in the cache
        rows = slice(start, start + ROWS_AT_ONCE)
        contract[rows], lots[rows] = _contracts_of(universe, strategies.legs(rows.start, rows.stop))
    contract = _without_duplicates(random, universe, account, contract)
    return _frame(market, account, contract, lots * universe.lots[contract])


def _universe(market: Market) -> _Universe:
    start, first_row = 0, {}
    for family in market.families:
        first_row[family.id] = start
        start += len(family.contracts)
    lots = np.repeat([f.lot_size for f in market.families], [len(f.contracts) for f in market.families])
    futures, series_of, tradable = [], [], []
    series: list[tuple[int, int]] = []
    for commodity in market.commodities:
        families = [market.family(link.family) for link in commodity.links]
        main = next(family for family in families if family.type == "FUT")
        futures.append((first_row[main.id], len(main.contracts)))
        first_series = len(series)
        for family in families:
            row = first_row[family.id]
            if family.type != "PHY":
                tradable.append(np.arange(row, row + len(family.contracts)))
            whole = (one for one in family.series if one.stop - one.start >= 2)
            series += [(row + one.start, (one.stop - one.start) // 2) for one in whole]
        series_of.append((first_series, len(series) - first_series))
    return _Universe(
        futures=np.array(futures, dtype=np.int64),
        series_of=np.array(series_of, dtype=np.int64),
        series=np.array(series or [(0, 1)], dtype=np.int64),
        tradable=np.concatenate(tradable),
        lots=lots.astype(np.int64),
    )


def _account_sizes(random: np.random.Generator, accounts: int, positions: int, contracts: int) -> IntArray:
    """Number of positions of each account, at least one and at most a share of the market, summing exactly."""
    limit = max(1, int(contracts * LARGEST_SHARE_OF_MARKET))
    if not accounts <= positions <= accounts * limit:
        raise ValueError(
            f"{positions} positions in {accounts} accounts over {contracts} contracts: "
            f"between {accounts} and {accounts * limit} are possible"
        )
    weights = np.exp(ACCOUNT_SIZE_DEVIATION * _normal(random.random(accounts)))
    wanted = 1 + np.floor((positions - accounts) * weights / weights.sum()).astype(np.int64)
    sizes: IntArray = np.minimum(wanted, limit)
    while (missing := positions - int(sizes.sum())) > 0:
        room = np.flatnonzero(sizes < limit)
        share, rest = divmod(missing, len(room))
        sizes[room] += share
        sizes[room[:rest]] += 1
        sizes = np.minimum(sizes, limit)
    return sizes


def _draw_strategies(
    random: np.random.Generator, universe: _Universe, account: IntArray, sizes: IntArray
) -> _Strategies:
    """Enough strategies to fill all rows; one that straddles two accounts is torn apart, as real books are."""
    positions = len(account)
    strategy = np.searchsorted(np.cumsum(STRATEGY_SHARES), random.random(positions) * 0.999999)
    ends = np.cumsum(STRATEGY_LEGS[strategy])
    number = int(np.searchsorted(ends, positions)) + 1
    strategy, ends = strategy[:number], ends[:number]
    starts = ends - STRATEGY_LEGS[strategy]
    commodities = len(universe.futures)
    home = np.floor(commodities * random.random(len(sizes)) ** 2).astype(np.int64)
    owner = account[starts]
    reach = -np.log1p(-random.random(number)) * (1.0 + sizes[owner] / 20.0)
    commodity = (home[owner] + np.floor(reach).astype(np.int64)) % commodities
    uniform = random.random((number, 6))
    of_row = np.repeat(np.arange(number), STRATEGY_LEGS[strategy])[:positions]
    return _Strategies(strategy, commodity, starts, uniform, of_row)


def _contracts_of(universe: _Universe, legs: _Legs) -> tuple[IntArray, IntArray]:
    """Contract row and signed number of lots of every leg."""
    strategy, leg = legs.strategy, legs.leg
    flip = np.where(legs.uniform[:, 0] < 0.35, -1, 1)
    has_options = universe.series_of[legs.commodity, 1] > 0
    is_future = ~has_options | (strategy <= CALENDAR) | ((strategy == COVERED) & (leg == 0))

    first, months = universe.futures[legs.commodity].T
    near = np.floor(months * legs.uniform[:, 1] ** 3).astype(np.int64)
    future = first + (near + leg) % months
    future_side = flip * np.where(leg % 2 == 0, 1, -1)

    first_series, number = universe.series_of[legs.commodity].T
    chosen = first_series + np.floor(np.maximum(number, 1) * legs.uniform[:, 1] ** 2).astype(np.int64)
    row, pairs = universe.series[np.where(has_options, chosen, 0)].T
    step, is_put, option_side = _option_leg(strategy, leg, legs.uniform[:, 2])
    centre = pairs // 2 + 0.15 * pairs * _normal(legs.uniform[:, 3])
    width = 1 + np.floor(legs.uniform[:, 4] * pairs / 6)
    strike = np.clip(np.rint(centre + step * width), 0, pairs - 1).astype(np.int64)
    option = row + 2 * strike + is_put
    side = np.where(is_future, future_side, flip * option_side)
    lots = 1 + np.floor(np.exp(0.4 + 0.9 * _normal(legs.uniform[:, 5]))).astype(np.int64)
    return np.where(is_future, future, option), side * lots


def _normal(uniform: FloatArray) -> FloatArray:
    """Standard normal draws from uniform ones, without infinities."""
    draws: FloatArray = ndtri(np.clip(uniform, 1e-9, 1 - 1e-9))
    return draws


def _option_leg(strategy: IntArray, leg: IntArray, draw: FloatArray) -> tuple[FloatArray, IntArray, IntArray]:
    """Strike steps from the centre, whether a put, and the side, of an option leg of a strategy."""
    put_drawn = (draw < 0.5).astype(np.int64)
    condor = np.minimum(leg, 3)
    cases = [strategy == STRANGLE, strategy == VERTICAL, strategy == CONDOR, strategy == COVERED]
    step = np.select(cases, [1.0 - 2.0 * leg, 1.0 * leg, np.array([-2.0, -1.0, 1.0, 2.0])[condor], 1.0], 0.0)
    is_put = np.select(cases, [leg, put_drawn, (condor < 2).astype(np.int64), 0], put_drawn)
    side = np.select(
        cases, [-1, 1 - 2 * leg, np.array([1, -1, -1, 1])[condor], -1], np.where(draw * 2 % 1 < 0.6, 1, -1)
    )
    return step, is_put, side


def _without_duplicates(
    random: np.random.Generator, universe: _Universe, account: IntArray, contract: IntArray
) -> IntArray:
    """Draw a contract anew, anywhere in the market, where an account would hold it twice."""
    contract = contract.copy()
    while True:
        key = account * len(universe.lots) + contract
        ordered = np.sort(key)
        twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
        if not len(twice):
            return contract
        found = np.minimum(np.searchsorted(twice, key), len(twice) - 1)
        rows = np.flatnonzero(twice[found] == key)
        first_of_each = np.unique(key[rows], return_index=True)[1]
        again = np.delete(rows, first_of_each)
        contract[again] = universe.tradable[
            np.floor(random.random(len(again)) * len(universe.tradable)).astype(np.int64)
        ]


def _frame(market: Market, account: IntArray, contract: IntArray, quantity: IntArray) -> pl.DataFrame:
    number = int(account.max()) + 1
    codes = np.arange(number)
    kinds = [kind for kind in "SSSSSSHHM" if any(kind == known.code for known in market.account_types)]
    kind = [kinds[i * 7 % len(kinds)] for i in range(number)]
    holders = pl.DataFrame(
        {
            "firm": [f"F{i // ACCOUNTS_PER_FIRM + 1:03d}" for i in range(number)],
            "account": [f"ACC{i + 1:07d}" for i in codes],
            "account_type": kind,
            "segregation": ["HOUS" if one == "M" else "CUST" for one in kind],
            "currency": [market.spec.currency] * number,
        }
    )
    parts = market.contracts.select("exchange", "product", "type", "expiry", "underlying_expiry", "right", "strike")
    frame = pl.concat([holders[account], parts[contract]], how="horizontal")
    return frame.with_columns(pl.Series("quantity", quantity)).select(POSITION_COLUMNS)
