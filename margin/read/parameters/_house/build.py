"""From a house configuration without faults to a parameter set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from types import MappingProxyType

import polars as pl

from margin.model.contract import COMBINATION_LEG_SCHEMA, Product
from margin.model.currencies import minor_unit_decimals
from margin.model.house import HousePolicy
from margin.model.parameters import (
    AccountType,
    ClearingOrganisation,
    CombinedCommodity,
    Currency,
    CurrencyConversion,
    ParameterSet,
    ParameterSource,
)
from margin.model.scenario import ScenarioGrid
from margin.read.house_policy import apply_choices
from margin.read.parameters._house.commodities import (
    RATE_ID,
    build_commodities,
    build_offsets,
    build_spreads,
    product_id,
)
from margin.read.parameters._house.contract_checks import ProductInUse
from margin.read.parameters._house.contract_frame import contract_frame, rate_arrays
from margin.read.parameters._house.contract_rows import ContractRow, ProductKey
from margin.read.parameters._house.document import DocumentHead
from margin.read.parameters._house.draft import Draft
from margin.read.parameters._house.grid import build_grid
from margin.read.parameters._house.pricing import Pricing, pricing_rules
from margin.read.source import Source


def build_parameters(
    draft: Draft,
    rows: Sequence[ContractRow],
    products: Mapping[ProductKey, ProductInUse],
    sources: Sequence[Source],
) -> ParameterSet:
    """Put the parameter set of a sound document together.

    Args:
        draft: The document.
        rows: All contracts that are listed.
        products: All products.
        sources: The document, and the file its contracts stand in, if any.
    """
    head = draft.head
    grid = build_grid(head.scenario_grid)
    own_grids = {
        placed.entry.code: build_grid(placed.entry.scenario_grid)
        for placed in draft.commodities
        if placed.entry.scenario_grid
    }
    commodities = build_commodities(draft, head.clearing_org, head.currency or "", products.values(), own_grids)
    pricing = Pricing(draft, sources[0].path)
    currencies = {commodity.code: commodity.currency for commodity in commodities}
    return ParameterSet(
        sources=tuple(_source(source, head) for source in sources),
        clearing_orgs=(_clearing_org(head, grid),),
        currencies=_currencies(head, commodities),
        account_types=tuple(
            AccountType(item.code, item.customer, item.name, item.net, priority)
            for priority, item in enumerate(head.account_types or (), start=1)
        ),
        products=tuple(
            _product(product, head.clearing_org, currencies[product.commodity]) for product in products.values()
        ),
        contracts=contract_frame(rows, products, draft.exchange),
        combination_legs=pl.DataFrame(schema=COMBINATION_LEG_SCHEMA),
        arrays=MappingProxyType({RATE_ID: rate_arrays(rows, products, draft.exchange, grid, own_grids, pricing)}),
        commodities=commodities,
        spreads=(*build_spreads(draft, head.clearing_org), *build_offsets(draft, head.clearing_org)),
        house=_house(head, sources[0]),
        pricing_rules=pricing_rules(draft, rows, [commodity.code for commodity in commodities], pricing),
    )


def _source(source: Source, head: DocumentHead) -> ParameterSource:
    return ParameterSource(
        path=source.path,
        sha256=source.sha256,
        format="house",
        clearing_org=head.clearing_org,
        business_date=head.business_date,
        session="settlement",
        revision="",
    )


def _clearing_org(head: DocumentHead, grid: ScenarioGrid) -> ClearingOrganisation:
    return ClearingOrganisation(
        code=head.clearing_org,
        business_date=head.business_date,
        name=head.name,
        # The delta of an option on a physical belongs to its own period; this format knows no other way.
        option_delta_method="PERIOD",
        # Where options have a value the document must say; where none have, nothing can be capped.
        cap_available_net_option_value=bool(head.cap_available_net_option_value),
        currency_conversions=tuple(
            CurrencyConversion(
                item.from_currency, item.to_currency, item.factor, shift_up=item.up, shift_down=item.down
            )
            for item in head.conversions or ()
        ),
        grids=MappingProxyType({RATE_ID: grid}),
    )


def _currencies(head: DocumentHead, commodities: Sequence[CombinedCommodity]) -> tuple[Currency, ...]:
    if head.currencies is not None:
        return tuple(Currency(item.code, item.symbol, item.decimals) for item in head.currencies)
    codes = [commodity.currency for commodity in commodities]
    for conversion in head.conversions or ():
        codes += [conversion.from_currency, conversion.to_currency]
    return tuple(Currency(code, decimals=minor_unit_decimals(code)) for code in dict.fromkeys(codes))


def _product(product: ProductInUse, clearing_org: str, currency: str) -> Product:
    exchange, code, type_ = product.key
    stated = product.entry.currency if product.entry else None
    return Product(
        clearing_org=clearing_org,
        exchange=exchange,
        product_id=product_id(product),
        code=code,
        type=type_,
        currency=stated or currency,
        # Options state it; for the rest it names the kind of contract and values nothing.
        value_method=product.value_method or (type_ if type_ in ("FUT", "FWD") else "EQTY"),
        name=product.entry.name if product.entry else None,
        contract_value_factor=product.entry.contract_value_factor if product.entry else None,
        line=product.line,
    )


def _house(head: DocumentHead, source: Source) -> HousePolicy | None:
    if head.house is None:
        return None
    policy = HousePolicy(
        name=PurePath(source.name).stem,
        title=head.name or head.clearing_org,
        source=source.path,
        effective_date=head.business_date,
        clearing_orgs=(head.clearing_org,),
    )
    return apply_choices(policy, head.house)
