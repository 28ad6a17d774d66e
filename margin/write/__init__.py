"""Writes risk parameters and positions in the formats that other tools read: one module per format.

What a format cannot say is refused, all of it at once, never left out in silence; what it says less exactly than
the source (whole money units, fewer decimals) is written as near as it can be and told as a warning.
"""
