"""Every fault of a SPAN XML file has its own message, with its line, and all of them are reported."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from margin.model.problem import InputRefused, Problem, Reason
from margin.read.parameters._spn import arrays
from tests.read.parameters.spn_documents import (
    DEFINITIONS,
    FUTURES,
    NIFTY_LOSSES,
    PHYSICALS,
    cc_def,
    clearing_org,
    d_spread,
    document,
    el,
    family,
    fields,
    future,
    indented,
    leg,
    link,
    option,
    point_def,
    point_in_time,
    ra,
    scan_rate,
    series,
    und_pf,
)

Refuse = Callable[[str | bytes], InputRefused]

TEXT = indented(document())


def only(refused: InputRefused) -> Problem:
    assert refused.total == 1, [str(problem) for problem in refused.problems]
    return refused.problems[0]


def line_with(text: str, part: str) -> int:
    return next(i for i, line in enumerate(text.split("\n"), 1) if part in line)


def replaced(old: str, new: str, count: int = 1, text: str = TEXT) -> str:
    assert old in text
    return text.replace(old, new, count)


def with_families(*families: str) -> str:
    return indented(document(point_in_time(clearing_org("".join(families), cc_def(links="")))))


# --- the XML itself ---------------------------------------------------------------------------------------------------


def test_truncated_file_says_where_it_ends(refuse_spn: Refuse) -> None:
    cut = TEXT[: TEXT.index("<opt>") + 200]

    problem = only(refuse_spn(cut))

    assert problem.reason == Reason.SYNTAX
    assert "the file ends inside <spanFile><pointInTime><clearingOrg><exchange><oopPf><series><opt>" in problem.message
    assert problem.line == cut.count("\n") + 1


@pytest.mark.parametrize("end", [1, 12, 40, 200, len(TEXT) // 2, len(TEXT) - 3])
def test_truncation_anywhere_is_refused(refuse_spn: Refuse, end: int) -> None:
    assert only(refuse_spn(TEXT[:end])).reason == Reason.SYNTAX


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("</phy>", "</fut>"),
        ("</phy>", ""),
        ("<phy>", "<phy"),
        ("<cId>1</cId>", "<cId>1</cI>"),
        ("<cId>1</cId>", "<cId>1<</cId>"),
        ("<cId>1</cId>", "<cId>&unknown;</cId>"),
        ("<cId>1</cId>", "<cId>\x01</cId>"),
        ("<cId>1</cId>", "<c Id>1</c Id>"),
        ("</spanFile>", "</spanFile><spanFile/>"),
    ],
)
def test_malformed_xml(refuse_spn: Refuse, old: str, new: str) -> None:
    problem = only(refuse_spn(replaced(old, new)))

    assert problem.reason == Reason.SYNTAX
    assert problem.line is not None
    assert problem.line >= line_with(TEXT, old)


def test_stray_text_between_elements(refuse_spn: Refuse) -> None:
    problem = only(refuse_spn(replaced("<phy>", "12.5<phy>")))

    assert problem.reason == Reason.SYNTAX
    assert "text between the elements inside <phyPf>" in problem.message


@pytest.mark.parametrize(
    ("root", "said"),
    [
        ("posFile", "a SPAN position file; give it as positions"),
        ("margin", "root element <margin>"),
        ("html", "root element <html>"),
    ],
)
def test_other_document(refuse_spn: Refuse, root: str, said: str) -> None:
    problem = only(refuse_spn(f'<?xml version="1.0"?>\n<!-- a note -->\n<{root}><a/></{root}>'))

    assert problem.reason == Reason.UNKNOWN_FORMAT
    assert said in problem.message


def test_web_page(refuse_spn: Refuse) -> None:
    problem = only(refuse_spn("<!DOCTYPE html>\n<html><body>404</body></html>"))

    assert "HTML page" in problem.message


BOMB = """<!DOCTYPE spanFile [
<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
]>
"""
EXTERNAL = '<!DOCTYPE spanFile [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n'
PARAMETER = '<!DOCTYPE spanFile [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>\n'


@pytest.mark.parametrize("declaration", [BOMB, EXTERNAL, PARAMETER, '<!DOCTYPE spanFile SYSTEM "http://x/y.dtd">\n'])
def test_document_type_declarations_are_refused(refuse_spn: Refuse, declaration: str) -> None:
    problem = only(refuse_spn(declaration + document().replace("NSE Clearing", "&x;")))

    assert problem.reason == Reason.HOSTILE_CONTENT
    assert problem.line == 1
    assert "<!DOCTYPE spanFile>" in problem.message


def test_deep_nesting_is_refused(refuse_spn: Refuse) -> None:
    deep = "<x>" * 70 + "</x>" * 70

    assert only(refuse_spn(replaced("<phy>", deep + "<phy>"))).reason == Reason.HOSTILE_CONTENT


def test_unlimited_nesting_is_refused_at_once(refuse_spn: Refuse) -> None:
    assert only(refuse_spn("<spanFile>" + "<x>" * 100_000)).reason == Reason.HOSTILE_CONTENT


@pytest.mark.parametrize("encoding", ["unicode_escape", "rot13", "nonsense"])
def test_unknown_declared_encoding(refuse_spn: Refuse, encoding: str) -> None:
    problem = only(refuse_spn(TEXT.replace('version="1.0"', f'version="1.0" encoding="{encoding}"')))

    assert encoding in problem.message


def test_bytes_that_are_not_in_the_declared_encoding(refuse_spn: Refuse) -> None:
    text = replaced("NSE Clearing", "Börse").replace('version="1.0"', 'version="1.0" encoding="UTF-8"')

    problem = only(refuse_spn(text.encode("latin-1")))

    assert "utf-8" in problem.message
    assert problem.line == line_with(text, "Börse")


def test_endless_prolog_is_refused_at_once(refuse_spn: Refuse) -> None:
    assert only(refuse_spn("<??>" * 15_000)).reason == Reason.SYNTAX
    assert only(refuse_spn("<!---->" * 9_000)).reason == Reason.SYNTAX


def test_column_of_a_fault_behind_the_declaration(refuse_spn: Refuse) -> None:
    text = '<?xml version="1.0"?>' + document().replace("<phy>", "\x01<phy>")

    assert only(refuse_spn(text)).column == text.index("\x01") + 1


def test_long_texts_are_cut_in_messages(refuse_spn: Refuse) -> None:
    for old in ("<a>8.72</a>", "<val>425.0</val>"):
        name = old[1 : old.index(">")]
        problem = only(refuse_spn(replaced(old, f"<{name}>{'9' * 5000}x</{name}>")))
        assert len(problem.message) < 300


def test_unknown_format(refuse_spn: Refuse) -> None:
    problem = only(refuse_spn(b"0CME  2026"))

    assert problem.reason == Reason.UNKNOWN_FORMAT
    assert "spn" in problem.message


def test_no_risk_parameters(refuse_spn: Refuse) -> None:
    assert "no pointInTime" in only(refuse_spn(el("spanFile", DEFINITIONS))).message


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["NaN", "INF", "inf", "-Infinity", "1e999", "1_000", "0x1F", "1,5", "1.2.3", "--1"])
@pytest.mark.parametrize(
    ("old", "element"),
    [
        ("<a>8.72</a>", "phyPf[NIFTY]/phy/ra/a"),
        ("<p>24050.35</p>", "phyPf[NIFTY]/phy/p"),
        ("<priceScan>2234.01</priceScan>", "phyPf[NIFTY]/phy/scanRate/priceScan"),
        ("<k>24100.00</k>", "oopPf[NIFTY]/series/opt/k"),
        ("<val>425.0</val>", "ccDef[NIFTY]/dSpread[1]/rate/val"),
        ("<factor>0.010559</factor>", "curConv/factor"),
        ("<weight>0.35</weight>", "clearingOrg NSCCL/pointDef/scanPointDef 15/weight"),
    ],
)
def test_numbers_that_are_not_finite_decimals(refuse_spn: Refuse, value: str, old: str, element: str) -> None:
    name = old[1 : old.index(">")]

    problem = only(refuse_spn(replaced(old, f"<{name}>{value}</{name}>")))

    assert problem.reason == Reason.INVALID_VALUE
    assert problem.line == line_with(TEXT, old)
    assert problem.message.startswith(f"{element}: found '{value}', expected a finite decimal number")


@pytest.mark.parametrize(
    ("old", "name"),
    [
        ("<d>1.0</d>\n</ra>", "d"),
        ("<a>8.72</a>", "a"),
        ("<k>24100.00</k>", "k"),
        ("<o>P</o>", "o"),
        ("<pe>20260728</pe>\n<p>", "pe"),
        ("<r>1</r>\n<a>", "r"),
        ("<cId>4</cId>", "cId"),
        ("<chargeMeth>F</chargeMeth>", "chargeMeth"),
        ("<valueMeth>EQTY</valueMeth>", "valueMeth"),
        ("<isSetl>0</isSetl>", "isSetl"),
        ("<date>20260625</date>", "date"),
    ],
)
def test_mandatory_elements_left_empty(refuse_spn: Refuse, old: str, name: str) -> None:
    leaf, *rest = old.split("\n")
    tag = leaf[1 : leaf.index(">")]
    text = replaced(old, "\n".join([f"<{tag}></{tag}>", *rest]))

    problem = only(refuse_spn(text))

    assert problem.reason == Reason.MISSING_FIELD
    assert f"<{name}> is missing or empty" in problem.message


def test_missing_composite_delta_and_missing_values(refuse_spn: Refuse) -> None:
    bare = family("futPf", 2, "X", und_pf(), future(1, "202606", array=el("ra", el("r", 1))))

    refused = refuse_spn(with_families(PHYSICALS, bare))

    assert ["<d>" in refused.problems[0].message, "<a>" in refused.problems[1].message] == [True, True]
    assert refused.total == 2


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("<o>P</o>", "<o>X</o>", "C (call) or P (put)"),
        ("<pe>20260728</pe>", "<pe>2026/07</pe>", "a period"),
        ("<pe>20260728</pe>", "<pe>20261328</pe>", "a period"),
        ("<pe>20260728</pe>", "<pe>20260732</pe>", "a period"),
        ("<date>20260625</date>", "<date>20260231</date>", "a business date"),
        ("<date>20260625</date>", "<date>yesterday</date>", "a business date"),
        ("<isSetl>0</isSetl>", "<isSetl>maybe</isSetl>", "0 or 1"),
        ("<priceDl>2</priceDl>", "<priceDl>two</priceDl>", "a whole number"),
        ("<rs>A</rs>", "<rs>C</rs>", "A or B"),
        ("<i>1.0</i>\n</pLeg>", "<i>0</i>\n</pLeg>", "a number above zero"),
        ("<factor>0.010559</factor>", "<factor>-1</factor>", "a number above zero"),
        ("<sPe>20260630</sPe>", "<sPe>26-06</sPe>", "a period"),
        ("<denominator>3</denominator>", "<denominator>0</denominator>", "a number other than zero"),
    ],
)
def test_values_outside_their_domain(refuse_spn: Refuse, old: str, new: str, expected: str) -> None:
    problem = only(refuse_spn(replaced(old, new)))

    assert problem.reason == Reason.INVALID_VALUE
    assert expected in problem.message
    assert problem.line is not None
    assert abs(problem.line - TEXT[: TEXT.index(old)].count("\n") - 1) <= 1


def test_bad_period_of_a_series(refuse_spn: Refuse) -> None:
    options = replaced("<pe>20260728</pe>\n<v>", "<pe>soon</pe>\n<v>")

    problem = only(refuse_spn(options))

    assert problem.line == line_with(options, "soon")


def test_value_given_twice(refuse_spn: Refuse) -> None:
    for old in ("<p>24050.35</p>", "<currency>INR</currency>", "<chargeMeth>F</chargeMeth>", "<pe>20260728</pe>"):
        problem = only(refuse_spn(replaced(old, old + "\n" + old)))
        assert problem.reason == Reason.DUPLICATE_KEY
        assert "more than once" in problem.message


# --- arrays -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 15, 17])
def test_array_of_another_length_than_its_grid(refuse_spn: Refuse, length: int) -> None:
    array = ra([*NIFTY_LOSSES, 1.0][:length])
    futures = family("futPf", 2, "X", und_pf(), future(1, "202606"), future(2, "202607", array=array))

    problem = only(refuse_spn(with_families(PHYSICALS, futures)))

    assert problem.reason == Reason.WRONG_LENGTH
    assert f"futPf[X]/fut: the risk array of rate id 1 has {length} values, expected 16" in problem.message
    assert problem.attributes == {"found": length, "expected": 16}


def test_array_of_another_length_than_the_commoditys_own_grid(refuse_spn: Refuse) -> None:
    own = cc_def(links=link(2, "FUT"), tail=point_def(points=8))

    refused = refuse_spn(document(point_in_time(clearing_org(PHYSICALS + FUTURES, own))))

    assert {problem.reason for problem in refused.problems} == {Reason.WRONG_LENGTH}
    assert refused.total == 2


def test_array_without_a_scenario_list_must_have_the_standard_16(refuse_spn: Refuse) -> None:
    futures = family("futPf", 2, "X", und_pf(), future(1, "202606", array=ra([1.0] * 8)))
    org = clearing_org(PHYSICALS + futures, " ", points="")

    assert "8 values, expected 16" in only(refuse_spn(document(point_in_time(org)))).message


def test_two_arrays_of_one_rate_id(refuse_spn: Refuse) -> None:
    futures = family("futPf", 2, "X", und_pf(), future(1, "202606", array=ra() + ra()))

    assert "two risk arrays of rate id 1" in only(refuse_spn(with_families(PHYSICALS, futures))).message


def test_two_scan_ranges_of_one_rate_id(refuse_spn: Refuse) -> None:
    physicals = family("phyPf", 1, "X", el("phy", fields(cId=1), scan_rate(), scan_rate(), ra()))

    assert "two scan ranges of rate id 1" in only(refuse_spn(with_families(physicals))).message


def test_quotation_flag_of_a_scan_range(refuse_spn: Refuse) -> None:
    physicals = family("phyPf", 1, "X", el("phy", fields(cId=1), scan_rate(quoteInOptTerms=2), ra()))

    assert "quoteInOptTerms: found '2', expected 0 or 1" in only(refuse_spn(with_families(physicals))).message


def test_small_file_of_huge_arrays_is_refused(refuse_spn: Refuse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MOST_ARRAY_VALUES", 7 * 16 - 1)

    problem = only(refuse_spn(TEXT))

    assert problem.reason == Reason.HOSTILE_CONTENT
    assert "7 contracts" in problem.message


# --- keys -------------------------------------------------------------------------------------------------------------


def test_duplicate_contract(refuse_spn: Refuse) -> None:
    twice = series("20260630", option(1, "C", "24000.00"), option(2, "C", "24000"))
    options = family("oopPf", 3, "X", fields(cab=0, priceModel="B"), und_pf(), twice)

    problem = only(refuse_spn(with_families(PHYSICALS, options)))

    assert problem.reason == Reason.DUPLICATE_KEY
    assert "OOP product family X: contract 20260630 C 24000.0 is given more than once" in problem.message


def test_duplicate_contract_id(refuse_spn: Refuse) -> None:
    futures = family("futPf", 2, "X", und_pf(), future(1, "202606"), future(1, "202607"))

    assert "contract id 1 is given more than once" in only(refuse_spn(with_families(PHYSICALS, futures))).message


def test_duplicate_period_of_a_future(refuse_spn: Refuse) -> None:
    futures = family("futPf", 2, "X", und_pf(), future(1, "202606"), future(2, "20260600"))

    assert "contract 202606 is given more than once" in only(refuse_spn(with_families(PHYSICALS, futures))).message


def test_duplicate_combined_commodity(refuse_spn: Refuse) -> None:
    text = document(point_in_time(clearing_org(commodities=cc_def() + cc_def(links=""))))

    assert "combined commodity NIFTY is given more than once" in only(refuse_spn(text)).message


def test_duplicate_product_family(refuse_spn: Refuse) -> None:
    problem = refuse_spn(with_families(PHYSICALS, PHYSICALS)).problems[0]

    assert "the PHY product family 1 (NIFTY) is given more than once" in problem.message


def test_family_in_two_combined_commodities(refuse_spn: Refuse) -> None:
    text = document(point_in_time(clearing_org(commodities=cc_def() + cc_def("OTHER", links=link(2, "FUT")))))

    problem = only(refuse_spn(text))

    assert problem.reason == Reason.DUPLICATE_KEY
    assert "belongs to two combined commodities, NIFTY and OTHER" in problem.message


def test_scenario_numbers_must_ascend(refuse_spn: Refuse) -> None:
    text = replaced("<point>16</point>", "<point>3</point>")

    problem = only(refuse_spn(text))

    assert problem.reason == Reason.INVALID_VALUE
    assert "ascending scenario numbers" in problem.message


def test_two_scenario_lists_for_one_rate_id(refuse_spn: Refuse) -> None:
    org = clearing_org(points=point_def() + point_def())

    assert "scenario list of rate id 1" in only(refuse_spn(document(point_in_time(org)))).message


def test_rate_given_twice(refuse_spn: Refuse) -> None:
    rate = el("rate", fields(r=1, val=1))
    text = document().replace(el("rate", fields(r=1, val="425.0")), rate + rate)

    assert "rate id 1" in only(refuse_spn(text)).message


def test_spread_of_one_leg(refuse_spn: Refuse) -> None:
    tail = d_spread(1, leg("20260630", "A"))

    problem = only(refuse_spn(document(point_in_time(clearing_org(commodities=cc_def(tail=tail))))))

    assert "expected two or more legs" in problem.message


def test_points_in_time_that_could_both_be_meant(refuse_spn: Refuse) -> None:
    one, two = point_in_time(time="1100"), point_in_time(time="1230")

    problem = only(refuse_spn(document(one, two)))

    assert problem.reason == Reason.DUPLICATE_KEY
    assert "20260625 intraday early 1100" in problem.message
    assert "20260625 intraday early 1230" in problem.message


# --- all of them ------------------------------------------------------------------------------------------------------


def test_all_faults_of_a_file_are_reported(refuse_spn: Refuse) -> None:
    text = TEXT
    for old, new in (
        ("<date>20260625</date>", "<date>x</date>"),
        ("<k>24100.00</k>", "<k>x</k>"),
        ("<a>8.72</a>", "<a>inf</a>"),
        ("<chargeMeth>F</chargeMeth>", ""),
        ("<priceScan>2234.01</priceScan>", "<priceScan>nan</priceScan>"),
        ("<decimalPos>2</decimalPos>", "<decimalPos>x</decimalPos>"),
    ):
        text = replaced(old, new, text=text)

    refused = refuse_spn(text)

    found = {str(problem.attributes.get("found")) for problem in refused.problems}
    assert {"x", "inf", "nan"} <= found
    assert refused.total >= 6
    assert all(problem.line for problem in refused.problems)
    assert all(problem.file and problem.file.endswith("test.spn") for problem in refused.problems)


def test_many_faults_are_counted_and_the_first_listed(refuse_spn: Refuse) -> None:
    refused = refuse_spn(TEXT.replace("<a>8.72</a>", "<a>x</a>" * 100))

    assert refused.total > len(refused.problems)
    assert "more" in str(refused)
