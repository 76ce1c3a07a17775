"""What is expected of an answer: OSMod's, or what a rule makes of it; and what differs from that, in lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.http_golden.case import Case
from tests.http_golden.server import Answer

SUCCESS = {"status": "success"}
JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"

#: OSMod's headers that are ours to keep; what it is made with, and that everybody's pages may read it, is not.
KEPT_HEADERS = (
    "Content-Length",
    "Content-Type",
    "Referrer-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-DNS-Prefetch-Control",
    "X-Download-Options",
    "X-Frame-Options",
    "X-Permitted-Cross-Domain-Policies",
    "X-XSS-Protection",
)


@dataclass(frozen=True)
class Reason:
    """A body that only has a form: a sentence under `key`; or, where that is `errors`, what Joi says."""

    key: str = "errors"

    def fits(self, body: Any) -> bool:
        """Whether a body has the form."""
        if not isinstance(body, dict):
            return False
        said = body.get(self.key)
        if self.key == "errors" and isinstance(said, list):
            return body["status"] == "request validation error" and bool(said)
        is_status = self.key == "error" or body.get("status") == "error"
        return is_status and isinstance(said, str) and bool(said.strip())


@dataclass(frozen=True)
class Expected:
    """What an answer must be. None: it is not compared."""

    statuses: frozenset[int]
    body: Any
    headers: dict[str, str] | None
    effect: dict[str, Any] | None
    queued: list[dict[str, Any]] | None


def as_osmod(case: Case) -> Expected:
    """What OSMod answered and did."""
    told = case.response.get("headers", {})
    kept = {name: value for name, value in told.items() if name in KEPT_HEADERS}
    statuses = frozenset() if case.status is None else frozenset({case.status})
    return Expected(statuses, case.response.get("body"), kept, case.effect, case.queued)


def as_ours(told: dict[str, Any]) -> Expected:
    """What a case says of ours."""
    return Expected(
        frozenset({told["status"]}), told["body"], None, told.get("effect", {}), told.get("queued", [])
    )


def refused(*statuses: int, body: Any = None, content_type: str = JSON) -> Expected:
    """A refusal, with a reason unless another body is given: nothing is changed or queued."""
    headers = {"Content-Type": content_type} if content_type else {}
    return Expected(frozenset(statuses), Reason() if body is None else body, headers, {}, [])


def differences(expected: Expected, answer: Answer) -> Iterator[str]:
    """Every difference, most telling first."""
    if answer.status not in expected.statuses:
        wanted = " or ".join(map(str, sorted(expected.statuses)))
        yield f"status is {answer.status}, should be {wanted}"
    if not _same_body(expected.body, answer.body):
        yield f"body is {answer.body!r:.300}, should be {expected.body!r:.300}"
    for name, value in (expected.headers or {}).items():
        if answer.headers.get(name.lower()) != value:
            yield f"{name} is {answer.headers.get(name.lower())!r}, should be {value!r}"
    if expected.queued is not None and _sorted(expected.queued) != _sorted(answer.queued):
        yield f"queued is {answer.queued}, should be {expected.queued}"
    if expected.effect is not None:
        yield from _effects(expected.effect, answer.effect)


def _same_body(expected: Any, body: Any) -> bool:
    if isinstance(expected, Reason):
        return expected.fits(body)
    return _exact(expected) == _exact(body)


def _exact(value: Any) -> Any:
    """To Python true is 1; to JSON it is not."""
    if isinstance(value, dict):
        return {key: _exact(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_exact(one) for one in value]
    return (bool, value) if isinstance(value, bool) else value


def _sorted(queued: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(job, sort_keys=True) for job in queued)


def _effects(expected: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    for table in sorted({*expected, *found}):
        for part in ("added", "changed", "removed"):
            told, ours = (effect.get(table, {}).get(part) for effect in (expected, found))
            if told != ours:
                yield f"{table} {part} is {ours}, should be {told}"
