"""A rule of scan ranges as options state it, instead of a rule file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from margin.model.scan_range import Estimator, ScanRangeRule

_ALWAYS = ("window", "moves", "holding_days", "unit")
_OWN = {"percentile": ("confidence",), "sigma": ("multiple",), "ewma": ("multiple", "decay")}


def stated_rule(given: Mapping[str, Any], *, has_file: bool) -> ScanRangeRule | None:
    """The rule that options state: one range for rises and falls, from overlapping moves over the holding period.

    Args:
        given: ``estimator``, ``window``, ``confidence``, ``multiple``, ``decay``, ``moves``, ``holding_days`` and
            ``unit``; `None` where an option is not given.
        has_file: Whether a rule file is given, besides which these options must not be.

    Returns:
        The rule; `None` where a file has it.

    Raises:
        typer.BadParameter: Options are missing, do not belong to the estimator, or contradict the file.
    """
    stated = [name for name, value in given.items() if value is not None]
    if has_file:
        if stated:
            raise typer.BadParameter(f"--rule and {_option(stated[0])} exclude each other; state it in the rule file")
        return None
    if given["estimator"] is None:
        raise typer.BadParameter("give --rule FILE, or --estimator with its options")
    needed = (*_ALWAYS, *_OWN[given["estimator"]])
    missing = [_option(name) for name in needed if given[name] is None]
    if missing:
        raise typer.BadParameter(f"--estimator {given['estimator']} also needs {', '.join(missing)}")
    foreign = [_option(name) for name in stated if name not in {"estimator", *needed}]
    if foreign:
        raise typer.BadParameter(f"{', '.join(foreign)} does not belong to --estimator {given['estimator']}")
    for name in ("confidence", "decay"):
        if given[name] is not None and not 0.0 < given[name] < 1.0:
            raise typer.BadParameter(f"{_option(name)} is {given[name]:g}, expected a fraction between 0 and 1")
    if given["multiple"] is not None and not 0.0 < given["multiple"] < float("inf"):
        raise typer.BadParameter(f"--multiple is {given['multiple']:g}, expected a number above 0")

    from margin.model.scan_range import ScanRangeRule

    return ScanRangeRule(
        moves=given["moves"],
        estimators=(_estimator(given),),
        unit=given["unit"],
        holding_days=given["holding_days"],
        holding_by="moves",
        sides="both",
    )


def _estimator(given: Mapping[str, Any]) -> Estimator:
    from margin.model.scan_range import ExponentiallyWeighted, Percentile, StandardDeviations

    if given["estimator"] == "percentile":
        return Percentile(given["window"], given["confidence"])
    if given["estimator"] == "sigma":
        return StandardDeviations(given["window"], given["multiple"], "zero")
    return ExponentiallyWeighted(given["window"], given["multiple"], given["decay"])


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
