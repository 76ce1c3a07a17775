"""What of OSMod's HTTP side is wrong, and what ours does there instead: a sentence, where it holds, and our answer.

The first rule that holds for a case says what is expected; where none does, it is OSMod's answer. A case that says
itself what is `ours` needs no rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.http_golden import conditions as its
from tests.http_golden.case import Case, Fixture
from tests.http_golden.expected import HTML, SUCCESS, Expected, Reason, as_osmod, as_ours, refused

UNAUTHORIZED = refused(401, body="Unauthorized", content_type="")
FORBIDDEN = refused(403, body=Reason("error"))
NOT_FOUND = refused(404, body="Not Found", content_type=HTML)
#: As little is known of it as that it succeeds: OSMod did not do it.
DONE = Expected(frozenset({200}), SUCCESS, None, None, None)


@dataclass(frozen=True)
class Rule:
    """One of OSMod's wrongs that ours does not repeat."""

    says: str
    holds: Callable[[Case, Fixture], bool]
    ours: Callable[[Case, Fixture], Expected]


def _always(expected: Expected) -> Callable[[Case, Fixture], Expected]:
    return lambda case, fixture: expected


def _no_body(expected: Expected, case: Case) -> Expected:
    return replace(expected, body="") if case.method == "HEAD" else expected


def _with_numbers(case: Case, _fixture: Fixture) -> Expected:
    jobs = [{**job, "data": its.as_queued(job["data"])} for job in case.queued]
    return replace(as_osmod(case), queued=jobs)


def _cut(case: Case, _fixture: Fixture) -> Expected:
    def whole(data: dict[str, Any]) -> dict[str, Any]:
        return {key: int(value) if isinstance(value, float) else value for key, value in data.items()}

    return replace(as_osmod(case), queued=[{**job, "data": whole(job["data"])} for job in case.queued])


def _for_the_request(case: Case, fixture: Fixture) -> Expected:
    request = its.request_of(case, fixture) or {}
    jobs = [{**job, "data": {**job["data"], "requestId": request.get("id")}} for job in case.queued]
    return replace(as_osmod(case), queued=jobs)


def _asked_anew(case: Case, fixture: Fixture) -> Expected:
    (gone,) = case.effect["comment_score_requests"]["removed"]
    old = fixture.row("comment_score_requests", int(gone)) or {}
    number = max(row["id"] for row in fixture.tables["comment_score_requests"]) + 1
    new = {
        "id": number,
        "commentId": old["commentId"],
        "userId": old["userId"],
        "sentAt": "set",
        "createdAt": "set",
    }
    requests = {"removed": [gone], "added": [new]}
    return replace(as_osmod(case), effect={**case.effect, "comment_score_requests": requests})


def _of_the_task_api(case: Case, fixture: Fixture) -> Expected:
    if fixture.group_of(case.caller) not in ("service", "admin"):
        return UNAUTHORIZED if case.caller == "nobody" else FORBIDDEN
    task, body = its.task_of(case) or "", case.body
    if not its.is_known(task) or not isinstance(body, dict):
        return refused(400, 422)
    return DONE if its.fits(task, body.get("data")) else refused(422)


def _of_a_scorer(case: Case, fixture: Fixture) -> Expected:
    request = its.request_of(case, fixture)
    if request is None:
        return refused(400)
    if request.get("userId") != fixture.user_of(case.caller):
        return as_osmod(case)
    if its.is_closed(case, fixture):
        return refused(409)
    return DONE if its.has_score_data(case) else refused(422)


RULES: tuple[Rule, ...] = (
    Rule(
        "A body over 2 MB is 413, and not an error of the server's.",
        lambda case, fixture: its.is_broken(case) and its.is_large(case),
        _always(refused(413)),
    ),
    Rule(
        "A body that is no JSON is 400, and not an error of the server's.",
        lambda case, fixture: its.is_broken(case) and not its.is_not_ours(case),
        _always(refused(400)),
    ),
    Rule(
        "A token of no user, or of one that is unknown, inactive or has another address is 401, and not an error of "
        "the server's.",
        its.is_misfit,
        _always(UNAUTHORIZED),
    ),
    Rule(
        "Reads, users, tags, rules, assignments, updates, the Google login and Kue's dashboard are its server's own "
        "business: here are no such routes.",
        lambda case, fixture: its.is_not_ours(case),
        lambda case, fixture: _no_body(
            UNAUTHORIZED if its.is_unknown(case) and its.asks_for_token(case) else NOT_FOUND, case
        ),
    ),
    Rule(
        "No page of any site may call the API, unless the settings name it.",
        lambda case, fixture: case.method == "OPTIONS",
        _always(NOT_FOUND),
    ),
    Rule(
        "Scorers answer the requests that were made to them, and do nothing else.",
        lambda case, fixture: (
            its.is_scorer(case, fixture)
            and case.path.startswith((its.ACTIONS, its.EDIT, its.TRIGGER))
            and not its.has_no_route(case)
        ),
        _always(FORBIDDEN),
    ),
    Rule(
        "A scorer may answer the requests that were made to it.",
        lambda case, fixture: (
            its.is_scorer(case, fixture) and case.method == "POST" and case.path.startswith(its.ASSISTANT)
        ),
        _of_a_scorer,
    ),
    Rule(
        "A score request that was answered, or has no comment or no active scorer, takes no answer.",
        lambda case, fixture: case.status in (200, None) and its.is_closed(case, fixture),
        _always(refused(409)),
    ),
    Rule(
        "Scores are from 0 to 1, spans are within texts.",
        its.has_scores_out_of_range,
        _always(refused(422)),
    ),
    Rule(
        "The task API is served, to services and admins.",
        lambda case, fixture: its.is_unmounted_task(case),
        _of_the_task_api,
    ),
    Rule(
        "No job is queued or run with an id that is none of any row.",
        lambda case, fixture: case.status in (200, None) and its.has_bad_ids(case),
        _always(refused(422)),
    ),
    Rule(
        "An offset's fraction is cut off before it is queued.",
        lambda case, fixture: its.has_fractions(case),
        _cut,
    ),
    Rule(
        "An answer is stored for the request that it was given to, and once.",
        lambda case, fixture: case.path.startswith(its.ASSISTANT) and bool(case.queued),
        _for_the_request,
    ),
    Rule(
        "An edited comment's id is queued as a number.",
        lambda case, fixture: case.path.startswith(its.EDIT) and bool(case.queued),
        _with_numbers,
    ),
    Rule(
        "A scorer that cannot be reached keeps a request that is open (quirk 12).",
        lambda case, fixture: its.asked_scorers_in_vain(case),
        _asked_anew,
    ),
    Rule(
        "What triggers the worker's round queues the heartbeat.",
        lambda case, fixture: (
            case.path.startswith(its.TRIGGER) and case.status == 200 and case.mode == "queued"
        ),
        lambda case, fixture: replace(as_osmod(case), queued=[{"task": "heartbeat", "data": {}}]),
    ),
    Rule(
        "Every request is answered; one that cannot be done changes nothing.",
        lambda case, fixture: case.status is None,
        lambda case, fixture: refused(*its.why_unanswered(case, fixture)),
    ),
)


def rule_for(case: Case, fixture: Fixture) -> Rule | None:
    """The rule that holds for a case."""
    return next((rule for rule in RULES if rule.holds(case, fixture)), None)


def expected_of(case: Case, fixture: Fixture) -> Expected:
    """What is expected of the answer to a case."""
    if case.ours:
        return as_ours(case.ours)
    rule = rule_for(case, fixture)
    return rule.ours(case, fixture) if rule else as_osmod(case)
