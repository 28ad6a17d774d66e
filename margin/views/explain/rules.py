"""The rules that figures follow: what they are called, where they are published, where the documentation has them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the methodology.

    Attributes:
        name: Its name.
        section: The section of the published method.
        source: The publication.
        page: Page of the documentation's methodology, without folder and ending.
    """

    name: str
    section: str
    source: str
    page: str

    @property
    def docs(self) -> str:
        """The page of the documentation."""
        return f"methodology/{self.page}"


REQUIREMENT = Rule("requirement", "PB Requirements Report", "CME SPAN", "requirement")
FLOOR = Rule("order of evaluation", "Order of evaluation", "CME SPAN; PC-SPAN build 610.151", "requirement")
FACTORS = Rule("classes, kinds and factors", "pbRateDef, adjRate", "CME SPAN XML schema", "requirement")
CONVERSION = Rule("currency conversion", "curConv", "CME SPAN XML schema", "requirement")
SCAN_RISK = Rule("scan risk", "Scan Risk, Scan Tiers", "CME SPAN", "scan-risk")
ARRAYS = Rule("risk arrays", "Risk Arrays", "CME SPAN", "scan-risk")
PRICE_RISK = Rule(
    "weighted futures price risk",
    "Combined Commodities",
    "CME SPAN; CME advisory Chadv10-409",
    "weighted-futures-price-risk",
)
DELTA = Rule("composite delta", "Period Deltas", "CME SPAN", "composite-delta")
INTRACOMMODITY = Rule(
    "intracommodity spreads", "Intra Spreads; Type C and E records", "CME SPAN", "intracommodity-spreads"
)
DELIVERY = Rule("delivery charge", "Type 4 record, method 10; spotRate", "CME SPAN", "delivery-charge")
INTERCOMMODITY = Rule(
    "intercommodity spreads", "Inter Spreads; Type 6 record", "CME SPAN; SPAN 09-01", "intercommodity-spreads"
)
SCANNING = Rule(
    "scanning-based spreads", "SPAN 03-04; Type 6 record, bytes 118-121", "CME SPAN", "scanning-based-spreads"
)
OFFSET = Rule("offsets", "Offset method", "London SPAN", "london-span")
SHORT_OPTION_MINIMUM = Rule(
    "short option minimum", "Type 4 record; somTiers, somMeth", "CME SPAN; Advisory 99-65", "short-option-minimum"
)
OPTION_VALUE = Rule("option value", "Combined Commodities; valueMeth, capAnov", "CME SPAN", "option-value")
GROSS = Rule("gross accounts", "gReq (nlr, nsr, dr)", "CME SPAN XML schema", "gross-accounts")
ROUNDING = Rule("rounding", "Rounding and house policies", "the house's policy", "rounding-and-house-policies")
POSITIONS = Rule("positions", "Set aside, never dropped", "this library", "requirement")
