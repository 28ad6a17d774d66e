"""Which point in time of a file is read, and which of several files of one clearing organisation."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest

import margin
from margin.model.parameters import ParameterSet
from margin.model.problem import InputRefused, Problem, Reason, Severity
from margin.model.session import PointInTime, newest, parse_session
from margin.read.parameters import read_parameters
from tests.read.parameters.spn_documents import (
    BANKNIFTY_LOSSES,
    FUTURES,
    OPTIONS,
    ORG_HEADER,
    PHYSICALS,
    cc_def,
    clearing_org,
    document,
    el,
    family,
    future,
    indented,
    link,
    point_in_time,
    ra,
    und_pf,
)
from tests.read.parameters.test_house import FULL

Point = dict[str, object]

EARLY: Point = {"settlement": 1, "setlQualifier": "early"}
FINAL: Point = {"settlement": 1, "setlQualifier": "final"}
MORNING: Point = {"settlement": 0, "setlQualifier": None, "time": "1000", "run": 1}
NOON: Point = {"settlement": 0, "setlQualifier": None, "time": "1200", "run": 2}


def at(price: float, **when: object) -> str:
    """A point in time in which the physical costs `price`."""
    physicals = PHYSICALS.replace("24050.35", str(price))
    return point_in_time(clearing_org(physicals + FUTURES + OPTIONS), **when)  # type: ignore[arg-type]


def write(path: Path, *points: str, created: str = "202606242149") -> Path:
    path.write_text(indented(document(*points).replace("202606242149", created)))
    return path


def price_in(parameters: ParameterSet) -> float:
    return float(parameters.contracts["price"][0])


def refusal(paths: list[Path], session: str | None = None) -> Problem:
    with pytest.raises(InputRefused) as caught:
        read_parameters(paths, session=session)
    (problem,) = caught.value.problems
    return problem


# --- one file ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "session", "expected"),
    [
        ([NOON], None, 1),
        ([NOON], "intraday", 1),
        ([NOON], "1", 1),
        ([MORNING, FINAL, NOON], None, 2),
        ([MORNING, FINAL, NOON], "settlement", 2),
        ([MORNING, FINAL, NOON], "intraday", 3),
        ([NOON, FINAL, MORNING], "intraday", 1),
        ([MORNING, FINAL, NOON], "1", 1),
        ([MORNING, FINAL, NOON], "3", 3),
        ([FINAL, EARLY], "settlement", 1),
        ([EARLY, EARLY | {"setlQualifier": "complete"}], "settlement", 2),
        ([EARLY, FINAL, NOON], "settlement", 2),
        ([NOON, MORNING | {"date": "20260626"}], "intraday", 2),
        ([MORNING | {"time": None}, NOON | {"time": None}], "intraday", 2),
        ([MORNING | {"run": None}, NOON | {"run": None, "time": "12:00:01"}], "intraday", 2),
    ],
)
def test_the_session_that_is_asked_for_is_read(
    tmp_path: Path, points: list[Point], session: str | None, expected: int
) -> None:
    path = write(tmp_path / "a.spn", *(at(number, **point) for number, point in enumerate(points, 1)))

    parameters = read_parameters([path], session=session)

    assert expected == price_in(parameters)
    (source,) = parameters.sources
    assert source.session.split()[0] == ("settlement" if points[expected - 1]["settlement"] else "intraday")
    assert parameters.clearing_orgs[0].is_settlement is bool(points[expected - 1]["settlement"])


@pytest.mark.parametrize(
    ("points", "session", "said"),
    [
        ([MORNING, NOON], None, "1: 20260625 intraday 1000 run 1; 2: 20260625 intraday 1200 run 2"),
        ([EARLY, FINAL], None, "1: 20260625 settlement early; 2: 20260625 settlement final"),
        ([NOON | {"run": 1}, MORNING | {"run": 2}], "intraday", "which intraday is meant cannot be told"),
        ([NOON, NOON], "intraday", "which intraday is meant cannot be told"),
        ([NOON | {"time": "noon", "run": "b"}, MORNING], "intraday", "which intraday is meant cannot be told"),
        ([FINAL, FINAL | {"setlQualifier": None}], "settlement", "which settlement is meant cannot be told"),
        ([FINAL, FINAL | {"date": "20260626"}], "settlement", "which settlement is meant cannot be told"),
    ],
)
def test_what_is_not_clear_is_refused_with_the_numbers_to_choose_by(
    tmp_path: Path, points: list[Point], session: str | None, said: str
) -> None:
    path = write(tmp_path / "a.spn", *(at(1, **point) for point in points))

    problem = refusal([path], session)

    assert Reason.DUPLICATE_KEY == problem.reason
    assert said in problem.message
    assert "--session 1" in problem.message


@pytest.mark.parametrize(
    ("points", "session", "said"),
    [
        ([NOON], "settlement", "the settlement session is asked for, but the file has only 1: 20260625 intraday 1200"),
        ([FINAL], "intraday", "the intraday session is asked for, but the file has only 1: 20260625 settlement final"),
        ([MORNING, NOON], "3", "point in time 3 of the file is asked for, but the file has only 1: "),
    ],
)
def test_a_file_without_the_session_is_refused(tmp_path: Path, points: list[Point], session: str, said: str) -> None:
    problem = refusal([write(tmp_path / "a.spn", *(at(1, **point) for point in points))], session)

    assert Reason.UNKNOWN_NAME == problem.reason
    assert problem.message.startswith(said)


def test_organisations_outside_the_numbered_point_in_time_are_named(tmp_path: Path) -> None:
    other = clearing_org(header=ORG_HEADER.replace("NSCCL", "NSECOM"))
    path = write(tmp_path / "a.spn", point_in_time(clearing_org(), other), at(2, **NOON))

    parameters = read_parameters([path], session="2")

    assert ["NSCCL"] == [org.code for org in parameters.clearing_orgs]
    (problem,) = parameters.problems
    assert "NSECOM is not in point in time 2" in problem.message
    assert ["NSCCL", "NSECOM"] == [org.code for org in read_parameters([path], session="1").clearing_orgs]


def test_a_numbered_point_in_time_without_an_organisation_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.spn", at(1, **FINAL), el("pointInTime", el("date", "20260625"), el("isSetl", 1)))

    assert 1 == price_in(read_parameters([path]))
    assert "point in time 2, which is asked for, has no clearingOrg" in refusal([path], "2").message


def test_an_organisation_twice_in_one_point_in_time_is_refused(tmp_path: Path) -> None:
    problem = refusal([write(tmp_path / "a.spn", point_in_time(clearing_org(), clearing_org()))])

    assert "clearingOrg NSCCL is given more than once" in problem.message


def test_the_newest_of_several_settlements_is_said(tmp_path: Path) -> None:
    (problem,) = read_parameters(
        [write(tmp_path / "a.spn", at(1, **EARLY), at(2, **FINAL))], session="settlement"
    ).problems

    assert Severity.WARNING == problem.severity
    assert "the newest settlement is used: 2" in problem.message


def test_a_house_configuration_has_one_settlement(tmp_path: Path) -> None:
    path = tmp_path / "house.yaml"
    path.write_text(FULL)

    for session in (None, "settlement", "1"):
        assert 1 == len(read_parameters([path], session=session).clearing_orgs)
    for session in ("intraday", "2"):
        assert "is asked for" in refusal([path], session).message


@pytest.mark.parametrize("word", ["", "0", "-1", "final", "Settlement", "1.0", "٣", " 1", "1234567"])
def test_other_words_are_no_session(word: str) -> None:
    with pytest.raises(ValueError, match="expected settlement, intraday or a number from 1"):
        parse_session(word)


def test_a_word_that_is_no_session_is_an_error_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not a session"):
        margin.read_parameters(write(tmp_path / "a.spn"), session="noon")


# --- which is newer ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("older", "newer", "why"),
    [
        ({"run": "2"}, {"run": "10"}, "run 10 after 2"),
        ({"time": "0930"}, {"time": "09:30:01"}, "time 09:30:01 after 0930"),
        ({"qualifier": "Early"}, {"qualifier": "complete"}, "complete after Early"),
        ({"qualifier": "early"}, {"qualifier": "final"}, "final after early"),
        ({"created": "202606251800"}, {"created": "2026-06-25T18:00:01"}, "created 2026-06-25T18:00:01 after "),
        ({"run": "1", "created": "202606251800"}, {"run": "1", "created": "202606251900"}, "created "),
        ({"time": "0930", "run": "1"}, {"time": "1030", "run": "2"}, "time 1030 after 0930, run 2 after 1"),
        ({"time": "0930", "run": "x"}, {"time": "1030", "run": "y"}, "time 1030 after 0930"),
    ],
)
def test_marks_order_revisions(older: dict[str, str], newer: dict[str, str], why: str) -> None:
    one, other = PointInTime("20260625", True, **older), PointInTime("20260625", True, **newer)  # type: ignore[arg-type]

    assert (other.newer_by(one) or "").startswith(why)
    assert one.newer_by(other) is None
    assert other is newest([one, other])
    assert other is newest([other, one])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"run": "1"}, {}),
        ({"qualifier": "complete"}, {"qualifier": "final"}),
        ({"run": "1", "time": "1000"}, {"run": "2", "time": "0900"}),
        ({"qualifier": "final", "created": "202606251800"}, {"qualifier": "early", "created": "202606251900"}),
        ({"qualifier": "preliminary"}, {"qualifier": "final"}),
        ({"time": "9:30"}, {"time": "10:30"}),
    ],
)
def test_marks_that_are_missing_or_disagree_order_nothing(one: dict[str, str], other: dict[str, str]) -> None:
    points = [PointInTime("20260625", True, **marks) for marks in (one, other)]  # type: ignore[arg-type]

    assert newest(points) is None
    assert points[0].newer_by(points[1]) is None
    assert points[1].newer_by(points[0]) is None


# --- several files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ([EARLY, FINAL], "final after early"),
        ([MORNING, NOON], "time 1200 after 1000, run 2 after 1"),
        ([FINAL, FINAL], "created 202606251802 after 202606251801"),
    ],
)
def test_a_newer_revision_takes_the_place_of_an_older_one(tmp_path: Path, points: list[Point], why: str) -> None:
    paths = [
        write(tmp_path / f"{number}.spn", at(number, **point), created=f"20260625180{number}")
        for number, point in enumerate(points, 1)
    ]

    for given in permutations(paths):
        parameters = read_parameters(given)

        assert 2 == price_in(parameters)
        assert [str(paths[1])] == [source.path for source in parameters.sources]
        (problem,) = parameters.problems
        assert (Severity.WARNING, str(paths[0])) == (problem.severity, problem.file)
        assert why in problem.message
        assert str(paths[1]) in problem.message


def test_the_newest_of_three_is_used(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{n}.spn", at(n, settlement=0, setlQualifier=None, run=n)) for n in (2, 3, 1)]

    parameters = read_parameters(paths)

    assert 3 == price_in(parameters)
    assert 2 == len(parameters.problems)


def test_the_same_file_twice_is_used_once(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a.spn"), write(tmp_path / "b.spn")

    merged, alone = read_parameters([one, other]), read_parameters([one])

    assert alone.sources == merged.sources
    assert alone.contracts.equals(merged.contracts)
    (problem,) = merged.problems
    assert f"same content as {one}" in problem.message
    assert str(other) == problem.file


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ([FINAL, FINAL | {"date": "20260626"}], "of different business dates"),
        ([FINAL, NOON], "--session settlement or --session intraday"),
        ([MORNING | {"run": 2}, NOON | {"run": 1}], "do not say which is the newer revision"),
    ],
)
def test_files_that_are_no_revisions_of_each_other_are_refused(tmp_path: Path, points: list[Point], said: str) -> None:
    paths = [write(tmp_path / f"{number}.spn", at(number, **point)) for number, point in enumerate(points)]

    problem = refusal(paths)

    assert Reason.DUPLICATE_KEY == problem.reason
    assert said in problem.message
    assert all(str(path) in problem.message for path in paths)


def test_equal_marks_with_other_content_are_refused(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{number}.spn", at(number, **FINAL)) for number in (1, 2)]

    assert "do not say which is the newer revision" in refusal(paths).message


def test_a_session_selects_among_files(tmp_path: Path) -> None:
    settlement, intraday = (
        write(tmp_path / "s.spn", at(1, **FINAL)),
        write(tmp_path / "i.spn", at(2, **NOON)),
    )

    for paths in ([settlement, intraday], [intraday, settlement]):
        for session, expected in (("settlement", 1), ("intraday", 2)):
            parameters = read_parameters(paths, session=session)
            assert expected == price_in(parameters)
            (problem,) = parameters.problems
            assert (Severity.WARNING, Reason.UNKNOWN_NAME) == (problem.severity, problem.reason)
            assert str(paths[0] if str(paths[0]) != parameters.sources[0].path else paths[1]) == problem.file
    assert "point in time 2" in refusal([settlement], "2").message


def test_a_part_of_the_day_s_parameters_is_no_revision(tmp_path: Path) -> None:
    """Two files of one organisation with other commodities are parts, whatever their marks say."""
    gold = family("futPf", 9, "GOLD", und_pf(), future(1, "202606"))
    part = point_in_time(clearing_org(PHYSICALS + gold, cc_def("GOLD", link(9, "FUT", "GOLD"), " ")), **FINAL)  # type: ignore[arg-type]
    paths = [write(tmp_path / "a.spn", at(1, **EARLY)), write(tmp_path / "b.spn", part)]

    message = refusal(paths).message

    assert "lacks 1 combined commodities of the older (NIFTY), so it is another part and not a revision" in message


def organisation(code: str, price: float, losses: tuple[float, ...] = BANKNIFTY_LOSSES) -> str:
    """A clearing organisation with a future and what it is on, on an exchange of its own."""
    futures = family("futPf", 2, f"F{code}", und_pf(), future(1, "20260630", array=ra(losses)))
    commodity = cc_def(f"C{code}", link(2, "FUT", f"F{code}"), " ")
    org = clearing_org(PHYSICALS.replace("24050.35", str(price)) + futures, commodity, ORG_HEADER)
    return org.replace("<ec>NSCCL</ec>", f"<ec>{code}</ec>").replace("<exch>NSE</exch>", f"<exch>X{code}</exch>")


def test_one_organisation_of_a_file_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    tripled = tuple(round(3 * loss, 2) for loss in BANKNIFTY_LOSSES)
    early = point_in_time(*(organisation(code, 1) for code in ("AA", "BB", "CC")), **EARLY)  # type: ignore[arg-type]
    final = point_in_time(organisation("BB", 2, tripled), **FINAL)  # type: ignore[arg-type]
    paths = [write(tmp_path / "a.spn", early), write(tmp_path / "b.spn", final)]
    book = tmp_path / "book.csv"
    book.write_text(
        "account,exchange,product,type,expiry,quantity\n"
        + "".join(f"ACC,X{code},F{code},FUT,2026-06-30,2\n" for code in ("AA", "BB", "CC"))
    )

    documents = []
    for given in permutations(paths):
        parameters = margin.read_parameters(given)
        documents.append(margin.calculate(parameters, margin.read_positions(book), rounding="none").to_dict())
        assert [1, 24051.8, 1, 24051.8, 2, 24051.8] == parameters.contracts["price"].to_list()
        assert ["AA", "CC", "BB"] == [org.code for org in parameters.clearing_orgs]
        assert [None, 0, None, 2, None, 4] == parameters.contracts["underlying_contract"].to_list()
        assert [str(paths[0]), str(paths[0]), str(paths[1])] == [source.path for source in parameters.sources]

    (account,) = documents[0]["accounts"]
    scans = {row["commodity"]: row["scan_risk"] for row in account["commodities"] if row["kind"] == "maintenance"}
    worst = 2 * max(BANKNIFTY_LOSSES)
    assert {"CAA": worst, "CBB": 2 * max(tripled), "CCC": worst} == scans
    assert 1 == len({json.dumps([one["accounts"], one["totals"]]) for one in documents})


def test_a_business_function_does_not_outlive_what_it_links(tmp_path: Path) -> None:
    function = el(
        "businessFunction",
        el("ec", "XM1"),
        el("busFuncType", "XM"),
        el("busFuncCoLink", el("ec", "NSCCL")),
    )
    paths = [
        write(tmp_path / "a.spn", point_in_time(extra=function, **EARLY)),  # type: ignore[arg-type]
        write(tmp_path / "b.spn", at(2, **FINAL)),
    ]

    parameters = read_parameters(paths[:1])

    assert ["NSCCL", "XM1"] == [org.code for org in parameters.clearing_orgs]
    assert "business function XM1 over products of NSCCL" in refusal(paths).message


@pytest.mark.parametrize("count", [2, 3])
def test_the_order_of_files_changes_no_figure(
    tmp_path: Path, count: int, accounts_and_totals: Callable[[list[Path], Path], str]
) -> None:
    codes = ["NSCCL", "ICCL", "MCXCCL"][:count]
    paths = [write(tmp_path / f"{code}.spn", point_in_time(organisation(code, 1), **FINAL)) for code in codes]  # type: ignore[arg-type]
    book = tmp_path / "book.csv"
    book.write_text(
        "account,exchange,product,type,expiry,quantity\n"
        + "".join(f"ACC{i},X{code},F{code},FUT,2026-06-30,{i - 1.5}\n" for i in range(3) for code in codes)
    )

    assert 1 == len({accounts_and_totals(list(given), book) for given in permutations(paths)})


@pytest.fixture
def accounts_and_totals() -> Callable[[list[Path], Path], str]:
    """The comparable part of a calculation as text."""

    def text(paths: list[Path], book: Path) -> str:
        run = margin.calculate(margin.read_parameters(paths), margin.read_positions(book)).to_dict()
        return json.dumps([run["accounts"], run["totals"]])

    return text
