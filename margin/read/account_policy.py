"""Account policies from YAML: the packaged ones by name, a user's own by path.

The document is described by ``configs/schema/account-policy.schema.json``, which is made from its model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from margin.model.account import SEVERITY, AccountState
from margin.model.account_policy import (
    UNBOUNDED,
    AccountPolicy,
    AssetConcentration,
    AssetPolicy,
    LocationRule,
    MarginCallRule,
    MarketKind,
    MarketPolicy,
    OpenInterestScale,
    RateTier,
    ScenarioFactors,
    StateRule,
    WeightTier,
)
from margin.model.house import Rounding, RoundingMode
from margin.model.problem import Faults, InputRefused, Problem, Reason
from margin.read.packaged import configs_folder
from margin.read.source import open_source
from margin.read.strict_yaml import YamlTree, load_yaml
from margin.read.validated import did_you_mean, validate

if TYPE_CHECKING:
    from margin.read._account_policy_document import (
        AccountPolicyDocument,
        AssetEntry,
        MarketEntry,
        RateTierEntry,
        WeightTierEntry,
    )

_SUFFIXES = (".yaml", ".yml")
_Path = tuple[str | int, ...]


def packaged_account_policies() -> tuple[str, ...]:
    """Names of the policies that come with the package, sorted."""
    return tuple(sorted(path.stem for path in (configs_folder() / "venues").glob("*.yaml")))


def read_account_policy(name_or_path: str | Path) -> AccountPolicy:
    """Read a packaged policy by name, or a user's own by path (``my.yaml``).

    Raises:
        InputRefused: There is no such policy, or with every fault of the document: weights outside [0, 1], bounds of
            tiers that do not increase, markets without rates, states out of order …
    """
    # Whoever has no use for account policies shall not wait for the document model to be built.
    from margin.read._account_policy_document import AccountPolicyDocument

    source = open_source(_locate(str(name_or_path)), suffixes=_SUFFIXES)
    faults = Faults(source.path)
    tree = load_yaml(source.content, faults)
    document = validate(tree, AccountPolicyDocument, faults) if tree else None
    if tree and document:
        _Checks(tree, document, faults).check()
    faults.refuse_if_any()
    if document is None:
        raise AssertionError("a document without faults has a policy")
    return _policy(Path(source.name).stem, document)


def _locate(name: str) -> Path:
    """The file of a policy: what looks like a path is one, everything else is a packaged name."""
    if name.lower().endswith(_SUFFIXES) or "/" in name or "\\" in name:
        return Path(name)
    names = packaged_account_policies()
    if name in names:
        return configs_folder() / "venues" / f"{name}.yaml"
    message = (
        f"there is no account policy {name!r}; packaged are {', '.join(names) or 'none'}; "
        f"a file of your own is named by its path, such as my-policy.yaml{did_you_mean(name, names)}"
    )
    raise InputRefused([Problem(Reason.UNKNOWN_NAME, message, attributes={"found": name, "expected": names})])


class _Checks:
    """What the fields of a document must be to one another."""

    def __init__(self, tree: YamlTree, document: AccountPolicyDocument, faults: Faults) -> None:
        self.tree = tree
        self.document = document
        self.faults = faults

    def check(self) -> None:
        """Report everything that does not fit together."""
        for name, asset in self.document.assets.items():
            self._check_asset(("assets", name), asset)
        if self.document.other_assets is not None:
            self._check_asset(("other_assets",), self.document.other_assets)
        for name, market in (self.document.markets or {}).items():
            self._check_market(("markets", name), market)
        self._check_states()
        self._check_margin_call()

    def _add(self, path: _Path, message: str, reason: Reason = Reason.INVALID_VALUE) -> None:
        line, column = self.tree.position_of(path)
        words = ", ".join(f"item {step + 1}" if isinstance(step, int) else step for step in path)
        self.faults.add(reason, f"{words}: {message}", line=line, column=column)

    def _one_of(self, path: _Path, stated: Mapping[str, object], *, needed: bool) -> None:
        """At most one of some fields is stated, or exactly one."""
        names = [name for name, value in stated.items() if value is not None]
        if len(names) > 1:
            self._add(path, f"{' and '.join(names)} are both stated, expected one of them; delete the other")
        elif needed and not names:
            self._add(path, f"expected one of {', '.join(stated)}; add it", Reason.MISSING_FIELD)

    def _check_asset(self, path: _Path, asset: AssetEntry) -> None:
        self._one_of(path, {"weight": asset.weight, "tiers": asset.tiers}, needed=True)
        initial = {"initial_weight": asset.initial_weight, "initial_tiers": asset.initial_tiers}
        self._one_of(path, initial, needed=False)
        for field, tiers in (("tiers", asset.tiers), ("initial_tiers", asset.initial_tiers)):
            if tiers is not None:
                self._check_bounds((*path, field), [tier.up_to for tier in tiers])

    def _check_bounds(self, path: _Path, bounds: Sequence[float | None]) -> None:
        """Upper bounds increase, and only the last slice has none."""
        if not bounds or bounds[-1] is not None:
            self._add(path, "the last slice has an end, expected one without up_to that goes on; add it")
        before = 0.0
        for place, bound in enumerate(bounds[:-1]):
            if bound is None:
                self._add((*path, place), "up_to is missing, expected it in every slice but the last")
            elif bound <= before:
                self._add((*path, place), f"up_to is {bound:g}, expected more than {before:g}, where the slice begins")
            before = before if bound is None else bound

    def _check_market(self, path: _Path, market: MarketEntry) -> None:
        known = {*self.document.assets}
        if market.settlement not in known and self.document.other_assets is None:
            hint = did_you_mean(market.settlement, known)
            self._add((*path, "settlement"), f"{market.settlement!r} is not one of the policy's assets{hint}")
        maintenance = {
            "maintenance_rate": market.maintenance_rate,
            "maintenance_tiers": market.maintenance_tiers,
            "maintenance_of_initial": market.maintenance_of_initial,
        }
        initial = {"initial_rate": market.initial_rate, "initial_tiers": market.initial_tiers}
        if market.kind in ("linear", "inverse"):
            self._one_of(path, maintenance, needed=True)
            self._one_of(path, initial, needed=False)
        else:
            stated = [name for name, value in (maintenance | initial).items() if value is not None]
            for name in stated:
                self._add((*path, name), f"a market of kind {market.kind} has no rates of notional; delete {name}")
        for field in ("maintenance_tiers", "initial_tiers"):
            self._check_rates((*path, field), getattr(market, field))
        scale = market.open_interest
        if scale is not None and scale.upper and scale.upper < scale.lower:
            self._add((*path, "open_interest"), f"upper is {scale.upper:g}, expected at least lower, {scale.lower:g}")

    def _check_rates(self, path: _Path, tiers: Sequence[RateTierEntry] | None) -> None:
        """Lower bounds begin at 0 and increase."""
        if tiers is None:
            return
        if not tiers or tiers[0].above != 0.0:
            self._add(path, "the first slice begins above 0, expected one that begins there; add it")
        for place, (before, tier) in enumerate(pairwise(tiers), start=1):
            if tier.above <= before.above:
                self._add((*path, place), f"above is {tier.above:g}, expected more than {before.above:g}, before it")

    def _check_states(self) -> None:
        """Worst first, each once, thresholds rising, and the last without a condition."""
        rules = _states(self.document)
        path: _Path = ("states",)
        for place, rule in enumerate(rules):
            if rule.is_unconditional != (place == len(rules) - 1):
                words = (
                    "expected none in the last state, which holds for the rest"
                    if place == len(rules) - 1
                    else ("expected a condition in every state but the last")
                )
                self._add((*path, place), words)
            if rule.ratio_at_most is not None and rule.ratio_below is not None:
                self._add((*path, place), "ratio_at_most and ratio_below are both stated; keep one")
        for place, (before, rule) in enumerate(pairwise(rules), start=1):
            if SEVERITY.index(rule.state) >= SEVERITY.index(before.state):
                self._add((*path, place), f"{rule.state} stands after {before.state}, expected the worst state first")
        bounds = [(place, rule.ratio_bound) for place, rule in enumerate(rules) if rule.ratio_bound is not None]
        for (_, before_bound), (place, bound) in pairwise(bounds):
            if bound <= before_bound:
                words = f"its ratio is {bound:g}, expected more than {before_bound:g}, the worse state's"
                self._add((*path, place), words)
        if not rules:
            self._add(path, "there is no state, expected at least one without a condition, such as {state: normal}")

    def _check_margin_call(self) -> None:
        call = self.document.margin_call
        if call is None:
            return
        assets = self.document.assets
        named = {call.asset, *(call.minimum_transfer or ()), *(call.round_up_to or ())} - {None}
        for name in sorted(str(one) for one in named):
            if name not in assets:
                self._add(("margin_call",), f"{name!r} is not one of the policy's assets{did_you_mean(name, assets)}")
        if call.asset in assets and assets[call.asset].size_factor is not None:
            message = f"{call.asset} has a size_factor, with which the amount to call has no closed form; call another"
            self._add(("margin_call", "asset"), message)


def _policy(name: str, document: AccountPolicyDocument) -> AccountPolicy:
    scenario, call, step = document.scenario, document.margin_call, document.requirement_rounding
    return AccountPolicy(
        name=name,
        title=document.title,
        source=document.source,
        effective_date=document.effective_date,
        reporting_asset=document.reporting_asset,
        assets=MappingProxyType({asset: _asset(entry) for asset, entry in document.assets.items()}),
        other_assets=None if document.other_assets is None else _asset(document.other_assets),
        markets=MappingProxyType(
            {market: _market(market, entry) for market, entry in (document.markets or {}).items()}
        ),
        locations=tuple(LocationRule(**entry.model_dump()) for entry in document.locations or ()),
        horizon_seconds=document.horizon_seconds,
        states=_states(document),
        scenario=ScenarioFactors()
        if scenario is None
        else ScenarioFactors(scenario.maintenance, scenario.initial, MappingProxyType(dict(scenario.assets or {}))),
        withdrawal_notional_fraction=document.withdrawal_notional_fraction,
        max_price_age_seconds=document.max_price_age_seconds,
        max_price_confidence=document.max_price_confidence,
        requirement_rounding=None if step is None else Rounding(step.decimals, RoundingMode(step.mode)),
        margin_call=None
        if call is None
        else MarginCallRule(
            call.requirement,
            call.ratio,
            call.asset,
            MappingProxyType(dict(call.minimum_transfer or {})),
            MappingProxyType(dict(call.round_up_to or {})),
        ),
    )


def _states(document: AccountPolicyDocument) -> tuple[StateRule, ...]:
    return tuple(StateRule(**{**entry.model_dump(), "state": AccountState(entry.state)}) for entry in document.states)


def _weights(weight: float | None, tiers: Sequence[WeightTierEntry] | None) -> tuple[WeightTier, ...]:
    if tiers is not None:
        return tuple(WeightTier(UNBOUNDED if tier.up_to is None else tier.up_to, tier.weight) for tier in tiers)
    return () if weight is None else (WeightTier(UNBOUNDED, weight),)


def _rates(rate: float | None, tiers: Sequence[RateTierEntry] | None) -> tuple[RateTier, ...]:
    if tiers is not None:
        return tuple(RateTier(tier.above, tier.rate) for tier in tiers)
    return () if rate is None else (RateTier(0.0, rate),)


def _asset(entry: AssetEntry) -> AssetPolicy:
    maintenance = _weights(entry.weight, entry.tiers)
    return AssetPolicy(
        maintenance_tiers=maintenance,
        initial_tiers=_weights(entry.initial_weight, entry.initial_tiers) or maintenance,
        maintenance_liability_weight=entry.liability_weight,
        initial_liability_weight=entry.initial_liability_weight or entry.liability_weight,
        unsettled_profit_weight=entry.unsettled_profit_weight,
        concentration=AssetConcentration(entry.size_factor, entry.deposits_from, entry.borrows_from, entry.value_cap),
        borrow_maintenance_rate=entry.borrow_maintenance_rate,
        borrow_initial_rate=entry.borrow_initial_rate,
        is_cash_like=entry.cash_like,
        conversion_slippage=entry.conversion_slippage,
    )


def _market(name: str, entry: MarketEntry) -> MarketPolicy:
    scale = entry.open_interest
    return MarketPolicy(
        kind=MarketKind(entry.kind),
        price=entry.price or name,
        settlement=entry.settlement,
        contract_size=entry.contract_size,
        maintenance_tiers=_rates(entry.maintenance_rate, entry.maintenance_tiers),
        maintenance_of_initial=entry.maintenance_of_initial,
        initial_tiers=_rates(entry.initial_rate, entry.initial_tiers),
        max_leverage=entry.max_leverage,
        closing_fee_rate=entry.closing_fee_rate,
        open_interest=None if scale is None else OpenInterestScale(scale.lower, scale.upper),
    )
