"""Quantities times arrays: scenario losses, scan risk with its active scenario, and net deltas."""
