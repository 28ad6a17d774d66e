"""Every reader meets damaged files: it takes them with sound numbers, or refuses them in words, and never breaks.

`MARGIN_FUZZ_EXAMPLES` damaged files of each reader: 50 in the test suite and 1,000 in ``.ci/run``, the same every
time; ``make fuzz`` takes 20,000, other ones each time.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from margin.model.parameters import ParameterSet
from margin.model.problem import InputRefused
from margin.read.kind import kind_of
from tests.fuzz.hanging import not_hanging
from tests.fuzz.mutations import edited_bytes, edited_texts
from tests.fuzz.readers import CRASHERS, NEVER_READ, SEEDS, WRITTEN, Reader, reader_of, readers
from tests.fuzz.soundness import assert_refused_well, assert_sound, calculated
from tests.fuzz.tables import edited_tables

EXAMPLES = int(os.environ.get("MARGIN_FUZZ_EXAMPLES", "50"))
IS_REPEATABLE = EXAMPLES <= 1_000
CALCULATED = 16 if IS_REPEATABLE else 1
"""One in so many of the parameters that are accepted is calculated with."""
TOLD = 4
"""Of one in so many files it is asked what they are."""

READERS = readers()
FUZZED = settings(
    max_examples=EXAMPLES,
    derandomize=IS_REPEATABLE,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def damaged(reader: Reader) -> st.SearchStrategy[tuple[str, bytes]]:
    """Names and contents of damaged files of a reader."""
    kinds = []
    for name, content in reader.seeds.items():
        suffix = Path(name).suffix
        try:
            content.decode("utf-8")
            edited = edited_texts(content)
        except UnicodeDecodeError:
            edited = edited_bytes(content)
            if suffix == ".parquet":
                edited = st.one_of(edited, edited_tables(content))
        kinds.append(st.tuples(st.just(f"fuzzed{suffix}"), edited))
    return st.one_of(kinds)


def examine(reader: Reader, path: Path, one_in: int = CALCULATED) -> None:
    """Read a file, and calculate with a sample of what is accepted."""
    sample = zlib.crc32(path.read_bytes())
    with not_hanging():
        if sample % min(TOLD, one_in) == 0:
            _tell(path)
        try:
            read = reader.read(path)
        except InputRefused as refused:
            assert_refused_well(refused, path)
            return
        assert_sound(read)
        if isinstance(read, ParameterSet) and sample % one_in == 0:
            with suppress(InputRefused):
                calculated(read, path.parent)


def _tell(path: Path) -> None:
    try:
        kind_of(path)
    except InputRefused as refused:
        assert_refused_well(refused, path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_seeds_are_sound_files_of_their_format(reader: Reader, folder: Path) -> None:
    assert reader.seeds, f"tests/fuzz/seeds/{reader.name} has no file: add a small one that uses all the format has"
    for name, content in reader.seeds.items():
        seed = folder / name
        seed.write_bytes(content)
        if reader.kind not in {"market", "history", "rule"}:  # which are never told apart: they are asked for
            found = kind_of(seed)
            assert (reader.kind, reader.format) == (found.kind, found.format)
        if reader.format in NEVER_READ:
            with pytest.raises(InputRefused):
                reader.read(seed)
            continue
        read = reader.read(seed)
        assert_sound(read)
        if isinstance(read, ParameterSet):
            assert '"requirement"' in calculated(read, folder)


def test_no_seed_is_without_a_reader() -> None:
    known = {reader.name for reader in READERS if reader.format not in WRITTEN}
    assert known == {path.parent.relative_to(SEEDS).as_posix() for path in SEEDS.glob("*/*/*") if path.is_file()}


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_damaged_files_are_read_soundly_or_refused_in_words(reader: Reader, folder: Path) -> None:
    @FUZZED
    @given(damaged(reader))
    def check(file: tuple[str, bytes]) -> None:
        name, content = file
        path = folder / name
        path.write_bytes(content)
        examine(reader, path)

    check()


@pytest.mark.parametrize("path", sorted(CRASHERS.iterdir()), ids=lambda path: path.name)
def test_what_once_broke_a_reader_no_longer_does(path: Path, tmp_path: Path) -> None:
    copied = tmp_path / path.name
    copied.write_bytes(path.read_bytes())
    examine(reader_of(path), copied, one_in=1)
