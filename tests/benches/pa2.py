"""Reading an expanded unpacked SPAN file of an exchange's full size, against polars reading its lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

import margin
from tests.benches.measure import Bench, Variant

_FILE = "parameters.pa2"
_PRODUCTS = 60
_MONTHS = 16
_STRIKES = 128
_HEADER = "0 CME   20250620SF     202506201407U2YNCLR        C CUST  H HEDGE 1 CORE  M MAINT "


def _months() -> list[str]:
    return [f"{2025 + (6 + i) // 12}{(6 + i) % 12 + 1:02d}" for i in range(_MONTHS)]


def _definitions(product: int) -> Iterator[str]:
    code = f"C{product:02d}"
    for type_, value in (("FUT", "FUT  "), ("OOF", "EQTY ")):
        name = f"{code:<10}{type_}{'NAME':<15}"
        yield f"P CME{name}002002  00000050000000{'0' * 8}01USD$STD 00AMER{'':35}YF{value}DELIV"
    yield f"2 CME {code:<6}0USD$PN   {code:<10}FUT   {code:<10}OOF"
    yield f"S {code:<6}0100".ljust(82) + "2"
    yield f"3 {code:<6}1001202507203012".ljust(68) + "100010001100"
    yield f"4 {code:<6}1000".ljust(62) + "00000501001001001"
    for month in _months():
        for type_, option in (("FUT", ""), ("OOF", month)):
            yield (
                f"B CME{code:<10}{type_}{month:<8} {option:<8} 0015000025000000"
                f"01100030000330000000021643800000001000020251220"
                f"{code:<10}  00000000N0000000+{'':17}00 00 010000000000P 00"
            )


def _contract(product: int, type_: str, month: str, right: str, strike: int) -> tuple[str, str]:
    code = f"C{product:02d}"
    option = month if right.strip() else ""
    key = f"CME{code:<10}{code:<10}{type_}{right}{month:<8} {option:<8} {strike:07d}"
    unit = 100 + (strike * 7 + product) % 1000
    losses = [f"{abs(move) * unit:05d}{'+' if move >= 0 else '-'}" for move in range(-8, 8)]
    first = f"81{key}{''.join(losses[:9])}{strike + 500:014d}N"
    second = f"82{key}{''.join(losses[9:])}05000+00150000{strike + 500:07d}++05000+C"
    return first, second


def make_inputs(folder: Path) -> None:
    """A file of about 62 MB with 494,000 lines and 246,720 contracts."""
    products = range(_PRODUCTS)
    with (folder / _FILE).open("w", newline="\r\n", encoding="ascii") as file:
        file.write(f"{_HEADER}\n1 CME  01\n")
        file.writelines(f"{line}\n" for product in products for line in _definitions(product))
        for product in products:
            for month in _months():
                for line in _contract(product, "FUT", month, " ", 0):
                    file.write(f"{line}\n")
                for right in "CP":
                    for strike in range(1000, 1000 + 10 * _STRIKES, 10):
                        for line in _contract(product, "OOF", month, right, strike):
                            file.write(f"{line}\n")


def lines_only(folder: Path) -> Callable[[], object]:
    """The lines as one column of text, and nothing done with them."""
    return lambda: pl.read_csv(folder / _FILE, separator="\x01", has_header=False, new_columns=["line"])


def parameters(folder: Path) -> Callable[[], object]:
    """The parameters, checked, with digest."""
    return lambda: margin.read_parameters(folder / _FILE, cache=False)


BENCHES = (
    Bench(
        "pa2",
        "Read a .pa2 of 62 MB (246,720 contracts on 494,000 lines)",
        make_inputs,
        (
            Variant("polars, lines as text", lines_only, calls=3),
            Variant("read_parameters", parameters, calls=3, limit=3.0),
        ),
    ),
)
