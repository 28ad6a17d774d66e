"""Contracts times scenarios: the losses of one long contract, in one array."""
