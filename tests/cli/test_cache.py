"""``margin cache``, and what commands do with the cache."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.main import run
from tests.cli.command_line import clean_environment
from tests.cli.command_line import margin as shell
from tests.market.generate import generate_market, nse_spec, write_spn
from tests.market.position_files import write_csv
from tests.market.positions import generate_positions

INPUTS = ("-p", "market.spn", "-i", "positions.csv")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    clean_environment(monkeypatch)
    monkeypatch.setenv("MARGIN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    market = generate_market(nse_spec())
    write_spn(market, tmp_path / "market.spn")
    write_csv(generate_positions(market, 2, 5, seed=1), tmp_path / "positions.csv")
    return tmp_path


def entries(folder: Path) -> list[Path]:
    return list((folder / "cache").glob("*.margin"))


@pytest.mark.parametrize("arguments", [("calculate",), ("explain", "--account", "ACC00001")])
def test_a_command_says_the_same_with_and_without_the_cache(
    arguments: tuple[str, ...], folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    account = (folder / "positions.csv").read_text().splitlines()[1].split(",")
    header = (folder / "positions.csv").read_text().splitlines()[0].split(",")
    words = [account[header.index("account")] if word == "ACC00001" else word for word in arguments]
    said = []
    for more in (["--no-cache"], [], []):
        assert 0 == run([*words, *INPUTS, "--format", "json", *more])
        said.append(capfd.readouterr())
        assert bool(entries(folder)) == (len(said) > 1)

    assert said[0] == said[1] == said[2]


def test_verbose_says_where_parameters_were_loaded_from(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(["calculate", *INPUTS, "-v", "-o", "run.json"])
    assert "loaded from" not in capfd.readouterr().err
    run(["calculate", *INPUTS, "-v", "-o", "run.json"])
    assert f"market.spn was parsed before: loaded from {entries(folder)[0]}" in capfd.readouterr().err


def test_the_environment_turns_the_cache_off(folder: Path) -> None:
    place = str(folder / "cache")
    shell("calculate", *INPUTS, folder=folder, MARGIN_CACHE_DIR=place, MARGIN_NO_CACHE="1")
    assert [] == entries(folder)
    shell("calculate", *INPUTS, folder=folder, MARGIN_CACHE_DIR=place)
    assert 1 == len(entries(folder))


def test_info_and_clear(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(["calculate", *INPUTS, "-q", "-o", "run.json"])
    size = entries(folder)[0].stat().st_size

    assert 0 == run(["cache"])
    expected = [f"folder   {folder / 'cache'}", "entries  1", f"size     {size:,} bytes, of 2,147,483,648 at most"]
    assert expected == capfd.readouterr().out.splitlines()
    assert 0 == run(["cache", "clear"])
    assert ("", f"removed {size:,} bytes from {folder / 'cache'}\n") == capfd.readouterr()
    assert [] == entries(folder)
    assert 0 == run(["cache", "clear", "-q"])
    assert ("", "") == capfd.readouterr()


def test_another_word_is_refused(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert 2 == run(["cache", "clera"])
    assert "is not one of 'info', 'clear'" in capfd.readouterr().err
