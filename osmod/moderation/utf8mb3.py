"""OSMod's text columns hold three bytes a character: no emoji, no halves of surrogate pairs."""

from __future__ import annotations


def storable(html: str) -> str:
    """A comment's HTML as the column can hold it: four-byte characters become character references.

    Nothing is lost: `&#128512;` reads as the character itself. Half of a surrogate pair is no character;
    it becomes U+FFFD, as browsers show it.
    """
    return "".join(_storable(letter) for letter in html)


def checked(text: str) -> str:
    """`text`, for columns that are not HTML.

    Raises:
      ValueError: it holds what they cannot.
    """
    for letter in text:
        if letter > "\uffff" or _is_half(letter):
            raise ValueError(
                f"OSMod's column cannot hold {letter!r}: it is utf8mb3, three bytes a character; send it without"
            )
    return text


def _storable(letter: str) -> str:
    if letter > "\uffff":
        return f"&#{ord(letter)};"
    return "\ufffd" if _is_half(letter) else letter


def _is_half(letter: str) -> bool:
    return "\ud800" <= letter <= "\udfff"
