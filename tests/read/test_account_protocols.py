from __future__ import annotations

from types import ModuleType

from margin.read.accounts import AccountFormat, formats
from margin.report import HEALTH_FORMATS, ReportFormat
from tests.test_protocols import assert_keeps, public_modules


def test_account_formats_keep_their_protocol() -> None:
    found = formats()

    assert len(public_modules("margin/read/accounts")) == len(found)
    for name, module in found.items():
        assert isinstance(module, ModuleType)
        assert_keeps(module, AccountFormat)
        assert name == module.FORMAT


def test_formats_of_health_keep_their_protocol() -> None:
    assert ("csv", "json", "ndjson", "parquet", "table") == HEALTH_FORMATS.names()
    for name in HEALTH_FORMATS.names():
        module = HEALTH_FORMATS.format(name)
        assert isinstance(module, ModuleType)
        assert_keeps(module, ReportFormat)
        for ending in module.SUFFIXES:
            assert name == HEALTH_FORMATS.for_path(f"run{ending}")
