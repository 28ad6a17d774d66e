"""The wheel holds both packages, their configuration and the typing marker, and works without the checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from the checkout and unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=REPOSITORY, check=True, capture_output=True)  # noqa: S603  the interpreter itself
    (wheel,) = folder.glob("margin-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_configuration_and_typing_marker_are_inside(unpacked: Path) -> None:
    packaged = {
        path.relative_to(REPOSITORY / "configs") for path in (REPOSITORY / "configs").rglob("*") if path.is_file()
    }

    found = unpacked / "margin" / "configs"
    assert packaged == {path.relative_to(found) for path in found.rglob("*") if path.is_file()}
    assert (unpacked / "margin" / "py.typed").exists()
    assert not (unpacked / "tests").exists()


def test_the_installed_packages_find_their_configuration_without_the_checkout(unpacked: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(unpacked)!r})\n"
        "import cli.main, margin\n"
        "from margin.read.packaged import configs_folder\n"
        "print(cli.main.__file__, margin.__file__, configs_folder(), margin.read_house('nsccl').name, sep='\\n')"
    )

    result = subprocess.run(  # noqa: S603  the interpreter itself
        [sys.executable, "-c", code], cwd=unpacked, capture_output=True, text=True, check=True
    )

    *places, house = result.stdout.split()
    assert ["cli/main.py", "margin/__init__.py", "margin/configs"] == [
        Path(place).relative_to(unpacked).as_posix() for place in places
    ]
    assert "nsccl" == house


def test_the_version_is_one(unpacked: Path) -> None:
    (metadata,) = unpacked.parent.glob("*.whl")

    code = f"import sys; sys.path.insert(0, {str(unpacked)!r}); import margin; print(margin.__version__)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert f"margin-{result.stdout.strip()}-py3-none-any.whl" == metadata.name
