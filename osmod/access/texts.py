"""Texts that people give to accounts and tokens, and read in lists."""

from __future__ import annotations

import unicodedata

from osmod.access.errors import AccessError

#: Characters that the columns hold.
LONGEST = 255
#: Control characters, which would steer the terminal of who lists them, and halves of surrogate pairs.
_NO_TEXT = ("Cc", "Cs")


def check_text(field: str, text: str) -> None:
    """Refuse what is no line of text.

    Raises:
      AccessError: it is too long, or holds control characters or half a surrogate pair.
    """
    if len(text) > LONGEST:
        raise AccessError(f"{field}: at most {LONGEST} characters, not {len(text)}.")
    wrong = next((letter for letter in text if unicodedata.category(letter) in _NO_TEXT), None)
    if wrong is not None:
        raise AccessError(f"{field}: it holds {wrong!r}, which is no part of a text; leave it out.")
