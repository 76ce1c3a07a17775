"""URLs as they may be shown: in logs, errors, records, tables and pages."""

from __future__ import annotations

import re

#: A part of a path that is a key rather than a name, as in `/services/T01/B02/8hJq…`: letters and figures in one piece.
_KEY = re.compile(r"[A-Za-z0-9]{12,}")


def shown(url: str) -> str:
    """What of a URL may be shown, even where it is none: no user, no query, "…" for what looks like a key."""
    bare = re.sub(r"//[^/]*@", "//", re.split("[?#]", url, maxsplit=1)[0])
    for key in keys_in(url):
        bare = bare.replace(f"/{key}", "/…")
    return bare[:200]


def keys_in(url: str) -> list[str]:
    """The parts of a URL's path that look like keys."""
    _, _, after = re.split("[?#]", url, maxsplit=1)[0].partition("//")
    return [part for part in after.split("/")[1:] if any(map(_is_key, _KEY.findall(part)))]


def _is_key(piece: str) -> bool:
    """Whether nobody would name anything so: figures amid letters, or a long mixture of small and capital ones."""
    changes = len(re.findall(r"[A-Za-z][0-9]|[0-9][A-Za-z]", piece))
    mixed = len(re.findall(r"[a-z][A-Z]|[A-Z]{2}[a-z]", piece))
    return changes >= 3 or (len(piece) >= 20 and (changes >= 1 or mixed >= 4))
