from __future__ import annotations

import gzip
import io
import re
import zipfile
from pathlib import Path

import polars as pl
import pytest

from margin.model.problem import InputRefused, Reason
from margin.read.kind import HOUSE_FORMAT, FileKind, format_names, kind_of
from tests.read.positions.samples import SAMPLES

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "01-nse-end-of-day"
PARAMETERS = b'<?xml version="1.0"?><!-- of the day --><spanFile><fileFormat>4.00</fileFormat></spanFile>'


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (EXAMPLE / "parameters.spn", FileKind("parameters", "spn")),
        (EXAMPLE / "positions.csv", FileKind("positions", "csv")),
        (EXAMPLE / "positions.pos", FileKind("positions", "posfile")),
        (ROOT / "configs/houses/cme.yaml", FileKind("house", HOUSE_FORMAT)),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_files_of_the_project_are_what_they_are(path: Path, expected: FileKind) -> None:
    assert expected == kind_of(path)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_positions_are_told_by_content_whatever_their_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / "whatever.spn"
    path.write_bytes(SAMPLES[name])

    assert FileKind("positions", name) == kind_of(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_xml_document_is_told_by_its_root(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "file.xml"
    path.write_bytes(PARAMETERS.decode().encode(encoding))

    assert FileKind("parameters", "spn") == kind_of(path)


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("margin-house", FileKind("house", HOUSE_FORMAT)),
        ("'margin-house'", FileKind("house", HOUSE_FORMAT)),
        ("margin-parameters", FileKind("parameters", "house")),
    ],
)
def test_a_yaml_document_says_what_it_is(declared: str, expected: FileKind, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(f"# of the house\nformat: {declared}\nversion: 1\n", "utf-8")

    assert expected == kind_of(path)


def test_compressed_files_are_told_by_what_is_inside(tmp_path: Path) -> None:
    packed, archive = tmp_path / "a.gz", tmp_path / "a.zip"
    packed.write_bytes(gzip.compress(PARAMETERS))
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("book.csv", SAMPLES["csv"])
        target.writestr("licence.pdf", "text")

    assert FileKind("parameters", "spn") == kind_of(packed)
    assert FileKind("positions", "csv") == kind_of(archive)


def test_standard_input_is_left_where_it_was() -> None:
    stream = io.BytesIO(SAMPLES["ndjson"])

    assert FileKind("positions", "ndjson") == kind_of("-", stdin=stream)
    assert SAMPLES["ndjson"] == stream.read()


def test_a_table_of_the_user_s_own_names_is_a_table_if_it_is_called_one(tmp_path: Path) -> None:
    table, text = tmp_path / "a.csv", tmp_path / "a.md"
    for path in (table, text):
        path.write_text("Konto,Menge\n1,2\n", "utf-8")

    assert FileKind("positions", "csv") == kind_of(table)
    with pytest.raises(InputRefused, match="neither risk parameters, positions, market data nor a house policy"):
        kind_of(text)


def test_what_is_no_known_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"\x00\x01\x02\x03")
    with pytest.raises(InputRefused) as caught:
        kind_of(path)

    assert Reason.UNKNOWN_FORMAT == caught.value.problems[0].reason
    assert str(path) == caught.value.problems[0].file


def test_a_missing_file_is_refused_as_one(tmp_path: Path) -> None:
    with pytest.raises(InputRefused, match="no such file"):
        kind_of(tmp_path / "a.csv")


def test_a_named_format_settles_the_question() -> None:
    kinds = {name: kind_of("-", name).kind for name in format_names()}

    assert ("parameters", "positions", "house") == (kinds["spn"], kinds["parquet"], kinds[HOUSE_FORMAT])
    with pytest.raises(InputRefused, match="there is no format 'xls'"):
        kind_of("-", "xls")


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("underlying,expiry,price", "market"),
        ("Underlying;Vol;Strike;Expiry", "market"),
        ("product,type,expiry,bid,ask", "market"),
        ("underlying,expiry,a,b,rho,m,sigma", "market"),
        ("product,type,expiry", "positions"),
        ("account,product,type,expiry,quantity,price", "positions"),
        ("product,type,expiry,price,quantity", "positions"),
        ("acctId,product,type,price", "positions"),
    ],
)
def test_a_table_of_market_data_has_a_price_and_no_account_or_quantity(header: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f"{header}\n", "utf-8")
    packed = tmp_path / "table.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    parquet = tmp_path / "table.parquet"
    pl.DataFrame({name: ["1"] for name in re.split("[,;]", header)}).write_parquet(parquet)

    assert [FileKind(kind, "csv")] * 2 == [kind_of(path), kind_of(packed)]
    assert FileKind(kind, "parquet") == kind_of(parquet)


def test_a_document_that_declares_market_data_is_market_data(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("format: margin-market\nversion: 1\n", "utf-8")

    assert FileKind("market", "yaml") == kind_of(path)
