"""Kue's priorities. The lower the number, the sooner a job starts."""

from typing import Final

CRITICAL: Final = -15
HIGH: Final = -10
MEDIUM: Final = -5
NORMAL: Final = 0
LOW: Final = 10
