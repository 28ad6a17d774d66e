"""Thin views on the one engine: they lay out what it found and have no formula of their own."""
