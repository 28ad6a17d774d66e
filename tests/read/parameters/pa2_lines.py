"""Lines of expanded unpacked SPAN files, put together column by column."""

from __future__ import annotations

from collections.abc import Sequence

import margin
from margin.read.parameters import pa2
from margin.read.source import Source

HEADER = "0 CME   20250620SF     202506201407U2YNCLR        C CUST  H HEDGE 1 CORE  M MAINT "
FUTURE_LOSSES = [0, 0, -400, -400, 400, 400, -800, -800, 800, 800, -1200, -1200, 1200, 1200, -1188, 1188]


def line(record: str, columns: dict[int, str]) -> str:
    """A line with texts that begin at given columns, counted from 1; nothing may overlap."""
    text = list(record.ljust(2))
    for first, part in sorted(columns.items()):
        assert first > 2
        text += " " * (first - 1 - len(text))
        assert not "".join(text[first - 1 :]).strip(), f"column {first} is taken"
        text[first - 1 :] = part
    return "".join(text).rstrip()


def product(code: str, type_: str, columns: dict[int, str] | None = None) -> str:
    """Record P: prices and strikes with two decimals, contract value factor 50, premium-style options."""
    usual = {
        3: "CME",
        6: code,
        16: type_,
        34: "002",
        37: "002",
        42: "00000500000000",
        56: "00000000",
        66: "USD$STD",
        74: "00AMER",
        117: "EQTY" if type_.startswith("OO") else "FUT",
    }
    return line("P", {**usual, **(columns or {})})


def commodity(code: str, products: Sequence[tuple[str, str]], columns: dict[int, str] | None = None) -> str:
    """Record 2 with up to six products."""
    members = {23 + 16 * place: f"{name:<10}{type_}" for place, (name, type_) in enumerate(products)}
    return line("2", {3: "CME", 7: code, 13: "0USD$PN", **members, **(columns or {})})


def losses_text(losses: Sequence[int], digits: int) -> str:
    """Losses as unsigned digits, each with its sign behind it."""
    return "".join(f"{abs(loss):0{digits}d}{'-' if loss < 0 else '+'}" for loss in losses)


def pair(
    code: str,
    type_: str,
    month: str,
    *,
    option: str = "",
    right: str = "",
    strike: int = 0,
    losses: Sequence[int] = FUTURE_LOSSES,
    delta: int = 10000,
    price: int = 500_000,
    digits: int = 5,
    first: dict[int, str] | None = None,
    second: dict[int, str] | None = None,
) -> list[str]:
    """The two records of a contract; underlying ES, deltas in ten-thousandths."""
    key = {3: "CME", 6: code, 16: "ES", 26: type_, 29: right, 30: month, 39: option, 48: f"{abs(strike):07d}"}
    kinds, price_at, delta_at = (("81", "82"), 109, 97) if digits == 5 else (("83", "84"), 136, 118)
    sign = "-" if delta < 0 else "+"
    one = {**key, 55: losses_text(losses[:9], digits), price_at: f"{price:014d}N"}
    other = {
        **key,
        55: losses_text(losses[9:], digits),
        delta_at: f"{abs(delta):05d}{sign}",
        delta_at + 14: f"{price:07d}+{'-' if strike < 0 else '+'}",
    }
    return [line(kinds[0], {**one, **(first or {})}), line(kinds[1], {**other, **(second or {})})]


def series(code: str, type_: str, month: str, option: str = "", columns: dict[int, str] | None = None) -> str:
    """Record B: price scan range 1200, extreme move 3 covered at 0.33, delta scaling factor 1."""
    usual = {3: "CME", 6: code, 16: type_, 19: month, 28: option, 53: "01200", 58: "03000", 63: "03300", 86: "010000"}
    return line("B", {**usual, **(columns or {})})


def content(*lines: str | list[str], header: str = HEADER, end: str = "\r\n") -> bytes:
    """A file of a header, an exchange and some lines."""
    flat = [header, "1 CME  01"]
    for item in lines:
        flat += [item] if isinstance(item, str) else item
    return "".join(f"{text}{end}" for text in flat).encode("latin-1")


def read(*lines: str | list[str], header: str = HEADER, end: str = "\r\n") -> margin.ParameterSet:
    """The parameters of such a file."""
    return pa2.read(Source("test.pa2", "test.pa2", content(*lines, header=header, end=end), "digest"))


def small_market() -> list[str]:
    """Two commodities: ES with futures and an option, NQ with a future, spreads inside and between them."""
    return [
        product("ES", "FUT"),
        product("ES", "OOF"),
        commodity("ES", [("ES", "FUT"), ("ES", "OOF")]),
        line("S", {3: "ES", 9: "01", 83: "2"}),
        line("3", {3: "ES", 9: "10", 11: "01202509202509", 25: "02202512202512", 69: "100010001100"}),
        line("C", {3: "ES", 9: "10", 11: "01", 13: "02", 15: "0000050", 22: "010101A", 29: "020201B"}),
        line("4", {3: "ES", 9: "10", 11: "01", 13: "01", 15: "202509", 21: "0000010", 28: "0000020", 63: "0000100"}),
        series("ES", "FUT", "202509"),
        series("ES", "FUT", "202512"),
        product("NQ", "FUT"),
        commodity("NQ", [("NQ", "FUT")]),
        line("6", {3: "ALL", 6: "0001", 10: "0500000", 17: "CMENES    0010000ACMENNQ    0010000B", 89: "10"}),
        *pair("ES", "FUT", "202509"),
        *pair("ES", "FUT", "202512"),
        *pair(
            "ES", "OOF", "202509", option="202509", right="C", strike=500_000, losses=[0] * 16, delta=5000, price=1250
        ),
        *pair("NQ", "FUT", "202509", losses=[round(loss * 5 / 3) for loss in FUTURE_LOSSES]),
        series("NQ", "FUT", "202509", columns={53: "02000"}),
    ]
