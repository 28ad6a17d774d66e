import pytest

from cli.settings import Setting, read_settings
from margin.model.problem import InputRefused

KNOWN = (
    Setting("positions", "calculate", "positions", is_repeatable=True, is_switch=False),
    Setting("quantity-unit", "calculate", "quantity_unit", is_repeatable=False, is_switch=False),
    Setting("threads", "calculate", "threads", is_repeatable=False, is_switch=False),
    Setting("account-type", "calculate", "account_type", is_repeatable=False, is_switch=False),
    Setting("strict", "calculate", "strict", is_repeatable=False, is_switch=True),
    Setting("strict", "check", "strict", is_repeatable=False, is_switch=True),
)


def settings(folder, text):
    (folder / "margin.yaml").write_text(text)
    return read_settings(folder, KNOWN)


def test_without_a_file_nothing_is_set(tmp_path):
    assert {} == read_settings(tmp_path, KNOWN)


def test_options_are_set_for_every_command_that_has_them(tmp_path):
    text = "positions: [a.csv, b.csv]\nquantity-unit: lots\nthreads: 4\naccount-type: NO\nstrict: true\n"

    assert {
        "calculate": {
            "positions": ["a.csv", "b.csv"],
            "quantity_unit": "lots",
            "threads": "4",
            "account_type": "NO",
            "strict": True,
        },
        "check": {"strict": True},
    } == settings(tmp_path, text)


def test_one_value_stands_for_a_list_of_one(tmp_path):
    assert {"calculate": {"positions": ["a.csv"]}} == settings(tmp_path, "positions: a.csv\n")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("quantity_unit: lots\n", 1, "did you mean 'quantity-unit'"),
        ("threads: 4\ntreads: 4\n", 2, "did you mean 'threads'"),
        ("colour: 1\n", 1, "known are"),
        ("threads: [1, 2]\n", 1, "expected one value"),
        ("positions: {a: b}\n", 1, "a list of values"),
        ("positions: []\n", 1, "a list of values"),
        ("strict: 1\n", 1, "true or false"),
        ("threads:\n", 1, "expected one value"),
        ("threads: 1\nthreads: 2\n", 2, "threads"),
        ("- threads\n", 1, "mapping"),
    ],
)
def test_what_the_file_may_not_say_is_refused_with_its_line(tmp_path, text, line, words):
    with pytest.raises(InputRefused) as refused:
        settings(tmp_path, text)

    assert ("margin.yaml", line) == (refused.value.problems[0].file, refused.value.problems[0].line)
    assert words in refused.value.problems[0].message


def test_all_faults_are_reported(tmp_path):
    with pytest.raises(InputRefused) as refused:
        settings(tmp_path, "treads: 4\nstrict: 1\nthreads: []\n")

    assert [1, 2, 3] == [problem.line for problem in refused.value.problems]
