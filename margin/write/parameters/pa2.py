"""CME SPAN expanded unpacked files (``.pa2``, format code ``U2``).

A file holds the arrays and rates of one clearing organisation on one rate id: the one that has arrays. Other rate
ids are written as adjustment factors and initial ratios where they follow from it. Arrays, charges and deltas have
fixed digits: each is written as near as they allow, and a warning tells the largest difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import numpy as np
import polars as pl

from margin.model.parameters import CombinedCommodity, ParameterSet
from margin.numeric.arrays import FloatArray
from margin.write.parameters._pa2.combinations import combination_records
from margin.write.parameters._pa2.commodities import (
    definition,
    delivery_records,
    exchange_of,
    intracommodity_records,
    refuse_commodity,
    tier_records,
)
from margin.write.parameters._pa2.contracts import ContractRecords, keys_of, named_contracts
from margin.write.parameters._pa2.factors import factors_of, leave_out_account_types
from margin.write.parameters._pa2.figures import Figures, figures_of
from margin.write.parameters._pa2.header import (
    conversion_records,
    exchange_record,
    group_records,
    header_record,
    leave_out_currencies,
)
from margin.write.parameters._pa2.products import product_factors, product_record
from margin.write.parameters._pa2.series import SeriesRecords, series_of
from margin.write.parameters._pa2.spreads import spreads_between, spreads_inside
from margin.write.parameters._pa2.subject import Subject, choose
from margin.write.written import Written

TITLE = "SPAN expanded unpacked"
SUFFIXES = (".pa2",)


def write(parameters: ParameterSet) -> Written:
    """Risk parameters as an expanded unpacked SPAN file.

    Money is in the performance-bond currency before the risk exponent; losses of one long contract are positive.
    Source: CME "Type n Record - Expanded" pages.

    Args:
        parameters: One clearing organisation's, with the arrays of one rate id.

    Raises:
        InputRefused: With everything that the format cannot say.
    """
    subject = choose(parameters)
    leave_out_account_types(subject)
    figures = figures_of(subject)
    contracts = named_contracts(subject)
    factors = product_factors(subject, contracts)
    series = series_of(subject, contracts, factors)
    head = b"".join(_head(subject, contracts, figures, series, factors))
    subject.limits.faults.refuse_if_any()
    records = ContractRecords(
        keys=keys_of(contracts),
        figures=figures,
        product=contracts["product"].to_numpy().astype(np.int64),
        flag="C" if subject.organisation.is_settlement else "I",
        frame=contracts,
        has_own_factors=series.has_own_factors,
    )
    return Written(chain((head,), records.lines()), subject.limits.warnings())


def _head(
    subject: Subject, contracts: pl.DataFrame, figures: Figures, series: SeriesRecords, factors: FloatArray
) -> Iterator[bytes]:
    """Everything before the contracts, line by line."""
    parameters = subject.parameters
    yield header_record(subject).content()
    yield from (record.content() for record in conversion_records(subject))
    home = {commodity.code: exchange_of(subject, commodity) for commodity in parameters.commodities}
    exchanges = dict.fromkeys([*(product.exchange for product in parameters.products), *home.values()])
    order = [one for exchange in exchanges for one in parameters.commodities if home[one.code] == exchange]
    leave_out_currencies(subject, order)
    lines = series.by_product()
    for exchange in exchanges:
        yield exchange_record(subject, exchange).content()
        for row, product in enumerate(parameters.products):
            if product.exchange == exchange and row not in subject.links:
                yield product_record(subject, row, figures, factors, series.has_own_factors).content()
        for commodity in order:
            if home[commodity.code] == exchange:
                yield from _commodity(subject, commodity, figures, series, factors, lines)
    yield from (record.content() for record in group_records(subject, order))
    yield from (record.content() for record in spreads_between(subject, home))
    yield from (record.content() for record in combination_records(subject, contracts))


def _commodity(
    subject: Subject,
    commodity: CombinedCommodity,
    figures: Figures,
    series: SeriesRecords,
    factors: FloatArray,
    lines: dict[int, bytes],
) -> Iterator[bytes]:
    """All records of one combined commodity."""
    refuse_commodity(subject, commodity)
    ratios = factors_of(subject, commodity)
    parts = list(definition(subject, commodity, figures))
    for _, rows, _ in parts:
        for row in rows:
            yield product_record(subject, row, figures, factors, series.has_own_factors).content()
    for records in (
        [record for _, _, record in parts],
        tier_records(subject, commodity),
        intracommodity_records(subject, commodity, ratios),
        spreads_inside(subject, commodity),
        delivery_records(subject, commodity, ratios),
    ):
        yield from (record.content() for record in records)
    for _, rows, _ in parts:
        yield from (lines.get(row, b"") for row in rows)
