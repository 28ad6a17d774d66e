"""House policies from YAML: the packaged ones by name, a user's own by path, either built on another.

The document is described by ``configs/schema/house.schema.json``, which is made from the models here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from margin.model.house import (
    ExposureRule,
    HousePolicy,
    QuantityUnit,
    Rounding,
    RoundingMode,
    RoundingPolicy,
    SpanSwitches,
)
from margin.model.problem import Faults, InputRefused, Problem, Reason
from margin.read.fields import Entry, IsoDate, PositiveNumber, Text
from margin.read.packaged import configs_folder
from margin.read.source import Source, open_source
from margin.read.strict_yaml import YamlTree, load_yaml
from margin.read.validated import did_you_mean, validate

NO_HOUSE = "none"
"""The packaged policy that rounds nothing."""

_SUFFIXES = (".yaml", ".yml")
_MAX_EXTENSIONS = 8


class RoundingEntry(Entry):
    """One rounding step."""

    decimals: int = Field(ge=-12, le=12, description="decimal places kept; negative for tens, hundreds …")
    mode: Literal["half_away", "half_even", "down", "up"] = Field(description="what happens to the rest")


class RoundingEntries(Entry):
    """Steps at which figures are rounded; a step that is absent or null stays exact."""

    delta: RoundingEntry | None = Field(None, description="net delta of each period")
    scan_risk: RoundingEntry | None = None
    risk_components: RoundingEntry | None = Field(None, description="time, volatility and price risk")
    weighted_price_risk: RoundingEntry | None = None
    intracommodity_charge: RoundingEntry | None = None
    delivery_charge: RoundingEntry | None = None
    intercommodity_credit: RoundingEntry | None = None
    short_option_minimum: RoundingEntry | None = None
    option_value: RoundingEntry | None = None
    maintenance: RoundingEntry | None = None
    initial: RoundingEntry | None = None


class SwitchEntries(Entry):
    """Choices inside the SPAN method; a switch that is absent keeps the recommended reading."""

    delivery_charge_after: Literal["intracommodity", "intercommodity"] | None = Field(
        None, description="after which spreads the delivery charge looks at deltas"
    )
    series_spreads_first: bool | None = Field(
        None, description="spreads between series form before spreads between tiers"
    )
    intercommodity_leg_netting: Literal["net", "gross"] | None = Field(
        None, description="what a leg between commodities offers: its net delta, or its side alone"
    )
    whole_commodity_price_risk: Literal["scan_tiers", "single_scan"] | None = Field(
        None, description="price risk of a commodity with several scan tiers: added up, or of one scan"
    )
    per_month_charge: Literal["refused", "flat_plus_months"] | None = Field(
        None, description="charge method P: refused, or flat + per month × months between the legs + per spread"
    )
    spread_decimals: int | None = Field(None, ge=0, le=9, description="decimals to which the number of spreads is cut")
    adjust_initial: bool | None = Field(
        None, description="the adjustment factor applies to the initial requirement too"
    )


class ExposureEntry(Entry):
    """A margin on notional value; the first entry that fits a position applies."""

    rate: PositiveNumber = Field(description="fraction of the notional value, such as 0.02")
    products: list[Text] | None = Field(None, description="product codes it applies to; all if absent")
    types: list[Text] | None = Field(None, description="product types it applies to, such as FUT; all if absent")
    side: Literal["long", "short", "both"] = Field(description="positions it applies to")
    price: Literal["own", "underlying"] = Field(description="whose price the notional value takes")


class PolicyChoices(Entry):
    """What a house may choose, as far as it is stated."""

    quantity_unit: Literal["contracts", "units", "lots"] | None = Field(
        None, description="what one unit of quantity means in the house's parameter file"
    )
    lot_sizes: dict[str, PositiveNumber] | None = Field(
        None, description="quantity-unit content of one lot, by product code"
    )
    rounding: RoundingEntries | None = Field(None, description="where figures are rounded")
    adjustment_factors: dict[str, PositiveNumber] | None = Field(
        None, description="factor on the requirement, by account type"
    )
    initial_ratios: dict[str, PositiveNumber] | None = Field(
        None, description="initial over maintenance requirement, by account type"
    )
    switches: SwitchEntries | None = Field(None, description="choices inside the SPAN method")
    option_value_floor: Literal["total", "group", "commodity"] | None = Field(
        None, description="level at which a requirement net of option value is not below zero"
    )
    requirement_multiplier: PositiveNumber | None = Field(None, description="factor on every requirement")
    commodity_multipliers: dict[str, PositiveNumber] | None = Field(
        None, description="factor on the requirement by commodity code, in place of the general one"
    )
    exposure_margin: list[ExposureEntry] | None = Field(None, description="margins on notional value, on top of SPAN")


class HouseDocument(PolicyChoices):
    """A house policy file."""

    format: Literal["margin-house"] = Field(description="always margin-house")
    version: Literal[1] = Field(description="version of this format, always 1")
    title: Text = Field(description="the house's full name")
    source: Text = Field(description="where the choices come from")
    effective_date: IsoDate = Field(description="date from which the choices hold, such as 2026-06-25")
    clearing_orgs: list[Text] | None = Field(
        None, description="clearing organisation codes of the files for which this policy is the default"
    )
    extends: Text | None = Field(None, description="policy to start from: a packaged name, or a file beside this one")


def read_house_policy(name_or_path: str | Path) -> HousePolicy:
    """Read a packaged policy by name (``cme``) or a user's own by path (``my.yaml``).

    Raises:
        InputRefused: There is no such policy, or the document or one it extends is faulty.
    """
    return _read(_locate(str(name_or_path), Path()), ())


def packaged_house_names() -> tuple[str, ...]:
    """Names of the policies that come with the package, sorted."""
    return tuple(sorted(path.stem for path in (configs_folder() / "houses").glob("*.yaml")))


@cache
def house_for_clearing_org(code: str, default: str = NO_HOUSE) -> HousePolicy:
    """The packaged policy that lists a clearing organisation code, else the packaged policy `default`."""
    # Looking for a word is a thousand times as fast as reading a policy, and there is one for every house.
    folder = configs_folder() / "houses"
    candidates = [name for name in packaged_house_names() if code.encode() in (folder / f"{name}.yaml").read_bytes()]
    policies = (read_house_policy(name) for name in candidates)
    return next((policy for policy in policies if code in policy.clearing_orgs), None) or read_house_policy(default)


def apply_choices(policy: HousePolicy, choices: PolicyChoices) -> HousePolicy:
    """A policy with stated choices in place of its own; entries of mappings and rounding steps one by one."""
    unit = choices.quantity_unit
    return replace(
        policy,
        quantity_unit=QuantityUnit(unit) if unit else policy.quantity_unit,
        lot_sizes=_merged(policy.lot_sizes, choices.lot_sizes),
        rounding=_rounded(policy.rounding, choices.rounding),
        adjustment_factors=_merged(policy.adjustment_factors, choices.adjustment_factors),
        initial_ratios=_merged(policy.initial_ratios, choices.initial_ratios),
        switches=_switched(policy.switches, choices.switches),
        option_value_floor=choices.option_value_floor or policy.option_value_floor,
        requirement_multiplier=choices.requirement_multiplier or policy.requirement_multiplier,
        commodity_multipliers=_merged(policy.commodity_multipliers, choices.commodity_multipliers),
        exposure_margin=_exposure(policy.exposure_margin, choices.exposure_margin),
    )


def _switched(own: SpanSwitches, stated: SwitchEntries | None) -> SpanSwitches:
    if stated is None:
        return own
    return replace(own, **{name: value for name, value in stated if value is not None})


def _exposure(own: tuple[ExposureRule, ...], stated: list[ExposureEntry] | None) -> tuple[ExposureRule, ...]:
    if stated is None:
        return own
    return tuple(
        ExposureRule(entry.rate, tuple(entry.products or ()), tuple(entry.types or ()), entry.side, entry.price)
        for entry in stated
    )


def _merged(own: Mapping[str, float], stated: Mapping[str, float] | None) -> Mapping[str, float]:
    return MappingProxyType({**own, **(stated or {})})


def _rounded(own: RoundingPolicy, stated: RoundingEntries | None) -> RoundingPolicy:
    if stated is None:
        return own
    steps: dict[str, Rounding | None] = {}
    for step in stated.model_fields_set:
        entry: RoundingEntry | None = getattr(stated, step)
        steps[step] = Rounding(entry.decimals, RoundingMode(entry.mode)) if entry else None
    return replace(own, **steps)


def _locate(name: str, folder: Path) -> Path:
    """The file of a policy: what looks like a path is one, everything else is a packaged name."""
    if name.lower().endswith(_SUFFIXES) or "/" in name or "\\" in name:
        return folder / name
    packaged = configs_folder() / "houses" / f"{name}.yaml"
    names = packaged_house_names()
    if name in names:
        return packaged
    message = (
        f"there is no house policy {name!r}; packaged are {', '.join(names)}; "
        "a file of your own is named by its path, such as my-house.yaml"
        f"{did_you_mean(name, names)}"
    )
    raise InputRefused([Problem(Reason.UNKNOWN_NAME, message, attributes={"found": name, "expected": names})])


def _read(path: Path, extended_by: tuple[Path, ...]) -> HousePolicy:
    source = open_source(path, suffixes=_SUFFIXES)
    faults = Faults(source.path)
    tree = load_yaml(source.content, faults)
    document = validate(tree, HouseDocument, faults) if tree else None
    if tree and document:
        base = _base(tree, document, faults, (*extended_by, path))
        if base and not faults:
            return _policy(source, document, base)
    faults.refuse_if_any()
    raise AssertionError("a document without faults has a policy")


def _policy(source: Source, document: HouseDocument, base: HousePolicy) -> HousePolicy:
    described = replace(
        base,
        name=Path(source.name).stem,
        title=document.title,
        source=document.source,
        effective_date=document.effective_date,
        clearing_orgs=base.clearing_orgs if document.clearing_orgs is None else tuple(document.clearing_orgs),
    )
    return apply_choices(described, document)


def _base(tree: YamlTree, document: HouseDocument, faults: Faults, chain: tuple[Path, ...]) -> HousePolicy | None:
    """The policy a document starts from."""
    if document.extends is None:
        if document.quantity_unit is None:
            message = (
                "the field 'quantity_unit' is missing; write contracts, units or lots, "
                "or extend a policy that states it"
            )
            faults.add(Reason.MISSING_FIELD, message, line=1, column=1, expected="quantity_unit")
            return None
        return HousePolicy(name="", title="", source="", effective_date="")
    line, column = tree.position_of(("extends",))
    try:
        path = _locate(document.extends, chain[-1].parent)
        if len(chain) > _MAX_EXTENSIONS or path.resolve() in {known.resolve() for known in chain}:
            faults.add(
                Reason.INVALID_VALUE,
                f"extends: {document.extends} leads back to this policy; break the circle",
                line=line,
                column=column,
            )
            return None
        return _read(path, chain)
    except InputRefused as refused:
        faults.add(
            Reason.INVALID_VALUE,
            f"extends: the policy {document.extends!r} cannot be used; see the next problem",
            line=line,
            column=column,
        )
        faults.extend(refused)
        return None
