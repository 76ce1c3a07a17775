"""OSMod's text columns hold three bytes a character: no emoji, no halves of surrogate pairs."""

from __future__ import annotations

import re

#: Characters of four bytes, and halves of surrogate pairs, which are none.
_LONG = re.compile("[\U00010000-\U0010ffff\ud800-\udfff]")


def storable(html: str) -> str:
    """A comment's HTML as the column can hold it: four-byte characters become character references.

    Nothing is lost: `&#128512;` reads as the character itself. Half of a surrogate pair is no character;
    it becomes U+FFFD, as browsers show it.
    """
    return html if html.isascii() else _LONG.sub(_reference, html)


def checked(text: str) -> str:
    """`text`, for columns that are not HTML.

    Raises:
      ValueError: it holds what they cannot.
    """
    if found := _LONG.search(text):
        raise ValueError(
            f"OSMod's column cannot hold {found[0]!r}: it is utf8mb3, three bytes a character; send it without"
        )
    return text


def _reference(found: re.Match[str]) -> str:
    letter = found[0]
    return f"&#{ord(letter)};" if letter > "\uffff" else "\ufffd"
