"""Lines and numbers of expanded unpacked files, against the plainest way to find them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.read.parameters._pa2.columns import line_matrix
from margin.read.parameters._pa2.digits import WORD, signed_cells, whole_numbers
from margin.read.parameters._pa2.lines import Lines, RecordFile
from margin.read.parameters._pa2.reading import Reading


def texts_by_record(content: bytes) -> dict[str, list[tuple[int, bytes]]]:
    """Line numbers and lines of contracts, as the reader finds them."""
    file = RecordFile(content, Reading("x"))
    found = {}
    for kind in ("81", "82"):
        lines = file.lines(kind)
        found[kind] = [(int(lines.numbers[row]), lines.text(row)) for row in range(len(lines))]
    return found


def texts_expected(content: bytes) -> dict[str, list[tuple[int, bytes]]]:
    numbered = [(number, line.removesuffix(b"\r")) for number, line in enumerate(content.split(b"\n"), 1)]
    return {kind: [item for item in numbered if item[1].startswith(kind.encode())] for kind in ("81", "82")}


def contract(length: int, text: bytes) -> list[bytes]:
    return [b"81".ljust(length, text), b"82".ljust(length + 3, text)]


@given(
    st.lists(st.tuples(st.integers(2, 5), st.integers(1, 60), st.sampled_from([b"7", b"\r", b"\0"])), max_size=6),
    st.sampled_from([b"\n", b"\r\n"]),
    st.binary(max_size=3),
)
@settings(max_examples=100, deadline=None)
def test_lines_are_found_however_long_they_are_and_however_many_alike(
    runs: list[tuple[int, int, bytes]], end: bytes, rest: bytes
) -> None:
    content = b"".join(
        line + end for length, number, text in runs for _ in range(number) for line in contract(length, text)
    )

    assert texts_expected(content + rest) == texts_by_record(content + rest)


@pytest.mark.parametrize("place", [0, 1, 5_000, 9_999])
@pytest.mark.parametrize("damage", [b"\n", b"\n\n", b"\r\n", b""])
def test_a_line_that_differs_among_many_alike_is_found(place: int, damage: bytes) -> None:
    pairs = [b"\n".join(contract(40, b"5")) + b"\n"] * 10_000
    pairs[place] = pairs[place][:20] + damage + pairs[place][21:]
    content = b"".join(pairs)

    assert texts_expected(content) == texts_by_record(content)


def test_lines_of_a_file_that_is_read_in_parts() -> None:
    content = b"".join(b"\n".join(contract(60 + number // 20_000, b"5")) + b"\n" for number in range(80_000))

    assert texts_expected(content) == texts_by_record(content)


@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n81"])
def test_a_line_without_end_is_one_line(end: bytes) -> None:
    content = b"81" + b"5" * 6_000_000 + end

    assert texts_expected(content) == texts_by_record(content)


def test_lines_at_equal_distances_are_not_copied() -> None:
    content = b"81234567890\n" * 100
    starts = np.arange(0, len(content), 12)
    lines = Lines(content, starts, starts + 11, np.arange(1, 101))

    matrix = line_matrix(lines, 11)

    assert np.shares_memory(matrix, np.frombuffer(content, dtype=np.uint8))
    assert content.replace(b"\n", b"") == matrix.tobytes()


@given(st.lists(st.binary(min_size=WORD, max_size=WORD), min_size=1, max_size=20), st.integers(1, WORD))
@settings(max_examples=100, deadline=None)
def test_no_bytes_but_digits_are_numbers(texts: list[bytes], width: int) -> None:
    _, stray = whole_numbers(np.frombuffer(b"".join(texts), dtype=np.uint64).copy(), width)

    expected = [not text[:width].isdigit() for text in texts]
    assert expected == ([False] * len(texts) if stray is None else stray.tolist())


@pytest.mark.parametrize("width", range(1, WORD + 1))
def test_every_byte_is_told_from_a_digit_in_every_place(width: int) -> None:
    texts = [b"9" * place + bytes([byte]) + b"9" * (WORD - place - 1) for place in range(WORD) for byte in range(256)]
    _, stray = whole_numbers(np.frombuffer(b"".join(texts), dtype=np.uint64).copy(), width)

    assert stray is not None
    assert [not text[:width].isdigit() for text in texts] == stray.tolist()


@given(st.integers(1, WORD), st.data())
@settings(max_examples=100, deadline=None)
def test_digits_are_the_numbers_that_they_write(width: int, data: st.DataObject) -> None:
    numbers = data.draw(st.lists(st.integers(0, 10**width - 1), min_size=1, max_size=20))
    text = "".join(f"{number:0{width}d}".ljust(WORD, "-") for number in numbers).encode()
    found, stray = whole_numbers(np.frombuffer(text, dtype=np.uint64).copy(), width)

    assert stray is None
    assert numbers == found.tolist()


@pytest.mark.parametrize("width", [5, 8])
@pytest.mark.parametrize("lines", [1, 3, 5_000])
def test_signs_stand_behind_their_numbers(width: int, lines: int) -> None:
    random = np.random.default_rng(lines)
    expected = random.integers(-(10**width) + 1, 10**width, (lines, 16))
    expected[0, :2] = 0
    cells = "".join(f"{abs(number):0{width}d}{'-' if number < 0 else '+'}" for number in expected.flat)
    cells = f"{'0' * width}-{'0' * width} {cells[2 * (width + 1) :]}"
    matrix = np.frombuffer(cells.encode(), dtype=np.uint8).reshape(lines, -1)
    split = 9 * (width + 1)
    result = np.empty((lines, 16))

    assert signed_cells((matrix[:, :split], matrix[:, split:]), width, result)
    assert np.array_equal(expected, result)
    assert not np.signbit(result[0, :2]).any()


def test_a_byte_that_is_no_digit_leaves_no_row_of_numbers() -> None:
    matrix = np.frombuffer(b"00001+0000x-" * 2, dtype=np.uint8).reshape(2, -1)

    assert not signed_cells((matrix[:, :6], matrix[:, 6:]), 5, np.empty((2, 2)))
