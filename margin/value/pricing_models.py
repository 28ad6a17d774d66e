"""The pricing models by name: every public module of `margin.value.models`."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import Protocol, cast

from margin.numeric.arrays import BoolArray, FloatArray
from margin.value import models
from margin.value.models.terms import Terms

_HELPERS = frozenset({"terms"})


class PricingModel(Protocol):
    """What each module of `margin.value.models` offers.

    Attributes:
        TITLE: The model in one line.
        NEEDS_VOLATILITY: Whether values depend on a volatility.
        IS_OPTION: Whether it values options, by strike and right.
        IS_ON_SPOT: Whether the level is the spot of the underlying, from which it is carried to expiry, and not the
            price of a future or forward.
    """

    TITLE: str
    NEEDS_VOLATILITY: bool
    IS_OPTION: bool
    IS_ON_SPOT: bool

    def accepts(self, level: FloatArray, terms: Terms) -> BoolArray:
        """Whether contracts can be valued at these levels."""

    def value(self, level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> FloatArray:
        """Value of one contract per unit of the underlying, in price points."""

    def delta(self, level: FloatArray, volatility: FloatArray, years: FloatArray, terms: Terms) -> FloatArray:
        """Derivative of the value by the level."""


@cache
def model_names() -> tuple[str, ...]:
    """Names of all models, sorted."""
    names = (module.name for module in pkgutil.iter_modules(models.__path__) if not module.name.startswith("_"))
    return tuple(sorted(set(names) - _HELPERS))


def pricing_model(name: str) -> PricingModel:
    """The model of a name.

    Raises:
        ValueError: There is no such model.
    """
    if name not in model_names():
        raise ValueError(f"unknown model {name!r}, expected one of {', '.join(model_names())}")
    return cast(PricingModel, import_module(f"{models.__name__}.{name}"))
