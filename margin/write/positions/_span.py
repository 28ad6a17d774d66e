"""What position formats of SPAN tools demand of a book, and how they write contracts and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import polars as pl

from margin.model.contract import OPTION_TYPES
from margin.model.position import POSITION_SCHEMA, PositionBook
from margin.model.problem import Faults, Problem, Reason
from margin.write.positions._book import NO_EXPIRY, Rows, warning

LARGEST_NUMBER = 2**31 - 1
"""Largest count of an ``xs:int``."""

DEMANDED = (
    *("firm", "account_type", "is_customer", "currency", "clearing_org"),
    *("exchange", "product", "type", "business_date"),
)
"""Columns that every position must have, besides its account and quantity."""

_OPTION_WITH_FUTURE = "OOF"
_CODES = ("exchange", "product", "type")
_ADVICE = {
    "is_customer": "1 for a customer's account, 0 for the house's own",
    "clearing_org": "the clearing organisation's code",
    "business_date": "the date of the positions",
    "currency": "the account's currency",
}


def refuse_what_cannot_be_said(rows: Rows, title: str, faults: Faults, demanded: Sequence[str] = DEMANDED) -> None:
    """Record what a format that names contracts by codes, and counts whole contracts, cannot say.

    Args:
        rows: The positions.
        title: What the format is called in messages.
        faults: Takes one fault for each kind of trouble, at the first position that has it.
        demanded: Columns that every position must have.
    """
    if not rows.frame.height:
        return
    named = rows.column("contract").is_not_null()
    rows.refuse(
        faults,
        named,
        Reason.INVALID_VALUE,
        f"named by an identifier in the column contract, expected the codes of the contract: {title} has nothing "
        "else; give exchange, product, type, expiry, right and strike instead, as the parameters have them",
        "contract",
    )
    for name in demanded:
        absent = rows.column(name).is_null()
        if name in _CODES:
            absent &= ~named  # of which the fault above says all there is to say
        what = _ADVICE.get(name)
        rows.refuse(
            faults,
            absent,
            Reason.MISSING_FIELD,
            f"without {name}, which {title} demands; add a column {name}{f' with {what}' if what else ''}",
            name,
        )
    below = (rows.column("type") == _OPTION_WITH_FUTURE) & rows.column("underlying_expiry").is_null() & ~named
    message = f"on futures without underlying_expiry, which {title} demands; add the expiry of the future"
    rows.refuse(faults, below, Reason.MISSING_FIELD, message, "underlying_expiry")
    for name in ("quantity", "long", "short"):
        _refuse_fractions(rows, name, title, faults)


def _refuse_fractions(rows: Rows, name: str, title: str, faults: Faults) -> None:
    numbers = rows.column(name)
    message = f"with a fraction in {name}, expected whole numbers: {title} has no others; write csv or parquet"
    rows.refuse(faults, numbers != numbers.round(), Reason.INVALID_VALUE, message, name)
    message = f"with a {name} beyond {LARGEST_NUMBER:,}, the largest of {title}; split them, or write csv or parquet"
    rows.refuse(faults, numbers.abs() > LARGEST_NUMBER, Reason.INVALID_VALUE, message, name)


def contract_columns(rows: Rows) -> pl.DataFrame:
    """Expiry, underlying expiry, right and strike as text: blank where a type has none of them.

    A contract that does not expire, and an option on what does not expire, have zeros.
    """
    is_option = rows.column("type").is_in(sorted(OPTION_TYPES))
    expiry = rows.column("expiry").fill_null(NO_EXPIRY)
    below = rows.column("underlying_expiry").fill_null(NO_EXPIRY)
    # Files that name months have six zeros, those that name days eight.
    short = (expiry.str.len_chars() == len("202606")) & (below == NO_EXPIRY)
    below = below.set(short, NO_EXPIRY[:6])
    return pl.DataFrame(
        {
            "expiry": expiry,
            "underlying_expiry": below.set(~is_option, None),
            "right": rows.column("right").set(~is_option, None),
            "strike": _texts(rows.column("strike")).set(~is_option, None),
        }
    )


def _texts(numbers: pl.Series) -> pl.Series:
    """Numbers as decimal text."""
    texts = {number: number_text(number) for number in numbers.unique().drop_nulls()}
    if not texts:
        return pl.repeat(None, len(numbers), dtype=pl.String, eager=True)
    return numbers.replace_strict(texts, default=None, return_dtype=pl.String)


def number_text(number: float) -> str:
    """The shortest decimal of a double, never with an exponent."""
    text = f"{Decimal(repr(number)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def columns_left_out(rows: Rows, title: str, keeping: Sequence[str] = ()) -> tuple[Problem, ...]:
    """The warning that a format has no place for prices and for columns of the user's own, but for some."""
    carried = [name for name in rows.frame.columns if name not in POSITION_SCHEMA or name == "price"]
    extras = [name for name in carried if name not in keeping and rows.frame[name].null_count() < rows.frame.height]
    if not extras:
        return ()
    listed = ", ".join(map(repr, extras[:10])) + (f" and {len(extras) - 10} more" if len(extras) > 10 else "")
    message = f"columns {listed} are left out: {title} has no place for them; nothing is computed from them"
    return (warning(message, "columns"),)


def no_positions(book: PositionBook, title: str) -> Problem:
    """The fault of a book without positions, which has no date."""
    message = f"there is no position, and so no date, which {title} demands; check the input"
    file = book.parts[0].source.path if book.parts else None
    return Problem(Reason.MISSING_FIELD, message, file=file)
