"""The same file type as different clearing houses and programs write it, margined to numbers worked out by hand."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import margin
from margin.model.parameters import ParameterSet
from margin.model.problem import InputRefused, Reason, Severity
from margin.read.parameters._spn import columnar
from margin.read.parameters._spn.document import looks_like_xml, prepare, root_name
from margin.read.parameters._spn.reading import Reading
from tests.read.parameters.spn_documents import (
    FUTURES,
    OPTIONS,
    PHYSICALS,
    cc_def,
    clearing_org,
    document,
    el,
    fields,
    indented,
    link,
    point_in_time,
)

Read = Callable[[str | bytes], ParameterSet]
Refuse = Callable[[str | bytes], InputRefused]

SAMPLES = Path(__file__).parents[2] / "samples" / "spn"
TEXT = indented(document())

# All samples have these arrays, of a future with scan range 300 and of a call on it, times a factor.
FUTURE = (0, 0, -100, -100, 100, 100, -200, -200, 200, 200, -300, -300, 300, 300, -210, 210)
CALL = (-10, 10, -60, -40, 45, 60, -120, -100, 80, 95, -200, -180, 110, 118, -150, 40)


def requirement(folder: Path, sample: Path, book: str) -> tuple[dict[str, Any], dict[str, float]]:
    """The account, and its maintenance requirement by commodity."""
    (folder / "book.csv").write_text("account,exchange,product,type,expiry,right,strike,quantity\n" + book)
    run = margin.calculate(
        margin.read_parameters(sample, cache=False), margin.read_positions(folder / "book.csv"), rounding="none"
    )
    document = run.to_dict()
    (account,) = document["accounts"]
    rows = [row for row in account["commodities"] if row["kind"] == "maintenance"]
    return {**account, "problems": document["problems"]}, {row["commodity"]: row["requirement"] for row in rows}


@pytest.fixture(params=["quick", "strict"])
def tokeniser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Reads samples in both ways."""
    if request.param == "strict":
        monkeypatch.setattr(columnar, "tokenise", lambda _: None)
    return str(request.param)


BOOKS = {
    # Futures cancel out but for 10 a spread; the call moves half a future into June: 65 - 32.5 = 32.5 spreads.
    "nse.spn": (
        "A,NSE,NIFTY,FUT,2026-06-30,,,65\nA,NSE,NIFTY,FUT,2026-07-28,,,-65\nA,NSE,NIFTY,OOP,2026-06-30,C,24000,-65\n",
        {"NIFTY": 65 * 200 + 32.5 * 10 + 65 * 120},
    ),
    # Worst where the future falls by a scan range and volatility rises: 30 × (300 - 110); the option's price on top.
    "bse.spn": (
        "A,BSE,BSXFUT,FUT,202607,,,30\nA,BSE,BSXOPT,OOP,202607W1,C,84000,-30\n",
        {"BSX": 30 * (300 - 110) + 30 * 120},
    ),
    # Arrays are of one lot, prices of a hundredth of it: cvf 100.
    "mcx.spn": (
        "A,MCX,GOLD,FUT,2026-08-05,,,2\nA,MCX,GOLD,OOF,2026-07-27,C,98000,-2\n",
        {"GOLD": 2 * 100 * (300 - 110) + 2 * 250 * 100},
    ),
    # The call's cvf is its series' (5), not its product's (10); the put's its own (4). Short call, long put: 2 × CALL.
    "ncdex.spn": (
        "A,NCDEX,GUARSEED10,OOF,2026-07-13,C,5000,-3\nA,NCDEX,GUARSEED10,OOF,2026-07-13,P,5000,3\n",
        {"GUARSEED": 2 * 3 * 200 + 3 * 40 * 5 - 3 * 40 * 4},
    ),
    # FW20: net long 1 of 3 futures: 300 + one spread of 50, less half of 300; FW40: 3 × 90, less half of 2 × 90.
    "kdpw.spn": (
        "A,GPW,FW20,FUT,202609,,,2\nA,GPW,FW20,FUT,202612,,,-1\nA,GPW,FW40,FUT,202609,,,-3\nA,GPW,OW20,OOP,202609,C,2000,-2\n",
        {"FW20": 300 + 50 - 150, "FW40": 270 - 90, "OW20": 2 * 200 + 2 * 1200},
    ),
    # Two calendars are +2 and -2 futures that lose 2 × (330 - 300) upwards and the short option 20 there; two spreads
    # of 20; the option's value is 2 × 50.
    "cme.spn": (
        "A,CME,ESCAL,CMB,202609,,,2\nA,CME,ESC,OOC,2026-09-18,C,20,-1\nA,CBT,ZN,FUT,202609,,,1\n",
        {"ES": 2 * 30 + 20 + 2 * 20 + 2 * 50, "ZN": 600},
    ),
}


@pytest.mark.parametrize("sample", BOOKS)
def test_a_position_costs_what_it_costs_by_hand(tmp_path: Path, sample: str, tokeniser: str) -> None:
    book, expected = BOOKS[sample]

    account, found = requirement(tmp_path, SAMPLES / sample, book)

    assert [] == [problem for problem in account["problems"] if problem["reason"] != "assumed_account_type"]
    assert found == pytest.approx(expected, rel=1e-12)
    assert account["complete"] is True


@pytest.mark.parametrize("sample", sorted(path.name for path in SAMPLES.glob("*.spn")))
def test_samples_are_plain_and_have_the_arrays_of_the_comments(sample: str) -> None:
    content = (SAMPLES / sample).read_bytes()
    plain = prepare(content, Reading(sample))

    assert columnar.tokenise(plain) is not None
    assert "".join(f"<a>{loss:.2f}</a>" for loss in FUTURE).encode() in plain or sample == "mcx.spn"
    assert b"Synthetic" in content


def test_elements_of_newer_files_that_may_change_a_number_are_refused_when_held(tmp_path: Path, tokeniser: str) -> None:
    book = "".join(
        f"A,OCC,{code},FUT,202609,,,{side}\n" for code, side in zip("ABCDEF", (1, 1, 1, 1, 1, -1), strict=True)
    )

    account, found = requirement(tmp_path, SAMPLES / "newer-elements.spn", book)

    # Positive flat rates between commodities are charges; -10 is a credit that A and F share.
    assert {"A": 300 - 5, "B": None, "C": None, "D": None, "E": None, "F": 300 - 5} == found
    assert account["complete"] is False
    refused = {
        (p["attributes"]["commodity"], p["attributes"]["element"])
        for p in account["problems"]
        if "element" in p["attributes"]
    }
    assert {
        ("B", "ccDef[B]/factorScenarioSetId"),
        ("C", "ccDef[C]/marginMeth"),
        ("C", "ccDef[C]/hvarSetId"),
        ("D", "interSpreads/hSpread[2]"),
        ("E", "FUT E/interCurScan"),
    } == refused
    (unknown,) = [p for p in account["problems"] if "does not know" in p["message"] or "do not know" in p["message"]]
    assert {"factorCurveSetId": 1, "factorScenarioSetId": 2, "interCurScan": 1, "reportingTag": 1} == unknown[
        "attributes"
    ]["found"]


@pytest.mark.parametrize(
    ("where", "elements"),
    [
        ("organisation", el("interCurScan", 1)),
        ("organisation", el("interSpreads", el("hSpread", el("spread", 1)))),
        ("exchange", el("factorCurveSetId", el("id", 4))),
        ("contract", el("factorCurveSetId", 4)),
        ("spread", el("interCurScan", "Y")),
        ("commodity", el("factorScenarioSetId", el("id", 4))),
    ],
)
def test_newer_elements_are_kept_wherever_they_stand(read_spn: Read, where: str, elements: str) -> None:
    anchors = {
        "organisation": ("<ccDef>", elements + "<ccDef>"),
        "exchange": ("<phyPf>", elements + "<phyPf>"),
        "contract": ("<fut>", "<fut>" + elements),
        "commodity": ("</ccDef>", elements + "</ccDef>"),
        "spread": (
            "</ccDef>",
            "</ccDef>" + el("interSpreads", el("dSpread", fields(spread=1, chargeMeth="F"), elements, _legs())),
        ),
    }
    old, new = anchors[where]

    parameters = read_spn(document().replace(old, new, 1))

    kept = [*parameters.commodities[0].unsupported, *parameters.clearing_orgs[0].unsupported]
    assert 1 == len(kept)
    assert (where in ("organisation", "exchange")) is bool(parameters.clearing_orgs[0].unsupported)


def _legs() -> str:
    return "".join(el("tLeg", fields(cc="NIFTY", tn=0, rs=side, i=1)) for side in "AB")


def test_unknown_elements_are_one_warning_with_their_numbers(read_spn: Read) -> None:
    text = document().replace("<a>8.72</a>", "<b>x</b><a>8.72</a>").replace("<cc>", el("z", el("zz", 1)) + "<cc>")

    (warning,) = read_spn(text).problems

    assert (Severity.WARNING, Reason.UNKNOWN_NAME) == (warning.severity, warning.reason)
    assert {"b": text.count("<b>"), "z": text.count("<z>")} == warning.attributes["found"]
    assert f"b ({text.count('<b>')}), z ({text.count('<z>')})" in warning.message


def test_many_unknown_names_are_cut(read_spn: Read) -> None:
    (warning,) = read_spn(document().replace("<phy>", "".join(el(f"n{i}") for i in range(30)) + "<phy>")).problems

    assert warning.message.endswith("and 10 more names")


# --- bytes and characters ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        TEXT.replace("\n<phy>", "\0\0\n\0<phy>").encode(),
        TEXT.replace("</phy>\n", "</phy>\r\n\0 ").encode(),
        b"\0\0" + TEXT.encode(),
        TEXT.replace("<setlMeth>CASH</setlMeth>", "<setlMeth/>\0<setlMeth2/>").replace("<setlMeth2/>", "").encode(),
    ],
)
def test_nul_bytes_between_elements_are_skipped_with_a_warning(read_spn: Read, content: bytes) -> None:
    parameters = read_spn(content)

    (warning,) = parameters.problems
    assert "NUL" in warning.message
    assert content.count(b"\0") == warning.attributes["found"]
    assert 7 == parameters.contracts.height


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<a>8.72</a>", "<a>8.\x0072</a>"),
        ("<a>8.72</a>", "<a>\x008.72</a>"),
        ("<a>8.72</a>", "<a>8.72 \0</a>"),
        ("<a>8.72</a>", "<a>\0\0</a>"),
        ("<priceDl>2</priceDl>", "<priceDl>\0</priceDl>"),
        ("<phy>", "<p\0hy>"),
        ("NSE Clearing", "NSE\0Clearing"),
        ("<phy>", "x\0<phy>"),
    ],
)
def test_nul_bytes_elsewhere_are_refused(refuse_spn: Refuse, old: str, new: str) -> None:
    problem = refuse_spn(TEXT.replace(old, new, 1)).problems[0]

    assert Reason.SYNTAX == problem.reason
    assert "NUL byte stands inside a value or a tag" in problem.message
    assert TEXT[: TEXT.index(old)].count("\n") + 1 == problem.line


def test_all_nul_bytes_in_values_are_counted(refuse_spn: Refuse) -> None:
    assert TEXT.count("<a>") == refuse_spn(TEXT.replace("<a>", "<a>\0")).total


@pytest.mark.parametrize("mark", [True, False])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("declaration", ["", '<?xml version="1.0" encoding="utf-16"?>\n'])
def test_utf_16_is_told_by_its_bytes(read_spn: Read, encoding: str, declaration: str, mark: bool) -> None:
    text = declaration + document().replace("NSE Clearing", "Giełda")
    content = ("\ufeff" * mark + text).encode(encoding)

    assert "Giełda" == read_spn(content).clearing_orgs[0].name
    assert "spanFile" == root_name(content)
    assert looks_like_xml(content)


@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "windows-1252", "ISO-8859-15", "us-ascii"])
def test_declared_encodings(read_spn: Read, encoding: str) -> None:
    name = "Clearing" if "ascii" in encoding else "Börse"
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n' + document().replace("NSE Clearing", name)

    assert name == read_spn(text.encode(encoding)).clearing_orgs[0].name


def test_a_declaration_of_utf_16_over_plain_bytes_is_a_warning(read_spn: Read) -> None:
    text = '<?xml version="1.0" encoding="utf-16"?>\n' + document().replace("NSE Clearing", "Börse")

    parameters = read_spn(text.encode())

    assert "Börse" == parameters.clearing_orgs[0].name
    assert "declares the encoding utf-16" in parameters.problems[0].message


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "expected"),
    [(("1", "true", "TRUE", "True", "Y", "y", " 1 "), True), (("0", "false", "FALSE", "False", "N", "n"), False)],
)
def test_spellings_of_booleans(read_spn: Read, words: tuple[str, ...], expected: bool) -> None:
    for word in words:
        text = document().replace("<isSetl>0<", f"<isSetl>{word}<").replace("<isNetMargin>1<", f"<isNetMargin>{word}<")
        (org,) = read_spn(text).clearing_orgs
        assert (expected, expected) == (org.is_settlement, org.is_net_margin), word


@pytest.mark.parametrize("word", ["yes", "2", "-1", "T", "on"])
def test_other_words_are_no_booleans(refuse_spn: Refuse, word: str) -> None:
    assert "expected 0 or 1" in refuse_spn(document().replace("<isSetl>0<", f"<isSetl>{word}<")).problems[0].message


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("202606", "2026-06"),
        ("20260600", "202606"),
        ("20260630", "2026-06-30"),
        ("202606W1", "202606W1"),
        ("20260630A", "20260630A"),
        (" 20260630\t", "20260630"),
    ],
)
def test_periods_of_six_to_nine_characters_are_found(tmp_path: Path, written: str, asked: str) -> None:
    sample = tmp_path / "p.spn"
    sample.write_text(document().replace("20260630", written))

    account, found = requirement(tmp_path, sample, f"A,NSE,NIFTY,FUT,{asked},,,1\n")

    assert 0 == account["set_aside"]
    assert 2244.36 == found["NIFTY"]


def test_the_order_of_elements_is_free(tmp_path: Path) -> None:
    """What stands before what means nothing but for array values and lists of the same element."""
    book = "A,NSE,NIFTY,FUT,2026-06-30,,,2\nA,NSE,NIFTY,OOP,2026-06-30,C,24000,-3\nA,NSE,NIFTY,FUT,2026-07-28,,,-1\n"
    families = PHYSICALS + FUTURES + OPTIONS
    text = document(
        point_in_time(clearing_org(families, cc_def(links=link(1, "PHY") + link(2, "FUT") + link(3, "OOP"))))
    )
    (tmp_path / "p.spn").write_text(text)
    expected = requirement(tmp_path, tmp_path / "p.spn", book)

    for seed in range(5):
        (tmp_path / "p.spn").write_text(_shuffled(text, random.Random(seed)))
        assert expected == requirement(tmp_path, tmp_path / "p.spn", book)


def _shuffled(text: str, rng: random.Random) -> str:
    """The document with the elements inside each element in another order, elements of one name in the same."""
    pieces = re.findall(r"<[^>]+>|[^<]+", text)

    def element(at: int) -> tuple[str, str, int]:
        name = pieces[at].strip("<>")
        if pieces[at + 1] == f"</{name}>":
            return name, "".join(pieces[at : at + 2]), at + 2
        if not pieces[at + 1].startswith("<"):
            return name, "".join(pieces[at : at + 3]), at + 3
        at, inside = at + 1, []
        while not pieces[at].startswith("</"):
            child, whole, at = element(at)
            inside.append((child, whole))
        places = [child for child, _ in inside]
        rng.shuffle(places)
        queues = {child: iter([whole for other, whole in inside if other == child]) for child in places}
        return name, el(name, *(next(queues[child]) for child in places)), at + 1

    return element(0)[1]


# --- what is not a SPAN file ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'\xef\xbb\xbf<?xml version="1.0"?><posFile/>', "a SPAN position file; give it as positions"),
        ("<posFile><a/></posFile>".encode("utf-16"), "a SPAN position file; give it as positions"),
        (b"<FIXML><Batch/></FIXML>", "an XML document with root element <FIXML>"),
        (b"<s:spanFile xmlns:s='x'/>", "an XML document with root element <s:spanFile>"),
        (b"<spanFile", "not well-formed"),
        (b"<>", "not well-formed"),
    ],
)
def test_other_xml_is_refused_by_name(refuse_spn: Refuse, content: bytes, said: str) -> None:
    (problem,) = refuse_spn(content).problems

    assert said in problem.message


def test_attributes_and_a_default_namespace_are_tolerated(read_spn: Read) -> None:
    text = document().replace("<spanFile>", '<spanFile xmlns="urn:x" xmlns:xsi="urn:y" xsi:schemaLocation="a b">')

    parameters = read_spn(text)

    assert () == parameters.problems
    assert 7 == parameters.contracts.height
