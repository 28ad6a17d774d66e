"""Records 0, T, 1 and 5: the exchange complex and which rate it carries, conversions, exchanges, groups."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from margin.model.currencies import minor_unit_decimals
from margin.model.parameters import CombinedCommodity
from margin.write.parameters._pa2.commodities import CURRENCY_LETTERS, in_parts
from margin.write.parameters._pa2.limits import WRITE_ANOTHER
from margin.write.parameters._pa2.record import Record
from margin.write.parameters._pa2.subject import Subject

FORMAT = "U2"
_QUALIFIERS = {"early": "E", "final": "F", "complete": "C"}
_ACCOUNT_TYPES = {"H": "HEDGE", "M": "MBR", "S": "SPEC", "N": "NRML"}
_CREATED = re.compile(r"[0-9]{12}")
_GROUP_COMMODITIES = 10
_LARGEST_RELATIVE_ERROR = 0.01


def header_record(subject: Subject) -> Record:
    """Record 0: the session, and the account type, class and kind that the file's rate is for."""
    organisation = subject.organisation
    record = Record("0", "pointInTime", subject.limits)
    record.text("clearing_org", organisation.code, "/clearingOrg/ec")
    record.text("business_date", organisation.business_date.replace("-", ""), "/date")
    record.text("session", "S" if organisation.is_settlement else "I")
    qualifier = organisation.session_qualifier or ""
    record.words("file_identifier", _QUALIFIERS.get(qualifier.lower(), qualifier), "the session's qualifier")
    time = re.sub("[^0-9]", "", organisation.time or "")
    record.words("business_time", time[:4] if len(time) >= 4 else "", "the session's time")
    revision = subject.parameters.sources[0].revision if subject.parameters.sources else ""
    if _CREATED.fullmatch(revision):
        record.text("creation_date", revision[:8])
        record.text("creation_time", revision[8:])
    record.text("format", FORMAT)
    record.text("netting", "N")
    record.text("limit_option_value", "Y" if organisation.cap_available_net_option_value else "N")
    record.text("business_function", "CLR")
    is_customer, account_type, is_maintenance = _rate_of_file(subject)
    record.text("customer", "C" if is_customer else "A")
    record.text("customer_name", "CUST" if is_customer else "CLR")
    record.text("account_type", account_type)
    record.text("account_type_name", _ACCOUNT_TYPES.get(account_type, ""))
    record.text("bond_class", "1")
    record.text("bond_class_name", "CORE")
    record.text("kind", "M" if is_maintenance else "I")
    record.text("kind_name", "MAINT" if is_maintenance else "INIT")
    return record


def _rate_of_file(subject: Subject) -> tuple[bool, str, bool]:
    """Whether the file is for customers, the account type and whether it is maintenance.

    The first account type whose rate is the file's, customers first; a speculator where no rates are defined.
    """
    rates = [rate for rate in subject.organisation.rates if rate.account_type in _ACCOUNT_TYPES]
    own = [rate for rate in rates if rate.rate_id == subject.rate_id] or rates
    own.sort(key=lambda rate: (not rate.is_maintenance, not rate.is_customer))
    if not own:
        return True, "S", True
    house = {rate.account_type for rate in rates if rate.is_customer != own[0].is_customer}
    for account_type in sorted(house):
        who = "house" if own[0].is_customer else "customer"
        subject.limits.leave_out(f"{who} accounts of type {account_type}")
    return own[0].is_customer, own[0].account_type, own[0].is_maintenance


def conversion_records(subject: Subject) -> Iterator[Record]:
    """Records T: currency conversions."""
    for item in subject.organisation.currency_conversions:
        record = Record("T", f"curConv[{item.from_currency}/{item.to_currency}]", subject.limits)
        stated = (item.haircuts, item.shift_up, item.shift_down)
        if any(stated):
            subject.limits.refuse(
                f"{record.element}/hfactor", "haircuts or shifts", "a conversion is one multiplier", WRITE_ANOTHER
            )
        for side, currency in (("from", item.from_currency), ("to", item.to_currency)):
            record.text(f"{side}_currency", currency, "/currency")
            record.text(f"{side}_code", CURRENCY_LETTERS.get(currency))
        if abs(round(item.factor, 6) - item.factor) > _LARGEST_RELATIVE_ERROR * item.factor:
            subject.limits.refuse(
                f"{record.element}/factor", item.factor, "a multiplier has 6 decimals, less than 1 % of it is left",
                "state the rate in the other direction",
            )  # fmt: skip
        record.number("multiplier", item.factor, "currency conversions, written to 6 decimals", "/factor")
        yield record


def leave_out_currencies(subject: Subject, order: Sequence[CombinedCommodity]) -> None:
    """Note what a reader of the file cannot know of its currencies.

    Args:
        subject: What is written.
        order: Its commodities in the order in which they are written; the first gives the file's first currency.
    """
    currencies, used = subject.parameters.currencies, {commodity.currency for commodity in order}
    for currency in currencies:
        if currency.code in used and currency.decimals != minor_unit_decimals(currency.code):
            subject.limits.leave_out(f"decimals of {currency.code}")
    if len(used) > 1 and currencies and currencies[0].code != order[0].currency:
        subject.limits.leave_out(f"that accounts in several currencies report in {currencies[0].code}")


def exchange_record(subject: Subject, exchange: str) -> Record:
    """Record 1: the exchange of the records that follow."""
    record = Record("1", f"exchange[{exchange}]", subject.limits)
    record.text("exchange", exchange, "/exch")
    return record


def group_records(subject: Subject, order: Sequence[CombinedCommodity]) -> Iterator[Record]:
    """Records 5: the commodities of each group, in the order in which they are written."""
    members: dict[str, list[str]] = {}
    for commodity in order:
        for group in commodity.groups[:1]:
            members.setdefault(group, []).append(commodity.code)
    for group, codes in members.items():
        for part in in_parts(codes, _GROUP_COMMODITIES):
            record = Record("5", f"group[{group}]", subject.limits)
            record.text("group", group)
            for place, code in enumerate(part, start=1):
                record.text(f"commodity_{place}", code)
            yield record
