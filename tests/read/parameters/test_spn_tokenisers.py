"""The quick tokeniser gives the strict one's table or leaves the document to it; no document breaks the reader."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from margin.model.parameters import ParameterSet
from margin.model.problem import InputRefused
from margin.read.parameters import spn
from margin.read.parameters._spn import columnar, names, strict
from margin.read.parameters._spn.bulk import numbers_of
from margin.read.parameters._spn.elements import ElementTable
from margin.read.parameters._spn.reading import Reading, parse_number
from margin.read.source import Source
from tests.read.parameters.spn_documents import (
    clearing_org,
    document,
    el,
    family,
    fields,
    future,
    indented,
    point_in_time,
    und_pf,
)

TEXT = document()
LONG_NAMES = "".join(el(name, 1) for name in ("limitArraysTo16Points", "limitArraysTo17Points", "x" * 40, "y" * 8))


def rows_of(table: ElementTable) -> tuple[object, ...]:
    rows = np.arange(len(table))
    return (
        [table.name_of(row) for row in rows.tolist()],
        table.parent.tolist(),
        table.end.tolist(),
        table.offset.tolist(),
        table.texts(rows).to_list(),
    )


def strict_table(content: bytes) -> ElementTable:
    reading = Reading("test.spn")
    table = strict.tokenise(content, reading)
    reading.faults.refuse_if_any()
    return table


PLAIN = {
    "compact": TEXT,
    "one element per line": TEXT.replace("><", ">\n<"),
    "windows line ends": TEXT.replace("><", ">\r\n<"),
    "wide indentation": TEXT.replace("><", ">\n" + " \t" * 23 + "<"),
    "white space around values": TEXT.replace("<a>", "<a>\r\n  ").replace("</a>", "\t</a>"),
    "references": TEXT.replace("NIFTY", "M&amp;M &lt;&amp;lt;&gt; &quot;x&apos;"),
    "carriage return inside a text": TEXT.replace("NSE Clearing", "NSE\r\nClearing\rCo"),
    "empty elements": TEXT.replace("<cab>0.05</cab>", "<cab/><volSrc></volSrc><x></x>"),
    "long names": TEXT.replace("<phy>", LONG_NAMES + "<phy>"),
    "beyond ASCII": TEXT.replace("NSE Clearing", "Börse Łódź 東京 🙂"),
    "leading white space": "\n\n \t" + TEXT,
    "deep": TEXT.replace("<phy>", "<u>" * 50 + "</u>" * 50 + "<phy>"),
    "deepest": TEXT.replace("<phy>", "<u>" * 59 + "</u>" * 59 + "<phy>"),
    "nothing inside": "<spanFile>\n</spanFile>".replace("\n", "<a></a>"),
}

OTHER = {
    "attribute": TEXT.replace("<phy>", '<phy x="1">'),
    "space in a tag": TEXT.replace("<phy>", "<phy >"),
    "space in an end tag": TEXT.replace("</phy>", "</phy >"),
    "comment": TEXT.replace("<phy>", "<!-- x --><phy>"),
    "comment in a text": TEXT.replace("<a>8.72", "<a>8.<!-- x -->72"),
    "section": TEXT.replace("8.72", "<![CDATA[8.72]]>", 1),
    "instruction": TEXT.replace("<phy>", "<?x y?><phy>"),
    "character reference": TEXT.replace("8.72", "&#56;.72", 1),
    "larger than in a text": TEXT.replace("NSE Clearing", "NSE > Clearing"),
    "namespace": TEXT.replace("<phy>", "<x:phy>").replace("</phy>", "</x:phy>"),
    "long white space": TEXT.replace("<phy>", " " * 5000 + "<phy>"),
    "trailing comment": TEXT + "<!-- end -->",
}

BROKEN = {
    "truncated": TEXT[:-20],
    "wrong end of a leaf": TEXT.replace("8.72</a>", "8.72</d>", 1),
    "wrong end of a container": TEXT.replace("</phy>", "</fut>"),
    "missing end": TEXT.replace("</phy>", ""),
    "missing start": TEXT.replace("<phy>", ""),
    "swapped ends": TEXT.replace("</phy></phyPf>", "</phyPf></phy>"),
    "end of a leaf twice": TEXT.replace("8.72</a>", "8.72</a></a>", 1),
    "unclosed tag": TEXT.replace("<phy>", "<phy"),
    "bare ampersand": TEXT.replace("NSE Clearing", "NSE & Clearing"),
    "reference between elements": TEXT.replace("<phy>", "&amp;<phy>"),
    "text between elements": TEXT.replace("<phy>", "x<phy>"),
    "text after white space": TEXT.replace("<phy>", "          12345<phy>"),
    "text before the root": "x" + TEXT,
    "control character": TEXT.replace("NSE Clearing", "NSE\x0bClearing"),
    "second root": TEXT + TEXT,
    "noncharacter": TEXT.replace("NSE Clearing", "NSE\ufffeClearing"),
    "name starting with a digit": TEXT.replace("phy>", "1phy>"),
    "too deep": TEXT.replace("<phy>", "<u>" * 70 + "</u>" * 70 + "<phy>"),
    "end tag first": "</a><a>" + TEXT,
}


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN)
def test_plain_documents_are_read_the_quick_way(text: str) -> None:
    table = columnar.tokenise(text.encode())

    assert table is not None
    assert rows_of(table) == rows_of(strict_table(text.encode()))


@pytest.mark.parametrize("text", OTHER.values(), ids=OTHER)
def test_other_documents_are_left_to_the_strict_tokeniser(text: str) -> None:
    assert columnar.tokenise(text.encode()) is None
    assert len(strict_table(text.encode())) > 100


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_broken_documents_are_left_to_the_strict_tokeniser_and_refused(text: str) -> None:
    assert columnar.tokenise(text.encode()) is None
    with pytest.raises(InputRefused):
        strict_table(text.encode())


@pytest.mark.parametrize("chunk", [1, 7, 100, 1000])
def test_chunks_may_end_anywhere(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    monkeypatch.setattr(columnar, "_CHUNK_BYTES", chunk)

    table = columnar.tokenise(TEXT.encode())

    assert table is not None
    assert rows_of(table) == rows_of(strict_table(TEXT.encode()))


def test_names_that_fall_into_one_slot_are_left_to_the_strict_tokeniser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_SLOT_BITS", 3)

    assert columnar.tokenise(TEXT.encode()) is None


def test_more_names_than_two_bytes_count() -> None:
    unknown = "".join(f"<n{i}/>" for i in range(33_000))
    content = TEXT.replace("<phy>", unknown + "<phy>").encode()

    assert columnar.tokenise(content) is None
    assert outcome(content)[5] == outcome(TEXT.encode())[5]


def source_of(content: bytes) -> Source:
    return Source("test.spn", "test.spn", content, "0" * 64)


def comparable(parameters: ParameterSet) -> list[object]:
    parts: list[object] = [
        parameters.sources,
        parameters.clearing_orgs,
        parameters.currencies,
        parameters.account_types,
        parameters.products,
        parameters.contracts.rows(),
        parameters.combination_legs.rows(),
        parameters.commodities,
        parameters.spreads,
        [str(problem) for problem in parameters.problems],
    ]
    for rate_id, arrays in parameters.arrays.items():
        parts += [rate_id, arrays.losses.tobytes(), arrays.composite_delta.tobytes(), arrays.points.tolist()]
        parts.append(arrays.scan_ranges.rows())
    return parts


def outcome(content: bytes) -> list[object]:
    try:
        return comparable(spn.read(source_of(content)))
    except InputRefused as refused:
        return [refused.total, *(str(problem) for problem in refused.problems)]


PIECES = (
    "<", ">", "/", "&", "&amp;", "&#65;", "]]>", "<!-- x -->", "<![CDATA[1]]>", "<?x?>", "\x01", "\0", "é", "\r", " \n",
    "<x/>", "<x>", "</x>", "<phy>", "</phy>", '<x y="1"/>', "NaN", "1e999", "-", "1_0", "", "<a>1</a>", "<r>2</r>", "x",
    "<!DOCTYPE x>", "</ra>", "<opt>", "99999999999999999999", "0.1e-400",
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A small file with a few parts replaced, removed, repeated or swapped."""
    text = draw(st.sampled_from([TEXT, indented(TEXT), indented(TEXT, "\r\n")]))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        if draw(st.booleans()):
            # At the edge of a tag, where damage means most.
            start = max(text.find(draw(st.sampled_from("<>")), start), 0)
        stop = min(len(text), start + draw(st.sampled_from([0, 0, 1, 1, 2, 5, 9, 40, 400])))
        piece = draw(st.sampled_from(PIECES) | st.just(text[start:stop] * 2) | st.just(text[start:stop][::-1]))
        text = text[:start] + piece + text[stop:]
    return text.encode(draw(st.sampled_from(["utf-8", "latin-1"])))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged())
def test_damaged_files_are_read_or_refused_and_both_ways_agree(content: bytes) -> None:
    found = outcome(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columnar, "tokenise", lambda _: None)
        expected = outcome(content)

    assert found == expected


NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda x: f"{x:.20g}"),
    st.decimals(allow_nan=False, allow_infinity=False, places=4).map(str),
    st.integers().map(str),
    st.from_regex(r"[+-]?[0-9]{0,25}\.?[0-9]{0,25}([eE][+-]?[0-9]{1,4})?", fullmatch=True),
    st.text("0123456789+-.eE_infaNx ", max_size=12),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=50))
def test_bulk_numbers_are_bit_for_bit_those_of_float(texts: list[str]) -> None:
    content = el("spanFile", *(el("a", text) for text in texts)).encode()
    table = columnar.tokenise(content)
    assert table is not None

    found = numbers_of(table, table.rows("a"), Reading("test.spn"))

    exact = [parse_number(text.strip(" \t\r\n")) for text in texts]
    empty = [not text.strip(" \t\r\n") for text in texts]
    expected = [np.nan if e else np.inf if x is None else x for x, e in zip(exact, empty, strict=True)]
    assert found.tobytes() == np.array(expected).tobytes()
    assert all(x is None or x == float(text) for x, text in zip(exact, texts, strict=True))


def test_many_contracts_agree() -> None:
    days = pl.date_range(pl.date(2027, 1, 1), pl.date(2028, 12, 31), eager=True).dt.strftime("%Y%m%d").to_list()
    futures = family(
        "futPf", 2, "X&amp;Y", und_pf(), *(future(i, day, fields(lDeliv="")) for i, day in enumerate(days))
    )
    content = indented(document(point_in_time(clearing_org(futures, " "))), "\r\n").encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columnar, "tokenise", lambda _: None)
        expected = outcome(content)

    assert outcome(content) == expected
