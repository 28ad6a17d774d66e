"""Positions become three columns: account code, contract code, net quantity; the unknown is set aside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import polars as pl

from margin.model.house import HousePolicy, QuantityUnit
from margin.model.parameters import ParameterSet
from margin.model.position import (
    ACCOUNT_KEY,
    CONTRACT_PARTS,
    PositionBook,
    PositionPart,
)
from margin.model.problem import LISTED_PROBLEMS, Faults, Problem, Reason
from margin.numeric.arrays import BoolArray, CodeArray, FloatArray, IntArray
from margin.numeric.segments import segment_starts
from margin.resolve.accounts import AccountTable, account_table, assumed_account_type, default_account_type
from margin.resolve.contracts import ResolvedContracts
from margin.resolve.keys import AMBIGUOUS, ContractIndex, contract_index
from margin.resolve.lines import GrossPositions, PositionLines, margined_net, net_positions
from margin.resolve.unknown import name_as_given, why_set_aside

_CONTRACT_COLUMNS = ("contract", *CONTRACT_PARTS, "clearing_org", "commodity")
_ACCOUNT_COLUMNS = {
    **dict.fromkeys(ACCOUNT_KEY, pl.String()),
    "is_customer": pl.Boolean(),
    "currency": pl.String(),
}


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
        opted_in: Lines that opt into a business function.
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
    opted_in: PositionLines


@dataclass(frozen=True)
class _CodedPart:
    """One input with contract codes and the runs of equal accounts in it, before accounts have codes."""

    part: PositionPart
    account_runs: pl.DataFrame  # one row per run, columns of _ACCOUNT_COLUMNS and the row where it starts
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
    index = contract_index(contracts)
    default = default_account_type(parameters)
    coded = [_code_part(part, index, account_type or default.code) for part in book.parts]
    problems = list(book.problems)
    if account_type is None:
        without = (item.part for item in coded if _lacks_account_type(item.part.frame))
        problems.extend(assumed_account_type(default, part.source.path) for part in without)
    balances = _account_facts(book.balances, account_type or default.code)
    runs = [item.account_runs.with_columns(input=pl.lit(i)) for i, item in enumerate(coded)]
    keys = pl.concat([*runs, balances.with_columns(row=pl.lit(None, pl.Int64), input=pl.lit(None, pl.Int32))])
    balances = book.balances.with_columns(balances.get_columns())

    def place(number: int, row: int) -> tuple[str, int | None]:
        return book.parts[number].source.path, book.parts[number].line_of(row)

    accounts = account_table(_chosen(keys, only), parameters, place)
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
            near = get_close_matches(account, sorted(known), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            message = f"account {account!r} was asked for but no input has it{hint}"
            faults.add(Reason.UNKNOWN_NAME, message, found=account)
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
    keys, key = _distinct(frame.select(given))
    missing = [pl.lit(None, dtype=_key_type(name)).alias(name) for name in _CONTRACT_COLUMNS if name not in given]
    keys = keys.with_columns(missing).select(_CONTRACT_COLUMNS)
    codes = _contract_codes(keys, index)
    long, short, is_net = _sides(frame)
    return _CodedPart(
        part=part,
        account_runs=_account_facts(frame[starts].select(columns), account_type).with_columns(row=pl.Series(starts)),
        run=np.cumsum(run) - 1,
        contract_keys=keys,
        key=key,
        code=codes[key],
        long=long,
        short=short,
        is_net=is_net,
    )


def _distinct(frame: pl.DataFrame) -> tuple[pl.DataFrame, IntArray]:
    """The distinct rows of a frame in the order they first occur, and for each row which of them it is."""
    groups = frame.with_row_index("row").group_by(frame.columns, maintain_order=True).agg("row")
    sizes = groups["row"].list.len().to_numpy()
    which = np.empty(frame.height, dtype=np.int64)
    which[groups["row"].explode(empty_as_null=False).to_numpy()] = np.repeat(np.arange(groups.height), sizes)
    return groups.drop("row"), which


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
    told: dict[tuple[object, ...], tuple[Reason, str, str | None]] = {}
    listed = 0
    for item, frame in zip(coded, aside, strict=True):
        for row, key in frame.select("row", "key").head(LISTED_PROBLEMS - listed).iter_rows():
            listed += 1
            wanted = item.contract_keys.row(key, named=True)
            identity = tuple(wanted.values())
            if identity not in told:
                told[identity] = why_set_aside(wanted, index, is_ambiguous=bool(item.code[row] == AMBIGUOUS))
            reason, message, hint = told[identity]
            yield Problem(
                reason,
                f"{message}. The position is set aside",
                file=item.part.source.path,
                line=item.part.line_of(row),
                account=item.part.frame["account"][row],
                attributes={
                    "contract": name_as_given(wanted),
                    "hint": hint,
                    "quantity": float(item.long[row] - item.short[row]),
                },
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
    lines = PositionLines(
        account=_joined([_account_codes(item, accounts)[item.run] for item in coded], np.int64),
        contract=_joined([item.code for item in coded], np.int64),
        long=_joined([item.long for item in coded], np.float64),
        short=_joined([item.short for item in coded], np.float64),
        is_signed=_joined([item.is_net for item in coded], np.bool_),
    )
    known = (lines.contract >= 0) & (lines.account >= 0)
    is_net = margined_net(accounts, contracts, lines.account, lines.contract)
    _refuse_net_positions(coded, known & ~is_net, lines.account, accounts)
    lines = lines.take(known)
    net = net_positions(lines, accounts, contracts, house, unit)
    return ResolvedBook(
        accounts=accounts,
        account=net.account,
        contract=net.contract,
        quantity=net.quantity,
        gross=net.gross,
        balances=balances,
        held=_count_distinct(lines.account, lines.contract, len(accounts)) + set_aside,
        set_aside=set_aside,
        problems=tuple(problems),
        opted_in=lines.take(contracts.is_business_function[contracts.commodity[lines.contract]]),
    )


def _count_distinct(account: IntArray, code: IntArray, accounts: int) -> IntArray:
    """Number of different contracts of each account."""
    codes = int(code.max(initial=0)) + 1
    pairs = np.sort(account * codes + code)
    return np.bincount(pairs[segment_starts(pairs)] // codes, minlength=accounts)


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
