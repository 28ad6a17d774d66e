"""Plain descriptions of a small SPAN XML file; every number is the text that will stand in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

Rates = dict[str, str]


@dataclass
class ContractText:
    """A future, option or combination; numbers are the text that stands in the file."""

    cid: int
    period: str
    right: str
    strike: str
    price: str
    contract_value_factor: str | None
    scaling: str
    arrays: dict[str, list[str]]
    deltas: Rates
    scan_ranges: Rates


@dataclass
class FuturesFamily:
    """Futures of one family on exchange X."""

    pf_id: int
    code: str
    contracts: list[ContractText]


@dataclass
class SeriesText:
    """Options of one period on one underlying contract."""

    period: str
    underlying_id: int
    underlying_period: str
    scaling: str
    contract_value_factor: str | None
    scan_ranges: Rates
    contracts: list[ContractText]


@dataclass
class OptionFamily:
    """Options on futures (OOF), or on a physical without arrays (OOP)."""

    pf_id: int
    code: str
    on_futures: bool
    underlying_family: int
    value_method: str
    contract_value_factor: str
    series: list[SeriesText]


@dataclass
class TierText:
    """A tier."""

    number: int
    start: str | None
    end: str | None
    rates: Rates = field(default_factory=dict)


@dataclass(frozen=True)
class LegText:
    """A leg on a tier, a period, or the n-th period of a range of tiers."""

    commodity: str
    side: str
    ratio: str
    tier: int | None = None
    period: str | None = None
    relative: int | None = None
    tiers: tuple[int | None, int | None] = (None, None)
    rates: Rates = field(default_factory=dict)
    is_target: bool = False
    is_required: bool = False

    def without_rates(self) -> LegText:
        """The leg without rates of its own."""
        return replace(self, rates={})


@dataclass
class SpreadText:
    """A delta-based spread."""

    priority: int
    method: str
    rates: Rates
    legs: list[LegText]


@dataclass
class ScanningSpreadText:
    """A scanning-based spread."""

    priority: int
    rates: Rates
    legs: list[LegText]
    is_target_required: bool | None = None
    legs_required: int | None = None


@dataclass
class CommodityText:
    """A combined commodity and its families."""

    code: str
    futures: FuturesFamily
    options: OptionFamily | None = None
    currency: str = "USD"
    exponent: int = 0
    cap_available_value: str | None = None
    wfpr_method: str = "NORMAL"
    som_method: str | None = None
    combination_method: str | None = None
    futures_scaling: str = "1"
    options_scaling: str = "1"
    scan_tiers: list[TierText] = field(default_factory=list)
    intra_tiers: list[TierText] = field(default_factory=list)
    inter_tiers: list[TierText] = field(default_factory=list)
    som_tiers: list[TierText] = field(default_factory=list)
    spreads: list[SpreadText] = field(default_factory=list)
    spot_rates: list[tuple[str, str, str, str]] = field(default_factory=list)
    adjustments: Rates = field(default_factory=dict)
    combination: ContractText | None = None
    combination_family: int = 0
    combination_code: str = ""
    combination_legs: list[tuple[int, str, str]] = field(default_factory=list)


@dataclass
class BusinessFunctionText:
    """A business function over families of the clearing organisation.

    Attributes:
        listed: By family, the contracts that alone take part, with arrays of their own for some rate ids; other
            families of its commodities take part as a whole.
        bond_rates: Whether it repeats the clearing organisation's rates instead of leaving them out.
    """

    code: str
    type: str
    commodities: list[CommodityText]
    cap_available_value: str | None = None
    bond_rates: bool = False
    super_spreads: list[SpreadText | ScanningSpreadText] = field(default_factory=list)
    inter_spreads: list[SpreadText | ScanningSpreadText] = field(default_factory=list)
    listed: dict[int, list[ContractText]] = field(default_factory=dict)


@dataclass
class FileText:
    """A whole file with one clearing organisation and one exchange, X."""

    commodities: list[CommodityText]
    points: int = 16
    rate_ids: list[str] = field(default_factory=lambda: ["1"])
    cap_available_value: str | None = None
    super_spreads: list[SpreadText | ScanningSpreadText] = field(default_factory=list)
    inter_spreads: list[SpreadText | ScanningSpreadText] = field(default_factory=list)
    business_functions: list[BusinessFunctionText] = field(default_factory=list)
