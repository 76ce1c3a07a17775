"""Reading a scorer's config, `users.extra`: what cannot be used is refused by field, value and remedy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any, NoReturn

import httpx

from osmod.outgoing.urls import shown
from osmod.scorers import ENDPOINT_TYPES
from osmod.scorers.contract import UNLIMITED, BadScorerConfig, Limits

#: The highest limit that can be counted.
MOST = 1_000_000
#: The fields of `limits` in `users.extra`, and what they are here.
_LIMITS = {"perSecond": "per_second", "perMinute": "per_minute", "concurrency": "concurrency"}
#: Fields whose values are not shown.
_SECRET = ("apiKey",)


class Config:
    """The config of scorer `user_id`. Every method raises `BadScorerConfig`."""

    def __init__(self, user_id: int, fields: Mapping[str, Any]) -> None:
        self.scorer = f"scorer {user_id}"
        self._fields = fields

    def text(self, field: str, default: str = "") -> str:
        """A text without outer blanks."""
        value = self._fields.get(field)
        if value is None:
            return default
        if not isinstance(value, str):
            found = f"a {type(value).__name__}" if field in _SECRET else f"{value!r:.80}"
            raise BadScorerConfig(f"{self.scorer}: {field} in users.extra must be a text, is {found}")
        return value.strip()

    def url(self, field: str, default: str = "", *, remedy: str = "") -> httpx.URL:
        """The http(s) URL that comments are posted to."""
        text = self.text(field) or default
        try:
            url = httpx.URL(text)
        except (httpx.InvalidURL, UnicodeError):
            url = httpx.URL()
        if url.scheme not in ("http", "https") or not url.host:
            self.refuse(field, "the http(s) URL that comments are posted to", shown(text), remedy)
        return url

    def flag(self, field: str, default: bool) -> bool:
        """true or false."""
        value = self._fields.get(field, default)
        if not isinstance(value, bool):
            self.refuse(field, "true or false", value)
        return value

    def count(self, field: str, default: int, most: int) -> int:
        """A whole number from 1 to `most`."""
        value = self._fields.get(field, default)
        if type(value) is not int or not 1 <= value <= most:
            self.refuse(field, f"a whole number from 1 to {most}", value)
        return value

    def texts(self, field: str, default: list[str]) -> list[str]:
        """A list of texts."""
        value = self._fields.get(field, default)
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.refuse(field, 'a list of texts, such as ["en"]', value)
        return value

    def one_of(self, field: str, words: Sequence[str]) -> str:
        """One of several words; the first by default."""
        value = self._fields.get(field, words[0])
        if value not in words:
            self.refuse(field, f"one of {', '.join(words)}", value)
        return str(value)

    def names(self, field: str) -> dict[str, str]:
        """What each of the scorer's own names is called here; empty by default."""
        value = self._fields.get(field)
        well_formed = isinstance(value, dict) and all(
            isinstance(name, str) and 0 < len(name.strip()) <= 255 for name in value.values()
        )
        if value is not None and not well_formed:
            self.refuse(field, 'an object of names, such as {"toxic": "TOXICITY"}', value)
        return dict(value or {})

    def limits(self, default: Limits = UNLIMITED) -> Limits:
        """How much it may be asked: `{"limits": {"perSecond"?, "perMinute"?, "concurrency"?}}`; null for any."""
        value = self._fields.get("limits")
        if value is None:
            return default
        well_formed = isinstance(value, Mapping) and all(
            name in _LIMITS and (most is None or (type(most) is int and 0 < most <= MOST))
            for name, most in value.items()
        )
        if not well_formed:
            self.refuse(
                "limits", f"an object with whole numbers from 1 to {MOST} for {', '.join(_LIMITS)}", value
            )
        return replace(default, **{_LIMITS[name]: most for name, most in value.items()})

    def value(self, field: str) -> Any:
        """As it is."""
        return self._fields.get(field)

    def refuse(self, field: str, must_be: str, value: Any, remedy: str = "") -> NoReturn:
        """Say that a field is not what it must be."""
        said = f"{field} in users.extra must be {must_be}, is {value!r:.80}"
        raise BadScorerConfig(f"{self.scorer}: {said}{remedy and '; '}{remedy}")


def asked_at(fields: Mapping[str, Any]) -> str:
    """The URL that a scorer with this config is asked at, without what is secret in it; empty where there is none.

    A type that is asked somewhere by itself says so in its module, as `ENDPOINT`.
    """
    endpoint, endpoint_type = fields.get("endpoint"), fields.get("endpointType")
    if not (isinstance(endpoint, str) and endpoint):
        place = ENDPOINT_TYPES.get(endpoint_type, "") if isinstance(endpoint_type, str) else ""
        endpoint = getattr(import_module(place.partition(":")[0]), "ENDPOINT", "") if place else ""
    return shown(endpoint)
