"""Taking out of what servers answer what was sent to them in confidence: they may repeat it, cut or escaped."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import escape

#: Letters of a secret from which on its beginning is one: what a server repeats it may cut.
PART = 16
#: Characters of an answer that are looked through for secrets; what follows is dropped.
LOOKED_AT = 65_536


def without(hidden: Sequence[str], text: str, mark: str = "…") -> str:
    """A text with a mark for what is hidden, also where only its beginning is repeated; without halves of characters.

    Whoever shortens a text does so after this: half of a secret is found by nobody.
    """
    if len(text) > LOOKED_AT:
        return without(hidden, text[:LOOKED_AT], mark)[:-PART]  # which may be less than a secret's beginning
    forms = sorted({form for one in hidden for form in _forms(one)}, key=len, reverse=True)
    for form in forms:
        text = text.replace(form, mark)
    text = _without_beginnings([form for form in forms if len(form) > PART], text, mark)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _without_beginnings(secrets: Sequence[str], text: str, mark: str) -> str:
    """`text` with a mark for as much as there is of a secret, wherever one begins."""
    if not secrets:
        return text
    begins = re.compile("|".join(re.escape(secret[:PART]) for secret in secrets))
    pieces, at = [], 0
    while found := begins.search(text, at):
        pieces += [text[at : found.start()], mark]
        at = found.start()
        at += max(_alike(one, text[at : at + len(one)]) for one in secrets)
    return "".join([*pieces, text[at:]])


def _alike(one: str, other: str) -> int:
    """With how many letters both begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _forms(text: str) -> set[str]:
    """A text as it may stand in an answer: as it is, in JSON, in Python's way, in HTML.

    One of few letters is no secret, and would hide half of the rest.
    """
    if len(text) < 4:
        return set()
    return {text, escape(text), *(form(text)[1:-1] for form in (json.dumps, _unescaped_json, repr, ascii))}


def _unescaped_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
