"""What must hold between a contract and its commodity, its product, its grid and its neighbours."""

from __future__ import annotations

from dataclasses import dataclass, field

from margin.model.contract import OPTION_TYPES
from margin.model.problem import Faults, Reason
from margin.read.parameters._house.contract_rows import ContractRow, ProductKey, product_key
from margin.read.parameters._house.document import CommodityEntry, GridEntry, ProductEntry, ValueMethod
from margin.read.parameters._house.draft import Draft
from margin.read.parameters._house.grid import points_of
from margin.read.parameters._house.pricing import Pricing, complaints, model_complaint, states_pricing
from margin.read.parameters._house.pricing_fields import PRICING_FIELDS
from margin.read.validated import did_you_mean

_UNDERLYING_FUTURE = "OOF"
_LINEAR_TYPES = frozenset({"FUT", "FWD", "PHY", "EQTY", "DEBT"})
_EXPIRING_TYPES = frozenset({"FUT", "FWD"}) | OPTION_TYPES


@dataclass(slots=True)
class ProductInUse:
    """A product, as its commodity and its contracts state it together.

    Attributes:
        key: Exchange, product code and type.
        commodity: Code of its commodity.
        value_method: As stated by either; `None` where nobody does.
        entry: What the commodity says of it; `None` where only contracts name it.
        line: Line where it is named first.
    """

    key: ProductKey
    commodity: str
    value_method: ValueMethod | None
    entry: ProductEntry | None
    line: int | None


def stated_tick_value(row: ContractRow, product: ProductInUse) -> float | None:
    """Money value of one tick of a contract, its own or its product's; `None` where losses are money."""
    if row.entry.tick_value is not None:
        return row.entry.tick_value
    return product.entry.tick_value if product.entry else None


def listed_products(draft: Draft) -> dict[ProductKey, ProductInUse]:
    """Products that commodities list."""
    products: dict[ProductKey, ProductInUse] = {}
    for placed in draft.commodities:
        for i, item in enumerate(placed.entry.products or ()):
            key = (item.exchange or draft.exchange, item.code, item.type)
            line = draft.tree.position_of((*placed.path, "products", i)).line
            products.setdefault(key, ProductInUse(key, placed.entry.code, item.value_method, item, line))
    return products


@dataclass(slots=True)
class ContractChecks:
    """Checks contracts one by one and keeps what the next ones must agree with.

    Attributes:
        draft: The document.
        faults: Collector of the file the contracts stand in.
        products: Products in the order of their first appearance.
        pricing: Terms of contracts without losses.
    """

    draft: Draft
    faults: Faults
    products: dict[ProductKey, ProductInUse]
    pricing: Pricing
    _commodities: dict[str, CommodityEntry] = field(init=False)
    _ids: dict[str, ContractRow] = field(default_factory=dict)
    _identities: dict[tuple[object, ...], ContractRow] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._commodities = {placed.entry.code: placed.entry for placed in self.draft.commodities}

    def check(self, row: ContractRow) -> None:
        """Report everything wrong with a contract that its own fields do not show."""
        self._commodity(row)
        if row.entry.type in OPTION_TYPES:
            self._option(row)
        else:
            self._not_an_option(row)
        self._risk(row)
        product = self._product(row)
        if product.entry and product.entry.currency is not None and stated_tick_value(row, product) is None:
            self._missing(row, "tick_value", f"product {' '.join(product.key)} has a currency of its own")
        if row.entry.type in OPTION_TYPES:
            self._value(row, product)
        self._model(row, product)
        self._duplicates(row)

    def _fault(self, row: ContractRow, name: str, message: str, reason: Reason = Reason.INVALID_VALUE) -> None:
        line, column = row.place_of(name)
        self.faults.add(reason, f"{row.label}: {message}", line=line, column=column, field=name)

    def _missing(self, row: ContractRow, name: str, why: str) -> None:
        self._fault(row, name, f"the field {name!r} is missing; {why}", Reason.MISSING_FIELD)

    def _commodity(self, row: ContractRow) -> None:
        codes, code = self.draft.commodity_codes, row.entry.commodity
        if codes is not None and code not in codes:
            hint = did_you_mean(code, codes) or "; list it under commodities"
            self._fault(row, "commodity", f"unknown commodity {code!r}{hint}", Reason.UNKNOWN_NAME)

    def _option(self, row: ContractRow) -> None:
        entry = row.entry
        if not entry.period:
            self._missing(row, "period", "an option expires")
        if entry.right is None:
            self._missing(row, "right", "an option is a call (C) or a put (P)")
        if entry.strike is None and entry.id is None:
            self._missing(row, "strike", "give the strike, or an id to tell the option by")
        if entry.type == _UNDERLYING_FUTURE and not entry.underlying_period:
            self._missing(row, "underlying_period", "the delta of an option on a future is that future's")
        if self._is_priced(row):
            if entry.strike is None and entry.id is not None:
                self._missing(row, "strike", "a model needs it")
        elif entry.composite_delta is None and not self._may_be_priced(row):
            self._missing(row, "composite_delta", "give the composite delta of one long option")

    def _not_an_option(self, row: ContractRow) -> None:
        entry = row.entry
        if entry.type in _EXPIRING_TYPES and not entry.period:
            self._missing(row, "period", f"a contract of type {entry.type} expires")
        for name in ("right", "strike", "underlying_period"):
            if getattr(entry, name) is not None:
                self._fault(row, name, f"{name} belongs to an option, but the type is {entry.type}")

    def _risk(self, row: ContractRow) -> None:
        entry = row.entry
        if entry.losses is None:
            terms = self.pricing.terms(row)
            if self._is_priced(row) or self._may_be_priced(row):
                return
            if terms.price_scan_range is None and self._moves_by_ranges(row):
                self._missing(
                    row, "losses", "give the losses by scenario, or for a future price_scan_range, or a model"
                )
            elif entry.type not in _LINEAR_TYPES:
                self._missing(
                    row, "losses", f"price_scan_range alone does not give the risk of {entry.type}; name a model"
                )
            return
        grid = self._grid(row)
        if grid and len(entry.losses) != points_of(grid):
            self._fault(
                row,
                "losses",
                f"found {len(entry.losses)} losses, expected {points_of(grid)}, one for each scenario of the grid",
                Reason.WRONG_LENGTH,
            )

    def _grid(self, row: ContractRow) -> GridEntry | None:
        """The scenarios of a contract's commodity; `None` where they are faulty."""
        own = self._commodities.get(row.entry.commodity)
        return own.scenario_grid if own and own.scenario_grid else self.draft.grid

    def _moves_by_ranges(self, row: ContractRow) -> bool:
        grid = self._grid(row)
        return grid is None or grid.price_moves_are == "scan_range"

    def _is_priced(self, row: ContractRow) -> bool:
        """Whether a model gives the losses of an option; what is no option needs none but linear."""
        return row.entry.losses is None and self.pricing.terms(row).option_model is not None and _is_option(row)

    def _may_be_priced(self, row: ContractRow) -> bool:
        """Whether a contract lacks losses that its commodity, which is faulty, may say how to derive."""
        codes, code = self.draft.commodity_codes, row.entry.commodity
        return row.entry.losses is None and codes is not None and code in codes and code not in self._commodities

    def _model(self, row: ContractRow, product: ProductInUse) -> None:
        """What a contract states of pricing must fit its type, and not what it states itself."""
        entry = row.entry
        if entry.losses is not None and not states_pricing(entry):
            return
        for message, name in complaints(entry):
            self._fault(row, name, f"{name}: {message}")
        if message := model_complaint(entry, entry.type):
            self._fault(row, "model", message)
        if entry.losses is not None:
            stated = [name for name in PRICING_FIELDS if getattr(entry, name) is not None]
            for name in stated:
                if name != "price_scan_range":
                    self._fault(row, name, f"{name} belongs to contracts without losses, but losses are given")
                elif entry.price_scan_range is not None and entry.price_scan_range.money is None:
                    self._fault(row, name, "beside losses, the price scan range is an amount of money")
            return
        if self._is_priced(row) and entry.composite_delta is not None:
            self._fault(row, "composite_delta", "the model gives the composite delta; leave it out, or give losses")
        terms = self.pricing.terms(row)
        is_in_ticks = terms.linear_model in (None, "linear") and not _is_option(row)
        in_points = terms.price_scan_range is not None and terms.price_scan_range.kind != "money"
        if stated_tick_value(row, product) is not None and (not is_in_ticks or in_points):
            self._fault(row, "tick_value", "a model gives losses in money, not in ticks; give losses, or no tick value")

    def _product(self, row: ContractRow) -> ProductInUse:
        entry = row.entry
        key = product_key(row, self.draft.exchange)
        product = self.products.get(key)
        if product is None:
            product = ProductInUse(key, entry.commodity, entry.value_method, None, row.line)
            self.products[key] = product
            self._unlisted(row, key)
            return product
        if product.commodity != entry.commodity:
            message = f"product {' '.join(key)} belongs to commodity {product.commodity}, not to {entry.commodity}"
            self._fault(row, "commodity", message)
        if entry.value_method is None or entry.value_method == product.value_method:
            return product
        if product.value_method is None and product.entry is not None:
            product.value_method = entry.value_method
        else:
            message = (
                f"found {entry.value_method}, expected {product.value_method or 'none'} as for the other contracts "
                f"of product {' '.join(key)}"
            )
            self._fault(row, "value_method", message)
        return product

    def _unlisted(self, row: ContractRow, key: ProductKey) -> None:
        """Where a commodity lists its products, contracts cannot bring new ones."""
        own = self._commodities.get(row.entry.commodity)
        if own and own.products is not None:
            codes = [f"{item.code} {item.type}" for item in own.products]
            name = f"{key[1]} {key[2]}"
            hint = did_you_mean(name, codes) or f"; commodity {own.code} lists {', '.join(codes) or 'none'}"
            self._fault(row, "product", f"unknown product {name!r}{hint}", Reason.UNKNOWN_NAME)

    def _value(self, row: ContractRow, product: ProductInUse) -> None:
        """An option must say how it is paid for, and a premium-style one what it is worth."""
        entry = row.entry
        if product.value_method is None:
            self._missing(row, "value_method", "EQTY for premium-style options, FUT for futures-style ones")
        if product.value_method != "EQTY" or entry.contract_value is not None:
            return
        if entry.price is None and not self._is_priced(row):
            self._missing(row, "price", "a premium-style option has a value: give price or contract_value")
        stated = product.entry.contract_value_factor if product.entry else None
        if entry.contract_value_factor is None and stated is None:
            self._missing(row, "contract_value_factor", "give the money value of one price point")

    def _duplicates(self, row: ContractRow) -> None:
        entry = row.entry
        key = product_key(row, self.draft.exchange)
        identity = (*key, entry.period, entry.underlying_period, entry.right, entry.strike)
        # Options without a strike are told apart by their ids alone.
        if entry.type not in OPTION_TYPES or entry.strike is not None:
            first = self._identities.setdefault(identity, row)
            if first is not row:
                self._fault(row, "commodity", f"the same contract as {_where(first)}", Reason.DUPLICATE_KEY)
        if entry.id is not None:
            first = self._ids.setdefault(entry.id, row)
            if first is not row:
                self._fault(row, "id", f"the id {entry.id!r} is that of {_where(first)} already", Reason.DUPLICATE_KEY)


def _is_option(row: ContractRow) -> bool:
    return row.entry.type in OPTION_TYPES


def _where(row: ContractRow) -> str:
    return row.label if row.line is None or row.label.startswith("line") else f"{row.label} (line {row.line})"
