"""Portfolio and cross margin from clearing houses' risk parameter files: the public API.

Names are imported when they are first used, so that ``import margin`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from margin.model.account import AccountBook as AccountBook
    from margin.model.account_market import AccountMarket as AccountMarket
    from margin.model.account_policy import AccountPolicy as AccountPolicy
    from margin.model.health import HealthRun as HealthRun
    from margin.model.house import HousePolicy as HousePolicy
    from margin.model.market import MarketData as MarketData
    from margin.model.parameters import ParameterSet as ParameterSet
    from margin.model.position import PositionBook as PositionBook
    from margin.model.price_history import PriceHistory as PriceHistory
    from margin.model.problem import InputRefused as InputRefused
    from margin.model.problem import Problem as Problem
    from margin.model.run import MarginRun as MarginRun
    from margin.model.scan_range import ScanRangeStudy as ScanRangeStudy
    from margin.pipeline import cache_info as cache_info
    from margin.pipeline import calculate as calculate
    from margin.pipeline import clear_cache as clear_cache
    from margin.pipeline import compare_parameters as compare_parameters
    from margin.pipeline import derive_arrays as derive_arrays
    from margin.pipeline import health as health
    from margin.pipeline import inspect as inspect
    from margin.pipeline import read_account_market as read_account_market
    from margin.pipeline import read_account_policy as read_account_policy
    from margin.pipeline import read_accounts as read_accounts
    from margin.pipeline import read_house as read_house
    from margin.pipeline import read_market as read_market
    from margin.pipeline import read_parameters as read_parameters
    from margin.pipeline import read_positions as read_positions
    from margin.pipeline import read_price_history as read_price_history
    from margin.pipeline import read_scan_range_rule as read_scan_range_rule
    from margin.pipeline import risk_arrays as risk_arrays
    from margin.pipeline import study_scan_ranges as study_scan_ranges
    from margin.pipeline import with_overrides as with_overrides
    from margin.pipeline import write_parameters as write_parameters
    from margin.pipeline import write_positions as write_positions
    from margin.views.validate import Validation as Validation
    from margin.views.validate import validate as validate

__version__ = "0.1.0"

_HOMES = {
    "AccountBook": "margin.model.account",
    "AccountMarket": "margin.model.account_market",
    "AccountPolicy": "margin.model.account_policy",
    "HealthRun": "margin.model.health",
    "HousePolicy": "margin.model.house",
    "InputRefused": "margin.model.problem",
    "MarginRun": "margin.model.run",
    "MarketData": "margin.model.market",
    "ParameterSet": "margin.model.parameters",
    "PositionBook": "margin.model.position",
    "PriceHistory": "margin.model.price_history",
    "Problem": "margin.model.problem",
    "ScanRangeStudy": "margin.model.scan_range",
    "Validation": "margin.views.validate",
    "cache_info": "margin.pipeline",
    "calculate": "margin.pipeline",
    "clear_cache": "margin.pipeline",
    "compare_parameters": "margin.pipeline",
    "derive_arrays": "margin.pipeline",
    "health": "margin.pipeline",
    "inspect": "margin.pipeline",
    "read_account_market": "margin.pipeline",
    "read_account_policy": "margin.pipeline",
    "read_accounts": "margin.pipeline",
    "read_house": "margin.pipeline",
    "read_market": "margin.pipeline",
    "read_parameters": "margin.pipeline",
    "read_positions": "margin.pipeline",
    "read_price_history": "margin.pipeline",
    "read_scan_range_rule": "margin.pipeline",
    "risk_arrays": "margin.pipeline",
    "study_scan_ranges": "margin.pipeline",
    "validate": "margin.views.validate",
    "with_overrides": "margin.pipeline",
    "write_parameters": "margin.pipeline",
    "write_positions": "margin.pipeline",
}

__all__ = [
    "AccountBook",
    "AccountMarket",
    "AccountPolicy",
    "HealthRun",
    "HousePolicy",
    "InputRefused",
    "MarginRun",
    "MarketData",
    "ParameterSet",
    "PositionBook",
    "PriceHistory",
    "Problem",
    "ScanRangeStudy",
    "Validation",
    "__version__",
    "cache_info",
    "calculate",
    "clear_cache",
    "compare_parameters",
    "derive_arrays",
    "health",
    "inspect",
    "read_account_market",
    "read_account_policy",
    "read_accounts",
    "read_house",
    "read_market",
    "read_parameters",
    "read_positions",
    "read_price_history",
    "read_scan_range_rule",
    "risk_arrays",
    "study_scan_ranges",
    "validate",
    "with_overrides",
    "write_parameters",
    "write_positions",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its home on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'margin' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
