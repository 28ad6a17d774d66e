"""Positions become three columns: account code, contract code, net quantity; the unknown is set aside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from margin.model.house import HousePolicy, QuantityUnit
from margin.model.parameters import ParameterSet
from margin.model.position import (
    ACCOUNT_KEY,
    CONTRACT_PARTS,
    MAX_QUANTITY_DECIMALS,
    PositionBook,
    PositionPart,
)
from margin.model.problem import LISTED_PROBLEMS, Faults, Problem, Reason
from margin.numeric.arrays import BoolArray, CodeArray, FloatArray, IntArray
from margin.numeric.segments import segment_starts, segment_sums
from margin.resolve.accounts import AccountTable, account_table, assumed_account_type, default_account_type
from margin.resolve.combinations import expanded, resolve_combinations
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.keys import AMBIGUOUS, ContractIndex
from margin.resolve.quantities import file_units_per_quantity

_SIGNIFICANT_DIGITS = 15
_CONTRACT_COLUMNS = ("contract", *CONTRACT_PARTS, "clearing_org", "commodity")
_ACCOUNT_COLUMNS = {
    **dict.fromkeys(ACCOUNT_KEY, pl.String()),
    "is_customer": pl.Boolean(),
    "currency": pl.String(),
}


@dataclass(frozen=True)
class GrossPositions:
    """Positions that are not netted, ascending by account and contract; neither side is negative, one is not zero."""

    account: CodeArray
    contract: CodeArray
    long: FloatArray
    short: FloatArray


@dataclass(frozen=True)
class ResolvedBook:
    """Positions of all accounts in the units of the parameter file.

    Attributes:
        accounts: The accounts.
        account: Account code of each position, ascending, shape (positions,).
        contract: Contract code of each position, ascending inside an account, each at most once.
        quantity: Net quantity, long > 0, never zero.
        gross: Positions that are margined gross.
        balances: Frame with `ACCOUNT_BALANCE_SCHEMA`, the account keys filled in as in `accounts`.
        held: Distinct contracts per account, also those that net to zero or are set aside, shape (accounts,).
        set_aside: How many of them could not be margined, shape (accounts,).
        problems: One error per line that was set aside (the first `LISTED_PROBLEMS`), and warnings.
    """

    accounts: AccountTable
    account: CodeArray
    contract: CodeArray
    quantity: FloatArray
    gross: GrossPositions
    balances: pl.DataFrame
    held: IntArray
    set_aside: IntArray
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class _CodedPart:
    """One input with contract codes and the runs of equal accounts in it, before accounts have codes."""

    part: PositionPart
    account_runs: pl.DataFrame  # one row per run, columns of _ACCOUNT_COLUMNS
    run: IntArray  # row in account_runs of each position
    contract_keys: pl.DataFrame  # unique contract identifications, columns of _CONTRACT_COLUMNS
    key: IntArray  # row in contract_keys of each position
    code: CodeArray  # contract code of each position
    long: FloatArray
    short: FloatArray
    is_net: BoolArray  # whether the position was given as one signed quantity


def resolve_positions(
    book: PositionBook,
    parameters: ParameterSet,
    contracts: ResolvedContracts,
    house: HousePolicy,
    *,
    account_type: str | None = None,
    unit: QuantityUnit | None = None,
    only: Sequence[str] | None = None,
) -> ResolvedBook:
    """Look up every identifier of a position book and net by contract inside each account.

    Raises:
        InputRefused: An account type is unknown, an account contradicts itself, a lot size is missing, or an
            account named in `only` does not occur.
    """
    index = ContractIndex(contracts)
    default = default_account_type(parameters)
    coded = [_code_part(part, index, account_type or default.code) for part in book.parts]
    problems = list(book.problems)
    if account_type is None:
        without = (item.part for item in coded if _lacks_account_type(item.part.frame))
        problems.extend(assumed_account_type(default, part.source.path) for part in without)
    balances = _account_facts(book.balances, account_type or default.code)
    keys = pl.concat([*(item.account_runs for item in coded), balances])
    balances = book.balances.with_columns(balances.get_columns())
    accounts = account_table(_chosen(keys, only), parameters)
    aside = [_set_aside(item, accounts) for item in coded]
    problems.extend(_set_aside_problems(coded, aside, index))
    counted = pl.concat([frame.select("account", "key_text") for frame in aside]).unique()
    set_aside = np.bincount(counted["account"].to_numpy(), minlength=len(accounts)).astype(np.int64)
    return _net(coded, accounts, contracts, house, unit, balances, set_aside, problems)


def _lacks_account_type(frame: pl.DataFrame) -> bool:
    if frame.is_empty():
        return False
    return "account_type" not in frame.columns or frame["account_type"].null_count() > 0


def _account_facts(frame: pl.DataFrame, account_type: str) -> pl.DataFrame:
    """The account columns of a frame, with empty text for keys that are not given."""
    given = set(frame.columns)
    columns = [
        pl.col(name).cast(dtype) if name in given else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in _ACCOUNT_COLUMNS.items()
    ]
    filled = frame.select(columns) if frame.height else pl.DataFrame(schema=_ACCOUNT_COLUMNS)
    keys = [name for name in ACCOUNT_KEY if name != "account_type"]
    return filled.with_columns(
        pl.col("account_type").fill_null(account_type), *(pl.col(name).fill_null("") for name in keys)
    )


def _chosen(keys: pl.DataFrame, only: Sequence[str] | None) -> pl.DataFrame:
    """The rows of the accounts asked for."""
    if only is None:
        return keys
    known = set(keys["account"].unique())
    faults = Faults()
    for account in only:
        if account not in known:
            faults.add(Reason.UNKNOWN_NAME, f"account {account!r} was asked for but no input has it", found=account)
    faults.refuse_if_any()
    return keys.filter(pl.col("account").is_in(list(only)))


def _code_part(part: PositionPart, index: ContractIndex, account_type: str) -> _CodedPart:
    """Find runs of equal accounts and the contract code of every row of one input."""
    frame = part.frame
    columns = [name for name in _ACCOUNT_COLUMNS if name in frame.columns]
    starts = _run_starts(frame, columns)
    run = np.zeros(frame.height, dtype=np.int64)
    run[starts] = 1
    given = [name for name in _CONTRACT_COLUMNS if name in frame.columns]
    keys = frame.select(given).unique(maintain_order=True).with_row_index("key")
    key = frame.select(given).join(keys, on=given, how="left", nulls_equal=True, maintain_order="left")["key"]
    missing = [pl.lit(None, dtype=_key_type(name)).alias(name) for name in _CONTRACT_COLUMNS if name not in given]
    keys = keys.drop("key").with_columns(missing).select(_CONTRACT_COLUMNS)
    codes = _contract_codes(keys, index)
    key_array = key.to_numpy().astype(np.int64)
    long, short, is_net = _sides(frame)
    return _CodedPart(
        part=part,
        account_runs=_account_facts(frame[starts].select(columns), account_type),
        run=np.cumsum(run) - 1,
        contract_keys=keys,
        key=key_array,
        code=codes[key_array],
        long=long,
        short=short,
        is_net=is_net,
    )


def _key_type(name: str) -> pl.DataType:
    return pl.Float64() if name == "strike" else pl.String()


def _run_starts(frame: pl.DataFrame, columns: list[str]) -> IntArray:
    """First row of each run of rows with equal account columns."""
    changed = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in columns)
    changes = frame.select(changed.alias("changed"))["changed"].to_numpy().copy()
    changes[:1] = True
    return np.flatnonzero(changes)


def _contract_codes(keys: pl.DataFrame, index: ContractIndex) -> CodeArray:
    """Contract code of each unique key, by name where one is given, otherwise by codes."""
    named = keys["contract"].is_not_null().to_numpy()
    codes = np.empty(keys.height, dtype=np.int32)
    if named.any():
        codes[named] = index.codes_of_names(keys.filter(named)).to_numpy()
    if not named.all():
        codes[~named] = index.codes_of_parts(keys.filter(~named)).to_numpy()
    return codes


def _sides(frame: pl.DataFrame) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Long and short of each row, and whether they were given as one signed quantity."""
    zero = pl.lit(0.0)
    long, short = ((pl.col(name) if name in frame.columns else zero).fill_null(0.0) for name in ("long", "short"))
    quantity = pl.col("quantity") if "quantity" in frame.columns else pl.lit(None, dtype=pl.Float64)
    sides = frame.select(
        long=pl.coalesce(quantity.clip(lower_bound=0.0), long),
        short=pl.coalesce((-quantity).clip(lower_bound=0.0), short),
        is_net=quantity.is_not_null(),
    )
    return sides["long"].to_numpy(), sides["short"].to_numpy(), sides["is_net"].to_numpy()


def _account_codes(item: _CodedPart, accounts: AccountTable) -> IntArray:
    """Account code of each run of one input, −1 for accounts that are not in the table."""
    table = accounts.frame.select(ACCOUNT_KEY).with_row_index("code")
    codes = item.account_runs.select(ACCOUNT_KEY).join(table, on=ACCOUNT_KEY, how="left", maintain_order="left")["code"]
    return codes.cast(pl.Int64).fill_null(-1).to_numpy()


def _set_aside(item: _CodedPart, accounts: AccountTable) -> pl.DataFrame:
    """Rows that name no single contract: account code, key, row and the key as text."""
    rows = np.flatnonzero(item.code < 0)
    codes = _account_codes(item, accounts)[item.run[rows]]
    text = pl.concat_str([pl.col(name).cast(pl.String).fill_null("") for name in _CONTRACT_COLUMNS], separator="\x1f")
    texts = item.contract_keys.select(text.alias("text"))["text"]
    return pl.DataFrame(
        {
            "account": pl.Series(codes, dtype=pl.Int64),
            "key": pl.Series(item.key[rows], dtype=pl.Int64),
            "row": pl.Series(rows, dtype=pl.Int64),
            "key_text": texts.gather(pl.Series(item.key[rows], dtype=pl.UInt32)),
        }
    ).filter(pl.col("account") >= 0)


def _set_aside_problems(coded: list[_CodedPart], aside: list[pl.DataFrame], index: ContractIndex) -> Iterator[Problem]:
    """One error per row set aside, with the nearest known contract as a hint."""
    hints: dict[tuple[object, ...], str | None] = {}
    listed = 0
    for item, frame in zip(coded, aside, strict=True):
        for row, key in frame.select("row", "key").head(LISTED_PROBLEMS - listed).iter_rows():
            listed += 1
            wanted = item.contract_keys.row(key, named=True)
            identity = tuple(wanted.values())
            if identity not in hints:
                hints[identity] = index.nearest(wanted)
            yield _set_aside_problem(item, row, wanted, hints[identity])


def _set_aside_problem(item: _CodedPart, row: int, wanted: dict[str, object], hint: str | None) -> Problem:
    name = " ".join(str(wanted[part]) for part in ("contract", *CONTRACT_PARTS) if wanted[part] not in (None, ""))
    if item.code[row] == AMBIGUOUS:
        reason = Reason.AMBIGUOUS_CONTRACT
        message = f"contract {name} fits several contracts; add clearing_org, underlying_expiry or commodity"
    else:
        reason = Reason.UNKNOWN_CONTRACT
        message = f"contract {name} is not in the parameters"
        if hint:
            message += f"; the nearest there is {hint}"
    return Problem(
        reason,
        f"{message}. The position is set aside",
        file=item.part.source.path,
        line=item.part.line_of(row),
        account=item.part.frame["account"][row],
        attributes={"contract": name, "hint": hint, "quantity": float(item.long[row] - item.short[row])},
    )


def _net(
    coded: list[_CodedPart],
    accounts: AccountTable,
    contracts: ResolvedContracts,
    house: HousePolicy,
    unit: QuantityUnit | None,
    balances: pl.DataFrame,
    set_aside: IntArray,
    problems: list[Problem],
) -> ResolvedBook:
    """Sort by account and contract, split combinations, and add up the lines of the same contract."""
    account = _joined([_account_codes(item, accounts)[item.run] for item in coded], np.int64)
    code = _joined([item.code for item in coded], np.int64)
    long = _joined([item.long for item in coded], np.float64)
    short = _joined([item.short for item in coded], np.float64)
    known = (code >= 0) & (account >= 0)
    is_net = _is_net(accounts, contracts, account, code)
    _refuse_net_positions(coded, known & ~is_net, account, accounts)
    account, code, long, short = account[known], code[known], long[known], short[known]
    held = _count_distinct(account, code, len(accounts)) + set_aside

    row, code, ratio = expanded(code, resolve_combinations(contracts).split)
    account, sides = account[row], (long[row] * np.abs(ratio), short[row] * np.abs(ratio))
    long, short = np.where(ratio > 0.0, sides, sides[::-1])
    packed = account * max(len(contracts), 1) + code
    if np.any(packed[1:] < packed[:-1]):
        order = np.argsort(packed, kind="stable")
        packed, long, short = packed[order], long[order], short[order]
    starts = segment_starts(packed)
    account, code = np.divmod(packed[starts], max(len(contracts), 1))
    product = contracts.parameters.contracts["product"].to_numpy()[contracts.rows[code]]
    factor = file_units_per_quantity(contracts.parameters, house, unit, product)[product]
    net = _exact_sums(long - short, starts) * factor
    long, short = _exact_sums(long, starts) * factor, _exact_sums(short, starts) * factor
    is_net = _is_net(accounts, contracts, account, code)
    own, gross = np.flatnonzero(is_net & (net != 0.0)), np.flatnonzero(~is_net & ((long != 0.0) | (short != 0.0)))
    return ResolvedBook(
        accounts=accounts,
        account=account[own].astype(np.int32),
        contract=code[own].astype(np.int32),
        quantity=net[own],
        gross=GrossPositions(account[gross].astype(np.int32), code[gross].astype(np.int32), long[gross], short[gross]),
        balances=balances,
        held=held,
        set_aside=set_aside,
        problems=tuple(problems),
    )


def _count_distinct(account: IntArray, code: IntArray, accounts: int) -> IntArray:
    """Number of different contracts of each account."""
    pairs = pl.DataFrame({"account": account, "code": code}).unique()
    return np.bincount(pairs["account"].to_numpy(), minlength=accounts).astype(np.int64)


def _is_net(accounts: AccountTable, contracts: ResolvedContracts, account: IntArray, code: IntArray) -> BoolArray:
    """Whether each position is margined net: its account type and its clearing organisation must both say so."""
    organisations = {org.code: org.is_net_margin for org in contracts.parameters.clearing_orgs}
    of_commodity = np.array(
        [organisations.get(item.clearing_org, True) for item in contracts.commodities] or [True], dtype=np.bool_
    )
    if not len(accounts):
        return np.ones(len(account), dtype=np.bool_)
    commodity = contracts.commodity[code] if len(contracts) else np.zeros(len(code), dtype=np.int32)
    net: BoolArray = accounts.is_net[account] & of_commodity[commodity]
    return net


def _refuse_net_positions(coded: list[_CodedPart], gross: BoolArray, account: IntArray, accounts: AccountTable) -> None:
    """A signed quantity says nothing of long and short, which a gross account needs: refuse every such line."""
    net = _joined([item.is_net for item in coded], np.bool_)
    faults = Faults()
    first = 0
    for item in coded:
        rows = np.flatnonzero((gross & net)[first : first + len(item.code)])
        for row in rows[:LISTED_PROBLEMS]:
            kind = accounts.types[accounts.type_code[account[first + row]]]
            faults.file = item.part.source.path
            faults.add(
                Reason.NET_POSITION_IN_GROSS_ACCOUNT,
                f"account {item.part.frame['account'][int(row)]} of type {kind.code} is margined gross, but its "
                "position is one net quantity; give long and short",
                line=item.part.line_of(int(row)),
            )
        faults.count_unlisted(max(0, len(rows) - LISTED_PROBLEMS))
        first += len(item.code)
    faults.refuse_if_any()


def _joined(arrays: list[np.ndarray], dtype: type) -> np.ndarray:
    return np.concatenate(arrays).astype(dtype, copy=False) if arrays else np.zeros(0, dtype=dtype)


def _exact_sums(quantity: FloatArray, starts: IntArray) -> FloatArray:
    """Sums of quantities as decimals, so that it does not matter how a position is split into lines."""
    sums = segment_sums(quantity, starts)
    if np.array_equal(sums, np.rint(sums)):
        return sums
    # A double holds 15 significant digits: beyond 10⁶ fewer than nine of them stand after the point.
    digits = np.floor(np.log10(np.maximum(np.abs(sums), 1.0)))
    scale = 10.0 ** np.minimum(MAX_QUANTITY_DECIMALS, _SIGNIFICANT_DIGITS - 1 - digits)
    exact: FloatArray = np.rint(sums * scale) / scale
    return exact
