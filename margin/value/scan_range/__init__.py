"""Price history → price scan range of every underlying, on one day and through time."""

from __future__ import annotations

from margin.value.scan_range.study import study_scan_ranges as study_scan_ranges
