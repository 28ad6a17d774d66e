"""Product families of a SPAN XML file (``phyPf``, ``futPf``, ``oopPf`` …)."""

from __future__ import annotations

from dataclasses import dataclass, field

from margin.model.contract import PRODUCT_TYPES, Product
from margin.model.problem import Reason
from margin.read.parameters._spn.elements import Element
from margin.read.parameters._spn.reading import Fields, Reading

FAMILY_TYPES = {
    "phyPf": "PHY",
    "debtPf": "DEBT",
    "equityPf": "EQTY",
    "futPf": "FUT",
    "fwdPf": "FWD",
    "IRSwapPf": "IRSWAP",
    "CDSwapPf": "CDSWAP",
    "eDebtPf": "EDEBT",
    "oopPf": "OOP",
    "oofPf": "OOF",
    "ooePf": "OOE",
    "oocPf": "OOC",
    "cmbPf": "CMB",
}
"""Product type by name of the family element. Source: CME SPAN XML schema, ``exchange``."""

_UNDERLYING_TYPES = {"OOP": "PHY", "OOF": "FUT", "OOE": "EQTY", "OOC": "CMB"}

FamilyKey = tuple[str, str, str]
"""Clearing organisation, exchange, product id."""


@dataclass
class Families:
    """All product families that are read, in the order of the file.

    Attributes:
        products: The families.
        rows: Row of each family in the element table.
        by_id: Indexes into `products`; an id can be shared by families of different types. A business function
            finds the families it links under its own code.
        equivalent_factors: Equivalent position factors other than 1, by index into `products`.
        business_functions: Codes of the business functions that are read.
    """

    products: list[Product] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    by_id: dict[FamilyKey, list[int]] = field(default_factory=dict)
    equivalent_factors: dict[int, Element] = field(default_factory=dict)
    business_functions: set[str] = field(default_factory=set)

    def find(self, org: str, exchange: str, product_id: str, type_: str | None) -> int | None:
        """Index of a family; an unknown or missing type is no obstacle where the id is unique."""
        candidates = self.by_id.get((org, exchange, product_id), [])
        if type_ in PRODUCT_TYPES:
            candidates = [index for index in candidates if self.products[index].type == type_]
        return candidates[0] if len(candidates) == 1 else None

    def underlying_of(self, index: int, exchange: str, product_id: str) -> int | None:
        """Index of the family that an underlying contract of family `index` belongs to."""
        product = self.products[index]
        found = self.find(product.clearing_org, exchange, product_id, None)
        if found is not None:
            return found
        return self.find(product.clearing_org, exchange, product_id, _UNDERLYING_TYPES.get(product.type, "PHY"))


def read_families(org: str, org_element: Element, families: Families, reading: Reading) -> None:
    """Add the product families of one clearing organisation."""
    for exchange in org_element.all("exchange"):
        code = Fields(reading, exchange, "exchange").require_text("exch")
        _warn_of_unread_families(exchange, reading)
        for element in exchange.all(*FAMILY_TYPES):
            product = _read_family(org, code, element, reading)
            key = (org, code, product.product_id)
            same_id = families.by_id.setdefault(key, [])
            if any(families.products[index].type == product.type for index in same_id):
                Fields(reading, exchange, f"exchange {code}").duplicate(
                    element, f"the {product.type} product family {product.product_id} ({product.code})"
                )
            same_id.append(len(families.products))
            factor = element.first("eqPosFactor")
            if factor is not None and factor.text not in ("", "0", "1", "0.0", "1.0"):
                families.equivalent_factors[len(families.products)] = factor
            families.products.append(product)
            families.rows.append(element.row)


def _read_family(org: str, exchange: str, element: Element, reading: Reading) -> Product:
    type_ = FAMILY_TYPES[element.name]
    fields = Fields(reading, element, f"{element.name} {element.text_of('pfCode') or element.text_of('pfId')}")
    return Product(
        clearing_org=org,
        exchange=exchange,
        product_id=fields.require_text("pfId"),
        code=fields.require_text("pfCode"),
        type=type_,
        currency=fields.require_text("currency"),
        value_method=fields.require_text("valueMeth"),
        name=fields.text("name"),
        contract_value_factor=fields.number("cvf"),
        contract_size=fields.number("contractSize"),
        price_method=fields.text("priceMeth"),
        settlement_method=fields.text("setlMeth"),
        exercise=fields.text("exercise"),
        price_model=fields.text("priceModel"),
        price_decimals=fields.integer("priceDl"),
        strike_decimals=fields.integer("strikeDl"),
        cabinet_value=fields.number("cab"),
        underlying=tuple((leg.text_of("exch"), leg.text_of("pfId")) for leg in element.all("undPf")),
        line=element.line,
    )


def _warn_of_unread_families(exchange: Element, reading: Reading) -> None:
    unread = {child.name: child.line for child in exchange.children if child.name.endswith("Pf")}
    for name in sorted(set(unread) - set(FAMILY_TYPES)):
        reading.warn(
            Reason.UNKNOWN_NAME,
            f"product families <{name}> are not known and not read; positions in them will not be found",
            line=unread[name],
            found=name,
        )
