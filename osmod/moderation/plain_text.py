"""Comments are HTML; scorers are shown their text."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=64)  # the article of many comments, and what one scorer is shown of a comment in two forms
def strip_tags(html: str) -> str:
    """`html` without its tags and comments; entities stay as they are, and "a < b" is no tag.

    One pass, whatever the text. Source: what OSMod sends to its scorers (npm's `striptags`).
    """
    return "".join(html[at] for at in kept(html)) if "<" in html else html


def kept(html: str) -> list[int]:
    """Where the characters stand that `strip_tags` leaves."""
    found: list[int] = []
    tag = -1  # where the tag at hand began
    quote, depth, in_comment = "", 0, False
    for at, letter in enumerate(html):
        if tag < 0:
            if letter == "<":
                tag, quote, depth, in_comment = at, "", 0, False
            else:
                found.append(at)
        elif in_comment:
            if letter == ">" and html[at - 2 : at] == "--":
                tag = -1
        elif letter == "<":
            depth += not quote
        elif letter == ">":
            if depth and not quote:
                depth -= 1
            elif not quote:
                tag = -1
        elif letter in "\"'":
            quote = "" if quote == letter else quote or letter
        elif letter in " \n" and at == tag + 1:
            found += (tag, at)
            tag = -1
        elif letter == "-" and at == tag + 3 and html.startswith("<!-", tag):
            in_comment = True
    return found


def utf16_length(text: str) -> int:
    """The length of `text` in UTF-16 units, as JavaScript and the scorers count."""
    return len(text) + sum(letter > "\uffff" for letter in text)
