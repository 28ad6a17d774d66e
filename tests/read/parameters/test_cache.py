"""The cache of parsed parameter files: it changes no value, survives whatever lies in it, and never gets in the way."""

from __future__ import annotations

import gzip
import json
import logging
import os
import random
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

import margin
from margin.model.parameters import ParameterSet
from margin.model.problem import InputRefused
from margin.read import parameters as reading
from margin.read.parameters._cache import entries, folder, key
from tests.market.generate import ALL_FEATURES, MarketSpec, cme_spec, generate_market, nse_spec, spn_text
from tests.market.position_files import write_csv
from tests.market.positions import generate_positions
from tests.read.parameters.same_parameters import assert_same

REPOSITORY = Path(__file__).parents[3]
POSIX = pytest.mark.skipif(os.name != "posix", reason="owners and modes of files are those of POSIX")

MARKETS = {
    "nse": nse_spec(),
    "cme": cme_spec(underlyings=4),
    "everything": cme_spec(underlyings=6, features=ALL_FEATURES),
}


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are parsed from now on."""
    found: list[str] = []
    parse = reading._parse_file

    def parse_file(path: str | Path, session: str | None) -> ParameterSet:
        found.append(Path(path).name)
        return parse(path, session)

    monkeypatch.setattr(reading, "_parse_file", parse_file)
    return found


@cache
def market_text(spec: MarketSpec) -> bytes:
    return spn_text(generate_market(spec)).encode()


def market_file(path: Path, spec: MarketSpec = MARKETS["nse"]) -> Path:
    path.write_bytes(market_text(spec))
    assert key.LEAST_BYTES < path.stat().st_size
    return path


def stored(cache_folder: Path) -> list[Path]:
    return sorted(cache_folder.glob("*"))


@pytest.mark.parametrize("name", MARKETS)
def test_a_file_is_parsed_once_and_loaded_the_same(
    name: str, tmp_path: Path, cache_folder: Path, parsed: list[str]
) -> None:
    path = market_file(tmp_path / "market.spn", MARKETS[name])
    first, second = margin.read_parameters(path), margin.read_parameters(path)

    assert ["market.spn"] == parsed
    assert 1 == len(stored(cache_folder))
    assert_same(first, second)
    assert_same(margin.read_parameters(path, cache=False), second)


@pytest.mark.parametrize("name", MARKETS)
def test_reports_and_explanations_are_the_same_to_the_byte(name: str, tmp_path: Path, cache_folder: Path) -> None:
    path = market_file(tmp_path / "market.spn", MARKETS[name])
    frame = generate_positions(generate_market(MARKETS[name]), 5, 120, seed=5)
    write_csv(frame, tmp_path / "positions.csv")
    positions = margin.read_positions(tmp_path / "positions.csv")

    def documents(*, cache: bool) -> list[str]:
        run = margin.calculate(margin.read_parameters(path, cache=cache), positions)
        accounts = run.accounts.select("firm", "account", "account_type", "segregation").rows(named=True)
        return [json.dumps(run.to_dict())] + [json.dumps(run.explain(**account)) for account in accounts]

    expected = documents(cache=False)
    assert expected == documents(cache=True)
    assert expected == documents(cache=True)
    assert 1 == len(stored(cache_folder))


def test_warnings_are_those_of_the_file(tmp_path: Path, cache_folder: Path, parsed: list[str]) -> None:
    path = tmp_path / "market.spn"
    path.write_bytes(market_text(MARKETS["nse"]).replace(b"<created>", b"\0<created>"))
    first, second = margin.read_parameters(path), margin.read_parameters(path)

    assert first.problems
    assert first.problems == second.problems
    assert 1 == len(parsed)


def test_the_path_is_that_of_this_run(tmp_path: Path, cache_folder: Path, parsed: list[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.spn").write_bytes(market_text(MARKETS["nse"]).replace(b"<created>", b"\0<created>"))
        found = margin.read_parameters(tmp_path / name / f"{name}.spn")

    assert ["a.spn"] == parsed
    assert {str(tmp_path / "b" / "b.spn")} == {source.path for source in found.sources}
    assert {str(tmp_path / "b" / "b.spn")} == {problem.file for problem in found.problems}


def test_compressed_files_are_kept_by_their_own_bytes(tmp_path: Path, cache_folder: Path, parsed: list[str]) -> None:
    content = b"\n".join(market_text(nse_spec(strikes=61)).splitlines())
    with zipfile.ZipFile(tmp_path / "market.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("market.spn", content)
    (tmp_path / "market.spn.gz").write_bytes(gzip.compress(content))
    for name in ("market.zip", "market.spn.gz"):
        assert key.LEAST_BYTES < (tmp_path / name).stat().st_size
        assert_same(margin.read_parameters(tmp_path / name), margin.read_parameters(tmp_path / name))

    assert ["market.zip", "market.spn.gz"] == parsed


def test_a_name_that_means_another_format_is_not_answered_from_the_cache(tmp_path: Path, cache_folder: Path) -> None:
    path = market_file(tmp_path / "market.spn")
    margin.read_parameters(path)
    path.rename(tmp_path / "market.yaml")

    with pytest.raises(InputRefused):
        margin.read_parameters(tmp_path / "market.yaml")


def test_another_session_is_another_entry(tmp_path: Path, cache_folder: Path, parsed: list[str]) -> None:
    path = market_file(tmp_path / "market.spn")
    for session in (None, "settlement", "1", "settlement"):
        margin.read_parameters(path, session=session)
    assert 3 == len(parsed)
    for _ in range(2):
        with pytest.raises(InputRefused):
            margin.read_parameters(path, session="intraday")
    assert 5 == len(parsed)


def test_other_code_is_another_entry(
    tmp_path: Path, cache_folder: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = market_file(tmp_path / "market.spn")
    margin.read_parameters(path)
    monkeypatch.setattr(key, "code_digest", lambda: "another")
    margin.read_parameters(path)

    assert (2, 2) == (len(parsed), len(stored(cache_folder)))


def test_a_file_of_one_byte_more_is_parsed(tmp_path: Path, cache_folder: Path, parsed: list[str]) -> None:
    path = market_file(tmp_path / "market.spn")
    margin.read_parameters(path)
    before = path.stat()
    content = path.read_bytes()
    path.write_bytes(content.replace(b"<isSetl>1", b"<isSetl>0"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert before.st_size == path.stat().st_size

    assert not margin.read_parameters(path).clearing_orgs[0].is_settlement
    assert 2 == len(parsed)


def test_no_cache_neither_reads_nor_writes(tmp_path: Path, cache_folder: Path, parsed: list[str]) -> None:
    path = market_file(tmp_path / "market.spn")
    margin.read_parameters(path, cache=False)
    assert not cache_folder.exists()
    margin.read_parameters(path)
    margin.read_parameters(path, cache=False)
    assert 3 == len(parsed)


def test_small_files_and_other_formats_are_not_kept(tmp_path: Path, cache_folder: Path) -> None:
    (tmp_path / "small.spn").write_bytes(market_text(nse_spec(underlyings=1, strikes=3)))
    assert (tmp_path / "small.spn").stat().st_size < key.LEAST_BYTES
    margin.read_parameters(tmp_path / "small.spn")
    from margin.write.parameters import arrow

    content = b"".join(arrow.write(margin.read_parameters(market_file(tmp_path / "market.spn"), cache=False)).content)
    (tmp_path / "market.margin").write_bytes(content)
    margin.read_parameters(tmp_path / "market.margin")

    assert not cache_folder.exists()


def test_a_refused_file_is_refused_again(tmp_path: Path, cache_folder: Path) -> None:
    path = market_file(tmp_path / "market.spn")
    path.write_bytes(path.read_bytes()[:-1000])
    for _ in range(2):
        with pytest.raises(InputRefused):
            margin.read_parameters(path)
    assert not cache_folder.exists()


def test_a_file_changed_while_it_is_parsed_is_not_kept(
    tmp_path: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = market_file(tmp_path / "market.spn")
    parse = reading._parse_file

    def parse_changed(path: str | Path, session: str | None) -> ParameterSet:
        with Path(path).open("ab") as stream:
            stream.write(b"\n")
        return parse(path, session)

    monkeypatch.setattr(reading, "_parse_file", parse_changed)
    margin.read_parameters(path)
    assert not cache_folder.exists()


def cut_off(entry: Path) -> None:
    entry.write_bytes(entry.read_bytes()[:-1])


def changed(entry: Path) -> None:
    content = bytearray(entry.read_bytes())
    content[len(content) // 2] ^= 1
    entry.write_bytes(content)


def emptied(entry: Path) -> None:
    entry.write_bytes(b"")


def of_another_version(entry: Path) -> None:
    content = bytearray(entry.read_bytes())
    content[8] += 1
    entry.write_bytes(content)


def a_folder(entry: Path) -> None:
    entry.unlink()
    entry.mkdir()


def a_pipe(entry: Path) -> None:
    entry.unlink()
    os.mkfifo(entry)


def a_link(entry: Path) -> None:
    entry.rename(entry.with_name("elsewhere"))
    entry.symlink_to(entry.with_name("elsewhere"))


@pytest.mark.parametrize(
    "spoil",
    [
        cut_off,
        changed,
        emptied,
        of_another_version,
        a_folder,
        pytest.param(a_pipe, marks=POSIX),
        pytest.param(a_link, marks=POSIX),
    ],
)
def test_a_spoilt_entry_is_parsed_over(
    spoil: Callable[[Path], None],
    tmp_path: Path,
    cache_folder: Path,
    parsed: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = market_file(tmp_path / "market.spn")
    expected = margin.read_parameters(path)
    (entry,) = stored(cache_folder)
    spoil(entry)
    with caplog.at_level(logging.INFO, "margin"):
        actual = margin.read_parameters(path)

    assert 2 == len(parsed)
    assert_same(expected, actual)
    assert f"the cache entry {entry} is not used" in caplog.text
    margin.read_parameters(path)
    assert len(parsed) == (2 if entry.is_file() and not entry.is_symlink() else 3)


def test_an_entry_of_another_file_is_not_used(tmp_path: Path, cache_folder: Path, parsed: list[str]) -> None:
    paths = [market_file(tmp_path / f"{seed}.spn", nse_spec(seed=seed)) for seed in (1, 2)]
    margin.read_parameters(paths[0])
    (first,) = stored(cache_folder)
    margin.read_parameters(paths[1])
    (second,) = set(stored(cache_folder)) - {first}
    second.write_bytes(first.read_bytes())

    assert_same(margin.read_parameters(paths[1], cache=False), margin.read_parameters(paths[1]))


@POSIX
def test_an_entry_of_another_user_is_not_used(
    tmp_path: Path, cache_folder: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = market_file(tmp_path / "market.spn")
    margin.read_parameters(path)
    user = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: user + 1)
    margin.read_parameters(path)

    assert 2 == len(parsed)


@POSIX
def test_the_folder_is_the_user_s_alone(
    tmp_path: Path, cache_folder: Path, parsed: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = market_file(tmp_path / "market.spn")
    margin.read_parameters(path)
    assert 0o700 == stat.S_IMODE(cache_folder.stat().st_mode)

    margin.clear_cache()
    cache_folder.chmod(0o777)
    with caplog.at_level(logging.INFO, "margin"):
        margin.read_parameters(path)
    assert [] == stored(cache_folder)
    assert "others may write to" in caplog.text


def test_a_place_that_cannot_be_written_to_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = market_file(tmp_path / "market.spn")
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("MARGIN_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with caplog.at_level(logging.INFO, "margin"):
        margin.read_parameters(path)

    assert f"{path} is not kept in the cache" in caplog.text
    assert (0, 0) == (margin.cache_info().entries, margin.clear_cache().entries)


def test_a_full_disk_changes_nothing(tmp_path: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = market_file(tmp_path / "market.spn")

    replaced = entries.replaced
    monkeypatch.setattr(entries, "replaced", lambda target: _FullDisk(replaced(target)))
    assert_same(margin.read_parameters(path, cache=False), margin.read_parameters(path))
    assert [] == stored(cache_folder)


class _FullDisk:
    """A file that is opened, and cannot be written to."""

    def __init__(self, opened: object) -> None:
        self.opened = opened

    def __enter__(self) -> _FullDisk:
        self.opened.__enter__()  # type: ignore[attr-defined]
        return self

    def __exit__(self, *error: object) -> object:
        return self.opened.__exit__(*error)  # type: ignore[attr-defined]

    def write(self, content: bytes) -> None:
        raise OSError(28, "No space left on device")


def test_a_user_without_a_home_has_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")

    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    path = market_file(tmp_path / "market.spn")

    assert_same(margin.read_parameters(path, cache=False), margin.read_parameters(path))
    assert (None, 0) == (margin.cache_info().folder, margin.cache_info().entries)


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, "{home}/.cache/margin"),
        ("linux", {"XDG_CACHE_HOME": "{home}/x"}, "{home}/x/margin"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "{home}/.cache/margin"),
        ("linux", {"XDG_CACHE_HOME": "{home}/x", "MARGIN_CACHE_DIR": "{home}/m"}, "{home}/m"),
        ("linux", {"MARGIN_CACHE_DIR": ""}, "{home}/.cache/margin"),
        ("darwin", {}, "{home}/Library/Caches/margin"),
        ("win32", {"LOCALAPPDATA": "{home}/local"}, "{home}/local/margin/Cache"),
        ("win32", {}, "{home}/AppData/Local/margin/Cache"),
    ],
)
def test_the_folder_is_where_the_platform_keeps_caches(
    platform: str, variables: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_CACHE_HOME", "MARGIN_CACHE_DIR", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(home=tmp_path))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", platform)

    assert Path(expected.format(home=tmp_path)) == folder.cache_folder()


def test_what_was_not_used_for_the_longest_time_goes_first(
    tmp_path: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [market_file(tmp_path / f"{seed}.spn", nse_spec(seed=seed)) for seed in (1, 2, 3)]
    margin.read_parameters(paths[0])
    (first,) = stored(cache_folder)
    margin.read_parameters(paths[1])
    (second,) = set(stored(cache_folder)) - {first}
    os.utime(first, (1_000, 1_000))
    os.utime(second, (2_000, 2_000))
    margin.read_parameters(paths[0])
    assert second.stat().st_mtime < first.stat().st_mtime

    monkeypatch.setattr(entries, "LIMIT_BYTES", int(2.5 * first.stat().st_size))
    margin.read_parameters(paths[2])

    assert first.exists()
    assert not second.exists()
    assert 2 == len(stored(cache_folder))


def test_clearing_leaves_what_is_not_the_cache_s(tmp_path: Path, cache_folder: Path) -> None:
    margin.read_parameters(market_file(tmp_path / "market.spn"))
    (entry,) = stored(cache_folder)
    (cache_folder / f".{entry.name}.0123456789ab.part").write_bytes(b"left by a killed run")
    (cache_folder / "notes.margin").write_bytes(b"mine")

    assert (2, entry.stat().st_size + 20) == (margin.cache_info().entries, margin.cache_info().size)
    assert 2 == margin.clear_cache().entries
    assert ["notes.margin"] == [path.name for path in stored(cache_folder)]


def test_runs_at_the_same_time_do_not_disturb_one_another(tmp_path: Path, cache_folder: Path) -> None:
    path = market_file(tmp_path / "market.spn")
    expected = margin.read_parameters(path, cache=False)
    code = (
        "import sys, margin\n"
        "from margin.read.parameters._cache import entries\n"
        "for number in range(5):\n"
        "    found = margin.read_parameters(sys.argv[1])\n"
        "    (rate,) = found.arrays.values()\n"
        "    print(float(rate.losses.sum()), found.contracts['line'].sum(), len(found.commodities))\n"
        "    if sys.argv[2] == 'clear':\n"
        "        margin.clear_cache()\n"
    )
    processes = [
        subprocess.Popen(  # noqa: S603  the interpreter itself
            [sys.executable, "-c", code, str(path), kind],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for kind in random.Random(1).sample(["clear", "clear", "read", "read"], 4)
    ]
    said = [process.communicate(timeout=120) for process in processes]

    (rate,) = expected.arrays.values()
    line = f"{float(rate.losses.sum())} {expected.contracts['line'].sum()} {len(expected.commodities)}"
    for process, (out, error) in zip(processes, said, strict=True):
        assert (0, "") == (process.returncode, error)
        assert [line] * 5 == out.splitlines()
    assert not list(cache_folder.glob(".*.part"))
