"""Identifiers become row numbers: contracts, commodities, periods, accounts and rate ids."""
