"""Sums over an account's commodities: headline figures and requirements by class and kind."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.intracommodity import SpreadFormed
from tests.oracle.model import Account, ClearingOrg, OracleError, Parameters
from tests.oracle.result import AccountResult, CommodityResult, RequirementResult

ZERO = Fraction(0)


def converted(org: ClearingOrg, amount: Fraction, from_currency: str, to_currency: str) -> Fraction:
    """Amount × ``curConv`` factor, or by the factor of the opposite direction."""
    if from_currency == to_currency:
        return amount
    if (from_currency, to_currency) in org.conversions:
        return amount * org.conversions[from_currency, to_currency]
    if (to_currency, from_currency) in org.conversions:
        return amount / org.conversions[to_currency, from_currency]
    raise OracleError(f"no rate from {from_currency} to {to_currency}")


@dataclass(frozen=True)
class AccountTotals:
    """Sums over an account's commodities in the account's currency."""

    parameters: Parameters
    account: Account
    rows: list[CommodityResult]

    @property
    def currency(self) -> str:
        """The account's own currency, else the only one held, else the first of the commodities."""
        return self.account.currency or self.rows[0].currency

    def total(self, figure: str, bond_class: str, kind: str) -> Fraction:
        """The sum of one figure over the rows of a class and kind."""
        return sum(
            (
                converted(self.parameters.orgs[row.clearing_org], getattr(row, figure), row.currency, self.currency)
                for row in self.rows
                if (row.bond_class, row.kind) == (bond_class, kind)
            ),
            ZERO,
        )

    def deposit(self, bond_class: str, kind: str) -> Fraction:
        """max(0, sum of span risk − sum of available net option value)."""
        available = self.total("available_net_option_value", bond_class, kind)
        return max(ZERO, self.total("span_risk", bond_class, kind) - available)

    def requirements(self) -> list[RequirementResult]:
        """One per class and kind; RESERVE's additional requirement is its span risk above CORE's (``addlReq``)."""
        keys = sorted(
            {(row.bond_class, row.kind) for row in self.rows},
            key=lambda key: (key[0], key[1] != "maintenance"),
        )
        found = []
        for bond_class, kind in keys:
            additional = None
            if bond_class == "RESERVE" and ("CORE", kind) in keys:
                additional = self.total("span_risk", bond_class, kind) - self.total("span_risk", "CORE", kind)
            found.append(
                RequirementResult(
                    bond_class,
                    kind,
                    self.total("span_risk", bond_class, kind),
                    self.total("available_net_option_value", bond_class, kind),
                    self.deposit(bond_class, kind),
                    additional,
                )
            )
        return found

    def result(self, netting: str, outright: Fraction, spreads: list[SpreadFormed]) -> AccountResult:
        """The account."""
        has_initial = any((row.bond_class, row.kind) == ("CORE", "initial") for row in self.rows)
        core = ("CORE", "maintenance")
        return AccountResult(
            account=self.account,
            netting=netting,
            currency=self.currency,
            span_risk=self.total("span_risk", *core),
            net_option_value=self.total("net_option_value", *core),
            available_net_option_value=self.total("available_net_option_value", *core),
            long_option_value=self.total("long_option_value", *core),
            short_option_value=self.total("short_option_value", *core),
            maintenance_requirement=self.deposit(*core),
            initial_requirement=self.deposit("CORE", "initial") if has_initial else None,
            outright_risk=outright,
            requirements=self.requirements(),
            commodities=self.rows,
            spreads=spreads,
        )
