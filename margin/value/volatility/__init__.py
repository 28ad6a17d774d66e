"""Volatilities: implied by prices, and read off surfaces of points or of SVI parameters."""
