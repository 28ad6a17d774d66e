"""Where each field of an expanded unpacked SPAN file stands: columns count from 1, both ends included.

Source: CME "Type n Record - Expanded" pages. A record may grow at its end, and lines are trimmed on the right:
whatever lies past the end of a line is blank, and a blank number is not given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

FieldKind = Literal["text", "number", "sign", "locator"]
"""Text; unsigned digits; one byte that is ``-`` for negative; digits whose first byte may be ``-``."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record.

    Attributes:
        name: Name, unique inside the record.
        first: First column, 1-based.
        last: Last column, included.
        kind: How its bytes are to be read.
        decimals: Implied decimals of a number.
        sign: Name of the field with the number's sign, which is a byte of its own; `None` for unsigned numbers.
    """

    name: str
    first: int
    last: int
    kind: FieldKind = "text"
    decimals: int = 0
    sign: str | None = None

    @property
    def width(self) -> int:
        """Number of bytes."""
        return self.last - self.first + 1


def _text(name: str, first: int, last: int | None = None) -> Field:
    return Field(name, first, first if last is None else last)


def _number(name: str, first: int, last: int, decimals: int = 0) -> Field:
    return Field(name, first, last, "number", decimals)


def _locator(name: str, first: int, last: int) -> Field:
    return Field(name, first, last, "locator")


def _signed(name: str, first: int, last: int, decimals: int = 0, sign_at: int | None = None) -> tuple[Field, Field]:
    """A number and its sign byte, which follows it where not said otherwise."""
    sign = f"{name}_sign"
    at = last + 1 if sign_at is None else sign_at
    return Field(name, first, last, "number", decimals, sign), Field(sign, at, at, "sign")


def _repeated(template: tuple[Field, ...], starts: range, number: int = 1) -> tuple[Field, ...]:
    """Copies of some fields, numbered ``name_1``, ``name_2``…; `template` counts its columns from 1."""
    return tuple(
        Field(
            f"{field.name}_{index}",
            start + field.first - 1,
            start + field.last - 1,
            field.kind,
            field.decimals,
            f"{field.sign}_{index}" if field.sign else None,
        )
        for index, start in enumerate(starts, number)
        for field in template
    )


_TIER = (_number("tier", 1, 2), _text("start", 3, 8), _text("end", 9, 14))
_DAY_CODES = (_text("start_day", 1, 2), _text("end_day", 3, 4))

EXCHANGE_COMPLEX = (
    _text("record", 1, 2),
    _text("clearing_org", 3, 8),
    _text("business_date", 9, 16),
    _text("session", 17),
    _text("file_identifier", 18, 19),
    _text("business_time", 20, 23),
    _text("creation_date", 24, 31),
    _text("creation_time", 32, 35),
    _text("format", 36, 37),
    _text("netting", 38),
    _text("limit_option_value", 39),
    _text("business_function", 40, 44),
    _text("customer", 51),
    _text("customer_name", 53, 57),
    _text("account_type", 59),
    _text("account_type_name", 61, 65),
    _text("bond_class", 67),
    _text("bond_class_name", 69, 73),
    _text("kind", 75),
    _text("kind_name", 77, 81),
)

CURRENCY_CONVERSION = (
    _text("record", 1, 2),
    _text("from_currency", 3, 5),
    _text("from_code", 6),
    _text("to_currency", 7, 9),
    _text("to_code", 10),
    _number("multiplier", 11, 20, 6),
)

EXCHANGE = (_text("record", 1, 2), _text("exchange", 3, 5), _text("exchange_code", 8, 9))

PRODUCT = (
    _text("record", 1, 2),
    _text("exchange", 3, 5),
    _text("product", 6, 15),
    _text("type", 16, 18),
    _text("short_name", 19, 33),
    _locator("price_locator", 34, 36),
    _locator("strike_locator", 37, 39),
    _text("price_alignment", 40),
    _text("strike_alignment", 41),
    _number("contract_value_factor", 42, 55, 7),
    _number("cabinet_value", 56, 63, 2),
    _number("positions_per_contract", 64, 65),
    _text("currency", 66, 68),
    _text("currency_code", 69),
    _text("price_method", 70, 72),
    *_signed("value_factor_exponent", 74, 75, sign_at=73),
    _text("exercise", 76, 79),
    _text("name", 80, 114),
    _text("positionable", 115),
    _text("money_method", 116),
    _text("value_method", 117, 121),
    _text("settlement_method", 122, 126),
    _number("gain_rate_1", 127, 131, 4),
    _number("gain_rate_2", 132, 136, 4),
    _text("gain_rate_exponent", 137, 138),
    _number("gain_rate_3", 139, 143, 4),
    _number("equivalent_position_factor", 144, 157, 7),
    *_signed("equivalent_position_exponent", 158, 159),
    _text("variable_tick", 161),
    _text("price_currency", 162, 164),
)

COMMODITY = (
    _text("record", 1, 2),
    _text("exchange", 3, 5),
    _text("commodity", 7, 12),
    _number("risk_exponent", 13, 13),
    _text("currency", 14, 16),
    _text("currency_code", 17),
    _text("option_style", 18),
    _text("limit_option_value", 19),
    _text("combination_method", 20),
    *_repeated(
        (_text("product", 1, 10), _text("type", 11, 13), *_signed("array_locator", 14, 14)),
        range(23, 104, 16),
    ),
)

SCAN_TIERS = (
    _text("record", 1, 2),
    _text("commodity", 3, 8),
    _text("method", 9, 10),
    _number("tiers", 11, 12),
    *_repeated(_TIER, range(13, 70, 14)),
    _text("price_risk_method", 83),
    *_repeated(_DAY_CODES, range(84, 101, 4)),
    *_repeated((_number("short_option_minimum", 1, 7),), range(104, 133, 7)),
)

INTRACOMMODITY_TIERS = (
    _text("record", 1, 2),
    _text("commodity", 3, 8),
    _text("method", 9, 10),
    *_repeated(_TIER, range(11, 54, 14)),
    _number("initial_ratio_member", 69, 72, 3),
    _number("initial_ratio_hedger", 73, 76, 3),
    _number("initial_ratio_speculator", 77, 80, 3),
    *_repeated(_DAY_CODES, range(81, 94, 4)),
)

_TIER_LEG = (
    _number("leg", 1, 2),
    _number("tier", 3, 4),
    _number("ratio", 5, 6),
    _text("side", 7),
)
TIER_LEGS_PER_RECORD = 15
"""Legs that fit on one tier-to-tier record of 132 bytes."""

TIER_SPREAD = (
    _text("record", 1, 2),
    _text("commodity", 3, 8),
    _text("method", 9, 10),
    _number("priority", 11, 12),
    _number("legs", 13, 14),
    _number("charge", 15, 21),
    *_repeated(_TIER_LEG, range(22, 22 + 7 * TIER_LEGS_PER_RECORD, 7)),
)

SERIES_SPREAD = (
    _text("record", 1, 2),
    _text("commodity", 3, 8),
    _number("priority", 9, 13),
    _number("charge", 14, 20),
    *_repeated(
        (_text("month", 1, 4), _text("rest", 5, 7), _number("ratio", 8, 13, 4), _text("side", 14)),
        range(21, 64, 14),
    ),
)

_DELIVERY_HEAD = (_text("record", 1, 2), _text("commodity", 3, 8), _text("method", 9, 10))

_DELIVERY_TAIL = (
    _number("short_option_minimum", 63, 69),
    _number("adjustment_member", 70, 72, 2),
    _number("adjustment_hedger", 73, 75, 2),
    _number("adjustment_speculator", 76, 78, 2),
    _text("short_option_minimum_method", 79),
)

DELIVERY = (
    *_DELIVERY_HEAD,
    _number("months", 11, 12),
    *_repeated(
        (
            _number("number", 1, 2),
            _text("month", 3, 8),
            _number("spread_rate", 9, 15),
            _number("outright_rate", 16, 22),
        ),
        range(13, 36, 22),
    ),
    *_repeated((_text("day", 1, 2),), range(57, 60, 2)),
    *_DELIVERY_TAIL,
)

BASIS_RISK = (*_DELIVERY_HEAD, _text("spot_product", 11, 20), _number("basis_rate", 21, 27), *_DELIVERY_TAIL)

DELIVERY_BY_METHOD: Mapping[str, tuple[Field, ...]] = MappingProxyType(
    {
        "": DELIVERY,
        "01": DELIVERY,
        "10": DELIVERY,
        "11": BASIS_RISK,
        "other": (*_DELIVERY_HEAD, *_DELIVERY_TAIL),
    }
)
"""Fields of record 4 by method: what stands in columns 11 to 62 of methods of old files is not published."""

ARRAY_PARAMETERS = (
    _text("record", 1, 2),
    _text("exchange", 3, 5),
    _text("product", 6, 15),
    _text("type", 16, 18),
    _text("futures_month", 19, 24),
    _text("futures_day", 25, 26),
    _text("option_month", 28, 33),
    _text("option_day", 34, 35),
    Field("base_volatility", 37, 44, "number", 6),
    Field("volatility_scan", 45, 52, "number", 6),
    Field("price_scan", 53, 57, "number"),
    _number("extreme_move", 58, 62, 3),
    _number("extreme_cover", 63, 67, 4),
    _number("interest_rate", 68, 72, 4),
    _number("time_to_expiry", 73, 79, 6),
    _number("look_ahead", 80, 85, 6),
    _number("delta_scaling_factor", 86, 91, 4),
    _text("expiry_date", 92, 99),
    _text("underlying", 100, 109),
    _text("pricing_model", 110, 111),
    _number("dividend_yield", 112, 119, 6),
    _text("reference_price_flag", 120),
    *_signed("reference_price", 121, 127),
    _number("contract_value_factor", 129, 142, 7),
    *_signed("value_factor_exponent", 143, 144),
    *_signed("base_volatility_exponent", 146, 147),
    *_signed("volatility_scan_exponent", 149, 150),
    _number("discount_factor", 152, 163, 10),
    _text("volatility_scan_quotation", 164),
    _text("price_scan_quotation", 165),
    *_signed("price_scan_exponent", 166, 167),
    _text("delivery_margin_method", 169, 173),
)

GROUP = (
    _text("record", 1, 2),
    _text("group", 3, 5),
    *_repeated((_text("commodity", 1, 6),), range(13, 68, 6)),
)

INTERCOMMODITY_SPREAD = (
    _text("record", 1, 2),
    _text("group", 3, 5),
    _number("priority", 6, 9),
    _number("credit", 10, 16, 4),
    *_repeated(
        (
            _text("exchange", 1, 3),
            _text("required", 4),
            _text("commodity", 5, 10),
            _number("ratio", 11, 17, 4),
            _text("side", 18),
        ),
        range(17, 72, 18),
    ),
    _text("method", 89, 90),
    _text("target_exchange", 91, 93),
    _text("target_required", 94),
    _text("target_commodity", 95, 100),
    _text("credit_method", 101),
    *_repeated((_number("tier", 1, 2),), range(102, 109, 2)),
    _text("super_spread", 110),
    _number("target_ratio", 111, 117, 4),
    _number("legs_required", 118, 121),
    _text("separate_rates", 122),
    *_repeated((_number("rate", 1, 7, 4),), range(123, 145, 7)),
    _text("origin_restriction", 151),
)
FLAT_CREDIT_DECIMALS = 2
"""Implied decimals of credit and rates where the credit method is flat: 9(5)V9(2) money."""

CONTRACT_KEY = (
    _text("record", 1, 2),
    _text("exchange", 3, 5),
    _text("product", 6, 15),
    _text("underlying", 16, 25),
    _text("type", 26, 28),
    _text("right", 29),
    _text("futures_month", 30, 35),
    _text("futures_day", 36, 37),
    _text("option_month", 39, 44),
    _text("option_day", 45, 46),
    _number("strike", 48, 54),
)
"""The key that the two records of a contract share (columns 3 to 54)."""


def _losses(first_scenario: int, last_scenario: int, digits: int) -> tuple[Field, ...]:
    """Scenario losses of one contract from column 55 on, each with its sign."""
    width = digits + 1
    number = last_scenario - first_scenario + 1
    return _repeated(_signed("loss", 1, digits), range(55, 55 + width * number, width), first_scenario)


def _first_half(digits: int, price_at: int) -> tuple[Field, ...]:
    return (
        *CONTRACT_KEY,
        *_losses(1, 9, digits),
        _number("settlement_price_long", price_at, price_at + 13),
        _text("settlement_price_flag", price_at + 14),
    )


def _second_half(digits: int, delta_at: int) -> tuple[Field, ...]:
    """Fields of the second record, which follow the arrays from `delta_at` on."""
    at = delta_at
    return (
        *CONTRACT_KEY,
        *_losses(10, 16, digits),
        *_signed("composite_delta", at, at + 4, 4),
        _number("implied_volatility", at + 6, at + 13, 6),
        *_signed("settlement_price", at + 14, at + 20),
        Field("strike_sign", at + 22, at + 22, "sign"),
        *_signed("current_delta", at + 23, at + 27, 4),
        _text("current_delta_flag", at + 29),
        *_signed("start_of_day_price", at + 30, at + 36),
        *_signed("volatility_exponent", at + 38, at + 39),
        _number("contract_value_factor", at + 41, at + 54, 7),
        *_signed("value_factor_exponent", at + 55, at + 56),
        _number("strike_value_factor", at + 58, at + 71, 7),
        *_signed("strike_value_factor_exponent", at + 72, at + 73),
    )


VARIATION = (
    _text("record", 1, 2),
    _text("exchange", 3, 5),
    _text("product", 6, 15),
    _text("month", 16, 21),
    _text("day", 22, 23),
    _text("date", 24, 31),
    *_signed("long_rate", 32, 44, 8),
    _text("long_rate_kind", 46),
    *_signed("short_rate", 47, 59, 8),
    _text("short_rate_kind", 61),
    _text("short_marker", 62),
    _number("long_maintenance", 63, 65, 2),
    _number("short_maintenance", 66, 68, 2),
    _text("long_reset", 69),
    _number("long_threshold", 70, 75),
    _text("short_reset", 76),
    _number("short_threshold", 77, 82),
    _text("class", 83, 88),
)

COMBINATION = (
    _text("record", 1, 2),
    _text("method", 3),
    _text("product", 4, 13),
    Field("price_offset", 14, 20, "number"),
)

COMBINATION_OPTION = (
    _text("record", 1, 2),
    _text("combination", 3, 12),
    _text("option", 13, 22),
)

COMBINATION_LEG = (
    _text("record", 1, 2),
    _text("exchange", 3, 5),
    _text("product", 6, 15),
    _text("kind", 16, 20),
    _text("month", 21, 26),
    _text("day", 27, 28),
    _number("leg", 36, 38),
    _text("side", 39),
    _number("ratio", 40, 42),
    _text("leg_product", 43, 52),
    _text("leg_type", 53, 55),
    _text("leg_month", 56, 61),
    _text("leg_day", 62, 63),
    _number("fractional_ratio", 64, 67),  # its decimals are not published
    _text("price_flag", 68),
    _text("price_use", 69, 70),
    *_signed("price", 71, 77),
)

ALTERNATE = (
    _text("record", 1, 2),
    _text("product", 6, 15),
    _text("commodity", 16, 21),
    _text("alternate_exchange", 22, 24),
    _text("alternate_product", 25, 34),
    _text("alternate_commodity", 35, 40),
)

LAYOUTS: Mapping[str, tuple[Field, ...]] = MappingProxyType(
    {
        "0": EXCHANGE_COMPLEX,
        "T": CURRENCY_CONVERSION,
        "1": EXCHANGE,
        "P": PRODUCT,
        "2": COMMODITY,
        "S": SCAN_TIERS,
        "3": INTRACOMMODITY_TIERS,
        "C": TIER_SPREAD,
        "E": SERIES_SPREAD,
        "4": DELIVERY,
        "B": ARRAY_PARAMETERS,
        "R": ALTERNATE,
        "V": VARIATION,
        "5": GROUP,
        "6": INTERCOMMODITY_SPREAD,
        "X": COMBINATION,
        "Y": COMBINATION_OPTION,
        "Z": COMBINATION_LEG,
        "81": _first_half(5, 109),
        "82": _second_half(5, 97),
        "83": _first_half(8, 136),
        "84": _second_half(8, 118),
    }
)
"""Fields by record id."""


def line_length(fields: tuple[Field, ...]) -> int:
    """Last column that any of some fields uses."""
    return max(field.last for field in fields)
