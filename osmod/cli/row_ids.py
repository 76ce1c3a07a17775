"""Ids of rows, as operators type them."""

import click

#: What OSMod's `int unsigned` columns hold; what is larger is a slip of the hand, and no database takes it.
LARGEST = 2**32 - 1
ROW_ID = click.IntRange(1, LARGEST)
