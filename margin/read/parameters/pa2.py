"""Reads expanded unpacked SPAN risk parameter files (``.pa2`` and its siblings, format code ``U2``).

Source: CME "Type n Record - Expanded" pages; ``docs/formats/pa2.md`` has every column that is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import polars as pl

from margin.model.contract import NO_PERIOD
from margin.model.currencies import minor_unit_decimals
from margin.model.parameters import CombinedCommodity, Currency, ParameterSet, ParameterSource, UnsupportedElement
from margin.model.problem import Reason
from margin.model.scenario import ScenarioGrid, standard_grid
from margin.read.parameters._pa2.arrays import read_contract_columns
from margin.read.parameters._pa2.combinations import read_legs, read_methods, unsupported_offsets
from margin.read.parameters._pa2.commodities import Surroundings, read_commodities
from margin.read.parameters._pa2.contracts import Contracts, build_contracts
from margin.read.parameters._pa2.definitions import Definition, futures_style_options, read_definitions
from margin.read.parameters._pa2.header import (
    RATE_ID,
    Header,
    format_code,
    read_conversions,
    read_header,
    refuse_other_format,
)
from margin.read.parameters._pa2.lines import RecordFile
from margin.read.parameters._pa2.products import PricedProduct, ProductKey, read_products, unsupported_factors
from margin.read.parameters._pa2.reading import Reading
from margin.read.parameters._pa2.series import read_series
from margin.read.parameters._pa2.spreads import read_spreads_between_commodities
from margin.read.parameters._sessions import require_session
from margin.read.source import Source

_CHECKED_ONLY = ("1", "R", "V", "Y")


def recognise(source: Source) -> bool:
    """Whether the content begins with an exchange complex header, record 0 with a format code."""
    return format_code(source.content) is not None


def read(source: Source, session: str | None = None) -> ParameterSet:
    """Read an expanded unpacked file, which holds one point in time and one set of rates.

    Args:
        source: The content.
        session: ``settlement``, ``intraday`` or ``1``; a file of another session is refused.

    Raises:
        InputRefused: With all faults of the file, or because its format is a related one that is not read.
    """
    refuse_other_format(source.content, source.path)
    reading = Reading(source.path)
    file = RecordFile(source.content, reading)
    header = read_header(file, reading)
    reading.faults.refuse_if_any()
    require_session(header.point, session, header.clearing_org, source.path)
    _warn_of_unread_records(file, reading)
    for record in file.records(*_CHECKED_ONLY):
        record.check()
    definitions = read_definitions(file, reading)
    products = read_products(file, header.clearing_org, futures_style_options(definitions), reading)
    contracts = build_contracts(
        read_contract_columns(file, reading), read_series(file, reading), products, _locators(definitions), reading
    )
    legs, fractional = read_legs(file, contracts.frame, products, reading)
    around = Surroundings(
        organisation=header.clearing_org,
        business_year=int(header.business_date[:4]),
        products=frozenset(products),
        combination_methods=read_methods(file),
        unsupported=_unsupported(file, products, fractional),
        grids=_grids(definitions, contracts),
        delta_periods=_delta_periods(definitions, contracts.frame, products),
    )
    commodities = read_commodities(file, definitions, around, reading)
    spreads = read_spreads_between_commodities(file, header.clearing_org, frozenset(definitions), reading)
    conversions = read_conversions(file, reading)
    reading.faults.refuse_if_any()
    return ParameterSet(
        sources=(_source_of(header, source),),
        clearing_orgs=(header.organisation(conversions),),
        currencies=_currencies(
            commodities, [code for item in conversions for code in (item.from_currency, item.to_currency)]
        ),
        account_types=header.account_types,
        products=tuple(item.product for item in products.values()),
        contracts=contracts.frame,
        combination_legs=legs,
        arrays=MappingProxyType({RATE_ID: contracts.arrays}),
        commodities=commodities,
        spreads=spreads,
        problems=tuple(reading.warnings),
    )


def _warn_of_unread_records(file: RecordFile, reading: Reading) -> None:
    unread = file.unread()
    if unread:
        counts = ", ".join(f"{kind!r} ({number:,})" for kind, (number, _) in unread.items())
        reading.warn(
            Reason.UNKNOWN_NAME,
            f"records that are not read, by record id and number of lines: {counts}",
            line=min(line for _, line in unread.values()),
            found={kind: number for kind, (number, _) in unread.items()},
        )


def _locators(definitions: Mapping[str, Definition]) -> dict[ProductKey, int]:
    return {key: locator for item in definitions.values() for key, (locator, _) in item.products.items()}


def _unsupported(
    file: RecordFile, products: Mapping[ProductKey, PricedProduct], fractional: Mapping[ProductKey, UnsupportedElement]
) -> Mapping[ProductKey, Sequence[UnsupportedElement]]:
    """Elements of products without a public formula; a commodity with such a product is refused when held."""
    factors, offsets = unsupported_factors(file), unsupported_offsets(file)
    return {
        key: [found for found in (factors.get(key), offsets.get(key[1]), fractional.get(key)) if found is not None]
        for key in products
    }


def _grids(definitions: Mapping[str, Definition], contracts: Contracts) -> dict[str, ScenarioGrid]:
    """Grids of commodities whose series all have one extreme move and cover fraction, where not the usual ones."""
    grids = {}
    usual = standard_grid()
    for code, definition in definitions.items():
        extremes = frozenset[tuple[float, float]]().union(*(contracts.extremes.get(k, ()) for k in definition.products))
        if len(extremes) == 1:
            grid = standard_grid(*next(iter(extremes)))
            if grid != usual:
                grids[code] = grid
    return grids


def _delta_periods(
    definitions: Mapping[str, Definition], contracts: pl.DataFrame, products: Mapping[ProductKey, PricedProduct]
) -> Callable[[str], Sequence[str]]:
    """Gives the periods in which a commodity's contracts have deltas: of the future for options on futures."""
    index = {key: place for place, key in enumerate(products)}

    def periods(code: str) -> list[str]:
        keys = [key for key in definitions[code].products if key in index]
        on_futures = [index[key] for key in keys if key[2] == "OOF"]
        own = contracts.filter(pl.col("product").is_in([index[key] for key in keys]))
        period = pl.when(pl.col("product").is_in(on_futures)).then("underlying_period").otherwise("period")
        return own.select(period.fill_null(NO_PERIOD).unique()).to_series().to_list()

    return periods


def _currencies(commodities: Sequence[CombinedCommodity], conversions: Sequence[str]) -> tuple[Currency, ...]:
    codes = dict.fromkeys([*(commodity.currency for commodity in commodities), *conversions])
    return tuple(Currency(code, decimals=minor_unit_decimals(code)) for code in codes)


def _source_of(header: Header, source: Source) -> ParameterSource:
    point = header.point
    return ParameterSource(
        path=source.path,
        sha256=source.sha256,
        format="pa2",
        clearing_org=header.clearing_org,
        business_date=header.business_date,
        session=f"{point.kind} {point.qualifier}" if point.qualifier else point.kind,
        revision=point.created or "",
    )
