import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from margin.files import replaced


def test_the_file_appears_complete(tmp_path):
    target = tmp_path / "run.json"
    with replaced(target) as out:
        out.write(b"new")
        assert not target.exists()

    assert b"new" == target.read_bytes()
    assert ["run.json"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize("failure", [ValueError, OSError, KeyboardInterrupt, SystemExit])
def test_a_failing_report_leaves_the_old_file(tmp_path, failure):
    target = tmp_path / "run.json"
    target.write_bytes(b"old")

    def fail():
        with replaced(target) as out:
            out.write(b"half")
            raise failure

    with pytest.raises(failure):
        fail()

    assert b"old" == target.read_bytes()
    assert ["run.json"] == [path.name for path in tmp_path.iterdir()]


def test_a_killed_run_leaves_the_old_file(tmp_path):
    target = tmp_path / "run.json"
    target.write_bytes(b"old")
    code = (
        "import os, signal, sys; from pathlib import Path; from margin.files import replaced\n"
        "with replaced(Path(sys.argv[1])) as out:\n"
        "    out.write(b'half'); out.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    result = subprocess.run([sys.executable, "-c", code, str(target)], check=False)  # noqa: S603  the interpreter itself

    assert 0 != result.returncode
    assert b"old" == target.read_bytes()


def test_permissions_and_links_stay(tmp_path):
    target, link = tmp_path / "run.json", tmp_path / "latest.json"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    with replaced(link) as out:
        out.write(b"new")

    assert b"new" == target.read_bytes()
    assert 0o640 == stat.S_IMODE(target.stat().st_mode)
    assert link.is_symlink()


def test_a_device_is_written_to_directly():
    with replaced(Path(os.devnull)) as out:
        out.write(b"gone")

    assert not Path(os.devnull).is_file()
