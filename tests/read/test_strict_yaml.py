"""Strict YAML: what scalars mean, what is refused, and where things stand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.model.problem import Faults, Reason
from margin.read import strict_yaml
from margin.read.strict_yaml import MAX_BYTES, MAX_DEPTH, REFUSED, YamlTree, load_yaml


def load(text: str | bytes) -> tuple[YamlTree | None, Faults]:
    faults = Faults("my.yaml")
    return load_yaml(text.encode() if isinstance(text, str) else text, faults), faults


def sound(text: str) -> YamlTree:
    tree, faults = load(text)

    assert [] == [str(problem) for problem in faults.problems]
    assert tree is not None
    return tree


def faulty(text: str | bytes) -> list[str]:
    _, faults = load(text)

    assert faults
    return [str(problem) for problem in faults.problems]


@pytest.mark.parametrize(
    "scalar",
    [
        *("NO", "no", "No", "yes", "on", "off", "y", "n"),  # booleans of YAML 1.1
        *("12:30", "1:2:3", "190:20:30.15"),  # base 60
        *("012", "-012", "00", "0o14", "0x1F", "0b101", "012.5"),  # other bases, leading zeros
        *("1_000", "1,000", "1_000.5"),
        *("2026-06-30", "2026-06-30T12:00:00Z"),
        *("nan", "NaN", "inf", "Infinity", "tRue", "nULL", "1e", ".", "+", "e5", "1.5.2", "=", "<<"),
    ],
)
def test_scalars_that_other_readers_turn_into_something_else_are_text(scalar: str) -> None:
    assert {"a": scalar} == sound(f"a: {scalar}").value


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        *(("null", None), ("Null", None), ("NULL", None), ("~", None), ("", None)),
        *(("true", True), ("True", True), ("TRUE", True), ("false", False), ("FALSE", False)),
        *(("0", 0), ("12", 12), ("-12", -12), ("12345678901234567890", 12345678901234567890)),
        *(("1.5", 1.5), ("-.5", -0.5), ("5.", 5.0), ("1e5", 1e5), ("1E-5", 1e-5), ("0.0", 0.0), ("0e5", 0.0)),
        *(("'12'", "12"), ('"true"', "true"), ("'~'", "~"), ('""', "")),
    ],
)
def test_core_scalars_have_their_values(scalar: str, value: object) -> None:
    found = sound(f"a: {scalar}").value["a"]

    assert value == found
    assert type(value) is type(found)


@pytest.mark.parametrize(("scalar", "value"), [("+5", 5.0), ("-0", -0.0), ("+0.5", 0.5)])
def test_whole_numbers_that_do_not_print_back_as_written_are_decimals(scalar: str, value: float) -> None:
    found = sound(f"a: {scalar}").value["a"]

    assert isinstance(found, float)
    assert (value, math.copysign(1, value)) == (found, math.copysign(1, found))


@given(st.integers(min_value=-(10**30), max_value=10**30))
@settings(deadline=None, max_examples=50)
def test_whole_numbers_print_back_as_they_were_written(number: int) -> None:
    assert str(number) == str(sound(f"a: {number}").value["a"])


@pytest.mark.parametrize("scalar", [".nan", ".NaN", ".NAN", ".inf", "-.inf", "+.INF", "1e999", "-1e999", "1e-999"])
def test_numbers_that_are_not_finite_are_refused_with_their_place(scalar: str) -> None:
    tree, faults = load(f"a: 1\nb: [2, {scalar}]")

    assert tree is not None
    assert {"a": 1, "b": [2, REFUSED]} == tree.value
    assert [(Reason.INVALID_VALUE, 2, 8)] == [(p.reason, p.line, p.column) for p in faults.problems]


@pytest.mark.parametrize(
    ("text", "start", "words"),
    [
        ("a: 1\nb: 2\na: 3", "my.yaml:3:1:", "first in line 1"),
        ("x:\n  a: 1\n  'a': 2", "my.yaml:3:3:", "first in line 2"),
        ("a: &x 1", "my.yaml:1:4:", "anchor &x"),
        ("a: *x", "my.yaml:1:4:", "alias *x"),
        ("a: !!str 1", "my.yaml:1:4:", "tag"),
        ("a: ! 1", "my.yaml:1:4:", "tag"),
        ("a: !!python/object/apply:os.system [ls]", "my.yaml:1:4:", "tag"),
        ("a: 1\n---\nb: 2", "my.yaml:2:1:", "second document"),
        ("a: 1\n...\nb: 2", "my.yaml:3:1:", "second document"),
        ("%YAML 1.1\n---\na: 1", "my.yaml:1:1:", "1.2"),
        ("%TAG ! tag:x,2000:\n---\na: 1", "my.yaml:1:1:", "%TAG"),
        ("a:\n\tb: 1", "my.yaml:2:1:", "tab"),
        ("a: b: c", "my.yaml:1:5:", "second colon"),
        ("a: @x", "my.yaml:1:4:", "reserved"),
        ("a: [1, 2", "my.yaml:1:9:", "not closed"),
        ("a: 'x", "my.yaml:1:6:", "inside quotes"),
        ("- a\nb: c", "my.yaml:2:1:", "indentation"),
        ("1: x", "my.yaml:1:1:", "field name must be text"),
        ("~: x", "my.yaml:1:1:", "field name must be text"),
        ("true: x", "my.yaml:1:1:", "field name must be text"),
        ("?\n: x", "my.yaml:1:", "field name must be text"),
        ("[a]: x", "my.yaml:1:1:", "list or mapping"),
        ("? {a: b}\n: x", "my.yaml:1:3:", "list or mapping"),
        ('a: "\\ud800"', "my.yaml:1:4:", "half a character"),
        ('a: "\\U00110000"', "my.yaml:1:", "stands for nothing"),
        ("", "my.yaml:1:", "no YAML content"),
        ("# only a comment\n", "my.yaml:1:", "no YAML content"),
        (b"a: 1\nb: \xff", "my.yaml:2:4:", "0xff is not UTF-8"),
        (b"\xef\xbb\xbfa: \xff", "my.yaml:1:4:", "0xff is not UTF-8"),
        ("a: 1\nb: \x00", "my.yaml:2:4:", "U+0000"),
        ("# hidden\u2028a: 1", "my.yaml:1:9:", "U+2028"),
        ("# hidden\u0085a: 1", "my.yaml:1:9:", "U+0085"),
    ],
)
def test_a_fault_is_reported_with_its_place(text: str | bytes, start: str, words: str) -> None:
    messages = faulty(text)

    assert messages[0].startswith(start), messages
    assert words in messages[0]


def test_every_fault_of_a_document_is_reported() -> None:
    text = "a: 1\na: 2\nb: .nan\nc: &x 3\nd: !!int 4\n5: e\nf: *x\n"

    assert [2, 3, 4, 5, 6, 7] == [int(message.split(":")[1]) for message in faulty(text)]


def test_faults_before_a_syntax_error_are_reported_too() -> None:
    assert [2, 3] == [int(message.split(":")[1]) for message in faulty("a: 1\na: 2\nb: c: d")]


def test_the_first_of_two_equal_fields_is_kept_for_further_checks() -> None:
    tree, _ = load("a: {x: 1}\na: {x: 2, y: .nan}")

    assert tree is not None
    assert {"a": {"x": 1}} == tree.value


def test_deep_nesting_is_refused_without_exhausting_the_interpreter() -> None:
    deepest = MAX_DEPTH - 1
    assert "a" in sound("a: " + "[" * deepest + "]" * deepest).value

    for text in ("a: " + "[" * 100_000, "a: " + "{x: " * 50_000, "- " * 5_000):
        messages = faulty(text)
        assert "deep inside one another" in messages[-1]


def test_a_document_beyond_the_size_limit_is_refused_unread() -> None:
    messages = faulty(b"#" * (MAX_BYTES + 1))

    assert "at most 4,194,304" in messages[0]


def test_a_binary_file_lists_a_few_characters_and_counts_the_rest() -> None:
    _, faults = load(b"\x00\x01" * 500)

    assert (10, 1_000) == (len(faults.problems), faults.total)


def test_positions_of_values_and_keys() -> None:
    tree = sound("a: 1\nlegs:\n  - {tier: 1, side: A}\n  - tier: 2\n    side: B\n")

    assert (1, 4) == tree.position_of(("a",))
    assert (1, 1) == tree.key_position_of(("a",))
    assert (3, 12) == tree.position_of(("legs", 0, "tier"))
    assert (3, 15) == tree.key_position_of(("legs", 0, "side"))
    assert (4, 5) == tree.position_of(("legs", 1))
    assert (5, 11) == tree.position_of(("legs", 1, "side"))


def test_the_position_of_what_is_missing_is_that_of_what_lacks_it() -> None:
    tree = sound("legs:\n  - {tier: 1}\n")

    assert (2, 5) == tree.position_of(("legs", 0, "side"))
    assert ("legs", 0) == tree.known_path(("legs", 0, "side"))
    assert 1 == tree.at(("legs", 0, "tier"))


def test_a_byte_order_mark_is_passed_over() -> None:
    tree, faults = load(b"\xef\xbb\xbfa: 1")

    assert not faults
    assert tree is not None
    assert {"a": 1} == tree.value


def test_windows_line_ends_count_once() -> None:
    assert (2, 4) == sound("a: 1\r\nb: 2\r\n").position_of(("b",))


_SNIPPETS = st.sampled_from(
    [
        *("a", ":", ": ", "-", "- ", "\n", "  ", "\t", "[", "]", "{", "}", ",", "'", '"', "#", "&x", "*x", "!", "|"),
        *(
            ">",
            "?",
            "%",
            "@",
            "---\n",
            "...\n",
            "<<",
            "1",
            "012",
            ".inf",
            "~",
            "\\",
            "\\u",
            "é",
            "\u2028",
            "\ufeff",
            "\x00",
        ),
    ]
)


@given(st.lists(_SNIPPETS, max_size=40).map("".join))
@settings(deadline=None, max_examples=400)
def test_any_text_is_a_tree_or_faults_and_never_an_exception(text: str) -> None:
    tree, faults = load(text)

    assert tree is not None or faults
    for problem in faults.problems:
        str(problem).encode()
        assert problem.line is None or 1 <= problem.line <= len(text) + 1


@given(st.binary(max_size=60))
@settings(deadline=None, max_examples=200)
def test_any_bytes_are_a_tree_or_faults_and_never_an_exception(content: bytes) -> None:
    tree, faults = load(content)

    assert tree is not None or faults


@given(st.lists(_SNIPPETS, max_size=40).map("".join))
@settings(deadline=None, max_examples=400)
def test_both_parsers_read_the_same_documents_alike(text: str) -> None:
    tree, faults = load(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strict_yaml, "_FAST_LOADER", None)
        slow, slow_faults = load(text)

    if tree is not None and not faults and slow is not None and not slow_faults:
        assert repr(slow.value) == repr(tree.value)
