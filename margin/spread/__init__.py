"""Deltas pair up: charges inside a commodity, credits between commodities, each delta used once."""
