"""Contracts of a SPAN XML file as one frame, read column by column."""

from __future__ import annotations

import numpy as np
import polars as pl

from margin.model.contract import CONTRACT_SCHEMA
from margin.model.problem import Reason
from margin.numeric.arrays import BoolArray, CodeArray, FloatArray
from margin.read.parameters._spn.bulk import Owners
from margin.read.parameters._spn.products import Families
from margin.read.parameters._spn.reading import Reading, parse_period, shown
from margin.read.parameters._spn.rows import ContractRows
from margin.read.parameters._spn.underlyings import Underlyings

_EXPIRING_TYPES = frozenset({"FUT", "FWD", "OOP", "OOF", "OOE", "OOC"})


def read_contracts(found: ContractRows, families: Families, reading: Reading) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read all contracts.

    Returns:
        Frames with `CONTRACT_SCHEMA` and with `COMBINATION_LEG_SCHEMA`.
    """
    contracts, series, in_series = found.contracts, found.series, found.series_of
    product = found.product
    types = pl.Series([families.products[i].type for i in product.tolist()], dtype=pl.String)
    is_option = pl.Series([p.is_option for p in families.products] or [False]).gather(product).to_numpy()
    period = _periods(found, is_option, types, reading)
    underlying = Underlyings(found, families, reading)
    contract_id = contracts.texts("cId", required=True)
    underlying_contract = underlying.rows_of_contracts(contract_id)
    family_factor = np.array([_or_nan(p.contract_value_factor) for p in families.products] or [np.nan])
    frame = pl.DataFrame(
        {
            "product": product,
            "contract_id": contract_id,
            "period": period,
            "underlying_period": _underlying_periods(period, underlying_contract, is_option),
            "right": _rights(contracts, is_option, reading),
            "strike": contracts.numbers("k", required=is_option),
            "price": contracts.numbers("p"),
            "contract_value": contracts.numbers("val"),
            "contract_value_factor": _innermost(
                contracts.numbers("cvf"), _spread(series.numbers("cvf"), in_series), family_factor[product]
            ),
            "strike_value_factor": _innermost(contracts.numbers("svf"), _spread(series.numbers("svf"), in_series)),
            "delta_scaling_factor": _or_one(contracts.numbers("sc"))
            * _or_one(_spread(series.numbers("sc"), in_series)),
            "current_delta": contracts.numbers("d"),
            "volatility": _innermost(contracts.numbers("v"), _spread(series.numbers("v"), in_series)),
            "time_to_expiry": _innermost(contracts.numbers("t"), _spread(series.numbers("t"), in_series)),
            "price_quality": contracts.texts("pq"),
            "underlying_contract": pl.Series(underlying_contract, dtype=pl.Int32).set(
                pl.Series(underlying_contract < 0), None
            ),
            "line": contracts.table.lines(contracts.rows),
        },
        schema=CONTRACT_SCHEMA,
        nan_to_null=True,
    )
    _refuse_duplicates(frame, types, families, reading)
    return frame, underlying.combination_legs(contract_id, types)


def _or_nan(number: float | None) -> float:
    return np.nan if number is None else number


def _or_one(values: FloatArray) -> FloatArray:
    return np.where(np.isnan(values), 1.0, values)


def _innermost(*values: FloatArray) -> FloatArray:
    """The first value that is stated, from the contract outwards."""
    result = values[0]
    for outer in values[1:]:
        result = np.where(np.isnan(result), outer, result)
    return result


def _spread(values: FloatArray, index: CodeArray) -> FloatArray:
    """Values of series for each contract, NaN for contracts outside a series; shape (contracts,)."""
    return np.append(values, np.nan)[index]


def _periods(found: ContractRows, is_option: BoolArray, types: pl.Series, reading: Reading) -> pl.Series:
    """Normalised period of each contract: of its series for options, ``""`` for a contract without one."""
    contracts, series = found.contracts, found.series
    of_series = _normalised_periods(series, reading, required=np.ones(len(series), dtype=bool))
    expiring = types.is_in(sorted(_EXPIRING_TYPES)).to_numpy() & ~is_option
    own = _normalised_periods(contracts, reading, required=expiring)
    return pl.Series(np.where(is_option, np.append(of_series, "")[found.series_of], own), dtype=pl.String)


def _normalised_periods(
    owners: Owners, reading: Reading, required: BoolArray
) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    texts = owners.texts("pe")
    owners.require("pe", required & texts.is_null().to_numpy())
    normalised = {text: parse_period(text) for text in texts.unique().to_list() if text is not None}
    rows, owner = owners.first("pe", repeatable=True)
    bad = pl.Series([text for text, period in normalised.items() if period is None], dtype=pl.String)
    if len(bad):
        invalid = texts.is_in(bad).fill_null(value=False).to_numpy()
        for i in np.flatnonzero(invalid).tolist():
            row = int(rows[np.searchsorted(owner, i)])
            reading.faults.add(
                Reason.INVALID_VALUE,
                f"{owners.place(row)}: found {shown(texts[i])}, expected a period such as 202606, 20260630 "
                "or 202606W1; correct the file",
                line=owners.table.line_of(row),
                found=texts[i][:80],
            )
    return np.array([normalised.get(text) or "" for text in texts.to_list()], dtype=object)


def _underlying_periods(period: pl.Series, underlying_contract: CodeArray, is_option: BoolArray) -> pl.Series:
    known = is_option & (underlying_contract >= 0)
    return period.gather(np.maximum(underlying_contract, 0)).set(pl.Series(~known), "") if len(period) else period


def _rights(contracts: Owners, is_option: BoolArray, reading: Reading) -> pl.Series:
    rights = contracts.texts("o")
    contracts.require("o", is_option & rights.is_null().to_numpy())
    rights = rights.str.to_uppercase()
    invalid = ~rights.is_in(["C", "P"]).fill_null(value=True).to_numpy()
    rows, owner = contracts.first("o", repeatable=True)
    for i in np.flatnonzero(invalid).tolist():
        row = int(rows[np.searchsorted(owner, i)])
        reading.faults.add(
            Reason.INVALID_VALUE,
            f"{contracts.place(row)}: found {shown(contracts.table.text_of(row))}, expected C (call) or P (put)",
            line=contracts.table.line_of(row),
        )
    return rights


def _refuse_duplicates(frame: pl.DataFrame, types: pl.Series, families: Families, reading: Reading) -> None:
    """Contracts that a position could not tell apart, and contract ids that stand for two contracts."""
    key = ["product", "period", "underlying_period", "right", "strike"]
    dated = frame.with_columns(types.alias("type")).filter(pl.col("type").is_in(sorted(_EXPIRING_TYPES)))
    for subset, rows in ((key, dated), (["product", "contract_id"], frame)):
        repeated = rows.filter(~pl.struct(subset).is_first_distinct())
        reading.faults.count_unlisted(max(0, repeated.height - 100))
        for row in repeated.head(100).iter_rows(named=True):
            product = families.products[row["product"]]
            what = " ".join(str(row[name]) for name in subset[1:] if row[name] not in (None, ""))
            kind = "contract id" if subset != key else "contract"
            reading.faults.add(
                Reason.DUPLICATE_KEY,
                f"{product.type} product family {product.code}: {kind} {what} is given more than once, "
                "expected once; remove one",
                line=row["line"],
                found=what,
            )
