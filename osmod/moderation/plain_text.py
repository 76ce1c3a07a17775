"""Comments are HTML; scorers are shown their text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache


@lru_cache(maxsize=64)  # the article of many comments, and what one scorer is shown of a comment in two forms
def strip_tags(html: str) -> str:
    """`html` without its tags and comments; entities stay as they are, and "a < b" is no tag.

    One pass, whatever the text. Source: what OSMod sends to its scorers (npm's `striptags`).
    """
    return "".join(html[piece.start : piece.stop] for piece in _pieces(html)) if "<" in html else html


def kept(html: str) -> list[int]:
    """Where the characters stand that `strip_tags` leaves."""
    return [at for piece in _pieces(html) for at in piece]


def _pieces(html: str) -> Iterator[range]:
    """What stands between tags."""
    at = 0
    while (tag := html.find("<", at)) >= 0:
        yield range(at, tag)
        if html.startswith((" ", "\n"), tag + 1):
            yield range(tag, at := tag + 2)
        else:
            at = _end_of(html, tag)
    yield range(at, len(html))


def _end_of(html: str, tag: int) -> int:
    """Where the text goes on after the tag that begins at `tag`."""
    quote, depth, in_comment = "", 0, False
    for at in range(tag + 1, len(html)):
        letter = html[at]
        if in_comment:
            if letter == ">" and html[at - 2 : at] == "--":
                return at + 1
        elif letter == "<":
            depth += not quote
        elif letter == ">":
            if depth and not quote:
                depth -= 1
            elif not quote:
                return at + 1
        elif letter in "\"'":
            quote = "" if quote == letter else quote or letter
        elif letter == "-" and at == tag + 3 and html.startswith("<!-", tag):
            in_comment = True
    return len(html)


def utf16_length(text: str) -> int:
    """The length of `text` in UTF-16 units, as JavaScript and the scorers count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
