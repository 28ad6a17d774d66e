"""Noise of native code: dropped with an exception, let through without one."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest

from margin.read.native_noise import native_noise_held


def test_what_is_written_before_an_exception_is_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    with suppress(ValueError), native_noise_held():
        os.write(2, b"panicked")
        raise ValueError

    os.write(2, b"after")
    assert "after" == capfd.readouterr().err


def test_what_is_written_without_one_is_let_through(capfd: pytest.CaptureFixture[str]) -> None:
    with native_noise_held():
        os.write(2, b"a notice")

    assert "a notice" == capfd.readouterr().err
