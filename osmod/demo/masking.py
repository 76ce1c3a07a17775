"""Comments as the demo shows them: cut short, nobody named, offensive words covered."""

from __future__ import annotations

import re

from osmod.jobs.logs.saying import on_one_line
from osmod.scorers.local_model import predict

#: Characters of a comment that are shown at most.
LENGTH = 70
#: A word that scores more on its own is covered.
OFFENSIVE = 0.5

_NAMES = re.compile(r"@\w+|https?://\S+|www\.\S+|\b\d{1,3}(?:\.\d{1,3}){3}\b|\S+@\S+")
_WORD = re.compile(r"[^\W\d_][\w'*$@]*")


def masked(text: str, length: int = LENGTH) -> str:
    """`text` on one line of at most `length` characters; of an offensive word the first letter is left."""
    plain = on_one_line(" ".join(_NAMES.sub("…", text).split()))
    cut = plain[: length - 1]
    short = plain if len(plain) <= length else (cut.rpartition(" ")[0] or cut) + "…"
    words = {match.group() for match in _WORD.finditer(short)}
    covered = _offensive(sorted(words))
    return _WORD.sub(
        lambda match: _cover(match.group()) if match.group() in covered else match.group(), short
    )


def _offensive(words: list[str]) -> set[str]:
    return {word for word, score in zip(words, predict(words), strict=True) if score > OFFENSIVE}


def _cover(word: str) -> str:
    return word[0] + "*" * (len(word) - 1)
