"""Several parameter files become one set."""

from __future__ import annotations

from pathlib import Path

import pytest

from margin.model.contract import CONTRACT_SCHEMA
from margin.model.problem import InputRefused, Reason
from margin.read.parameters import formats, read_parameters
from tests.read.parameters.spn_documents import (
    DEFINITIONS,
    NIFTY_LOSSES,
    ORG_HEADER,
    PHYSICALS,
    cc_def,
    clearing_org,
    document,
    family,
    future,
    link,
    point_def,
    point_in_time,
    ra,
    und_pf,
)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def other(**options: str) -> str:
    """A clearing organisation with another code and 8 scenarios under rate id 9."""
    array = ra(NIFTY_LOSSES[:8], r=9)
    futures = family("futPf", 2, "GOLD", und_pf(), future(1, "202606", array=array))
    header = ORG_HEADER.replace("NSCCL", "NSECOM")
    org = clearing_org(futures + PHYSICALS, cc_def("GOLD", links=link(2, "FUT")), header, point_def(9, 8) + point_def())
    return document(point_in_time(org), **options)


def test_organisations_stand_side_by_side(tmp_path: Path) -> None:
    first, second = write(tmp_path, "a.spn", document()), write(tmp_path, "b.spn", other())
    alone = read_parameters([second])

    merged = read_parameters([first, second])

    assert [source.clearing_org for source in merged.sources] == ["NSCCL", "NSECOM"]
    assert [commodity.code for commodity in merged.commodities] == ["NIFTY", "GOLD"]
    assert len(merged.products) == 5
    assert len(merged.currencies) == 2
    assert len(merged.account_types) == 2
    assert merged.contracts.schema == CONTRACT_SCHEMA
    assert merged.contracts["product"].to_list() == [0, 1, 1, 2, 2, 2, 2, 3, 4]
    assert merged.contracts["underlying_contract"].to_list() == [None, 0, 0, 0, 0, 0, 0, 8, None]
    assert merged.arrays["9"].points.tolist() == [0] * 7 + [8, 0]
    assert merged.arrays["9"].losses[7:].tolist() == alone.arrays["9"].losses.tolist()
    assert merged.arrays["1"].points.tolist() == [16] * 7 + [0, 16]
    assert merged.arrays["1"].scan_ranges.height == 9


def test_narrow_arrays_are_padded(tmp_path: Path) -> None:
    narrow = other().replace("<r>9</r>", "<r>1</r>").replace(point_def(), "", 1).replace(ra(), ra(NIFTY_LOSSES[:8]))
    paths = [write(tmp_path, "a.spn", document()), write(tmp_path, "b.spn", narrow)]

    arrays = read_parameters(paths).arrays["1"]

    assert arrays.losses.shape == (9, 16)
    assert arrays.points.tolist() == [16] * 7 + [8, 8]
    assert arrays.losses[8].tolist() == [*NIFTY_LOSSES[:8], *[0.0] * 8]


def test_same_organisation_in_two_files_is_refused(tmp_path: Path) -> None:
    paths = [write(tmp_path, "a.spn", document()), write(tmp_path, "b.spn", document(point_in_time(run="2")))]

    with pytest.raises(InputRefused) as caught:
        read_parameters(paths)

    (problem,) = caught.value.problems
    assert problem.reason == Reason.DUPLICATE_KEY
    assert "a.spn" in problem.message
    assert "b.spn" in problem.message
    assert "give only the file that is meant" in problem.message


def test_currencies_must_agree(tmp_path: Path) -> None:
    changed = DEFINITIONS.replace("<decimalPos>0</decimalPos>", "<decimalPos>2</decimalPos>")
    paths = [write(tmp_path, "a.spn", document()), write(tmp_path, "b.spn", other(definitions=changed))]

    with pytest.raises(InputRefused, match="defines currency JPY"):
        read_parameters(paths)


def test_faults_of_all_files_are_reported(tmp_path: Path) -> None:
    paths = [
        write(tmp_path, "a.spn", document().replace("20260625", "x")),
        write(tmp_path, "b.spn", other().replace("20260625", "y")),
        tmp_path / "missing.spn",
        write(tmp_path, "d.txt", "no parameters"),
    ]

    with pytest.raises(InputRefused) as caught:
        read_parameters(paths)

    assert caught.value.total == 4
    assert [Path(problem.file or "").name for problem in caught.value.problems] == [path.name for path in paths]


def test_no_file_at_all() -> None:
    with pytest.raises(InputRefused, match="at least one"):
        read_parameters([])


def test_every_format_keeps_the_protocol() -> None:
    known = formats()

    assert "spn" in known
    for name, module in known.items():
        assert module.__doc__, name
        assert callable(module.recognise), name
        assert callable(module.read), name
