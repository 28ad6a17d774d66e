"""Portfolio and cross margin from clearing houses' risk parameter files: the public API.

Names are imported when they are first used, so that ``import margin`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from margin.model.house import HousePolicy as HousePolicy
    from margin.model.parameters import ParameterSet as ParameterSet
    from margin.model.position import PositionBook as PositionBook
    from margin.model.problem import InputRefused as InputRefused
    from margin.model.problem import Problem as Problem
    from margin.model.run import MarginRun as MarginRun
    from margin.pipeline import calculate as calculate
    from margin.pipeline import read_house as read_house
    from margin.pipeline import read_parameters as read_parameters
    from margin.pipeline import read_positions as read_positions

__version__ = "0.1.0"

_HOMES = {
    "HousePolicy": "margin.model.house",
    "InputRefused": "margin.model.problem",
    "MarginRun": "margin.model.run",
    "ParameterSet": "margin.model.parameters",
    "PositionBook": "margin.model.position",
    "Problem": "margin.model.problem",
    "calculate": "margin.pipeline",
    "read_house": "margin.pipeline",
    "read_parameters": "margin.pipeline",
    "read_positions": "margin.pipeline",
}

__all__ = [
    "HousePolicy",
    "InputRefused",
    "MarginRun",
    "ParameterSet",
    "PositionBook",
    "Problem",
    "__version__",
    "calculate",
    "read_house",
    "read_parameters",
    "read_positions",
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
