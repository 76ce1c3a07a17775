"""What the rules ask of a case: where it was sent, by whom, with what, and what OSMod made of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import actors
from osmod.moderation.errors import BadPayload
from osmod.web.frame.bodies import LIMIT
from tests.http_golden.case import Case, Fixture

ACTIONS = "/api/services/commentActions/"
ASSISTANT = "/api/assistant/scores/"
EDIT = "/api/services/editComment"
TRIGGER = "/api/services/processing/trigger/"
_TASKS = re.compile(r"(?:/api)?/tasks/([^/]+)/?")
_INTEGER = re.compile(r"\s*([+-]?\d+)")
_IDS_IN_PATHS = tuple(
    re.compile(form)
    for form in (
        r"(?:tag|tagCommentSummaryScores)/([^/]+)",
        r"([^/]+)/tagCommentSummaryScores/([^/]+)/\w+",
        r"[^/]+/scores/([^/]+)(?:/\w+)?",
        r"([^/]+)/scores",
    )
)
#: What OSMod's server answers below these is its own business.
NOT_OURS = (
    *("/queues", "/api/auth/config", "/api/auth/login/", "/api/auth/callback/"),
    *("/api/services/simple/", "/api/services/assignments/", "/api/services/comment_sources/"),
    *("/api/services/moderatedCounts/", "/api/services/authorCounts", "/api/services/textSizes"),
    *("/api/services/search", "/api/services/histogramScores/", "/api/services/updates/"),
)

#: What an `int unsigned` column holds at most.
LARGEST_ID = 2**32 - 1


def is_not_ours(case: Case) -> bool:
    """Whether it is for a family of OSMod's that we do not serve."""
    return case.path.startswith(NOT_OURS)


def asks_for_token(case: Case) -> bool:
    """Whether OSMod asks for a token before it looks for the path."""
    guarded = case.path.startswith("/api/") and not case.path.startswith("/api/auth/")
    return guarded and case.method in ("GET", "HEAD", "POST", "PATCH", "DELETE")


def is_unknown(case: Case) -> bool:
    """Whether whoever sends it has no token that counts."""
    return case.caller == "nobody" or case.status == 401


def says_json(case: Case) -> bool:
    """Whether what it sends claims to be JSON."""
    return str(case.request.get("headers", {}).get("Content-Type", "application/json")).startswith(
        "application/json"
    )


def is_broken(case: Case) -> bool:
    """Whether OSMod failed on a body that it could not read."""
    return case.status == 500 and "raw_body" in case.request and says_json(case)


def is_large(case: Case) -> bool:
    """Whether its body is over the limit of OSMod's, too."""
    raw = case.request.get("raw_body")
    return isinstance(raw, dict) and len(raw["repeat"]) * raw["times"] >= LIMIT


def is_misfit(case: Case, fixture: Fixture) -> bool:
    """Whether a well signed token names no user, an unknown or inactive one, or another's address."""
    is_asked = asks_for_token(case) or case.path == "/api/auth/test"
    if not isinstance(case.caller, dict) or case.status != 500 or not is_asked:
        return False
    user, payload = fixture.user_of(case.caller), case.caller["token"]["payload"]
    row = fixture.row("users", user) if type(user) is int else None
    if row is None or not row["isActive"]:
        return True
    return bool(row["email"]) and row["email"] != payload.get("email")


def has_no_route(case: Case) -> bool:
    """Whether OSMod has nothing at the path, or not with this method."""
    return case.status == 404 and case.response.get("body") == "Not Found"


def is_scorer(case: Case, fixture: Fixture) -> bool:
    """Whether it is sent by a program that scores comments."""
    return fixture.group_of(case.caller) == "moderator"


def task_of(case: Case) -> str | None:
    """The task that a call of the task API names."""
    found = _TASKS.fullmatch(case.path)
    return found[1] if found else None


def is_unmounted_task(case: Case) -> bool:
    """Whether it calls the task API of the server as it stands, which has none."""
    return has_no_route(case) and case.method == "POST" and task_of(case) is not None


def request_of(case: Case, fixture: Fixture) -> dict[str, Any] | None:
    """The score request that an answer is for."""
    if not case.path.startswith(ASSISTANT):
        return None
    digits = re.match(r"\d+", case.path.removeprefix(ASSISTANT))
    return fixture.row("comment_score_requests", int(digits[0]) if digits else None)


def is_closed(case: Case, fixture: Fixture) -> bool:
    """Whether an answer is for a score request that was answered, or has no comment or no active scorer."""
    row = request_of(case, fixture)
    if row is None or case.method != "POST":
        return False
    scorer = fixture.row("users", row.get("userId"))
    is_open = row.get("commentId") and not row.get("doneAt") and scorer and scorer["isActive"]
    return not is_open


def fits(task: str, data: Any) -> bool:
    """Whether a task of ours takes data; ids may be text, and a `runImmediately` in it says nothing."""
    actor: Any = _tasks()[task]
    if not isinstance(data, dict):
        return False
    try:
        actor.fn.payload.read((), as_queued(data))
    except BadPayload:
        return False
    return True


def is_known(task: str) -> bool:
    """Whether a task is one of ours."""
    return hasattr(getattr(_tasks().get(task), "fn", None), "payload")


def _tasks() -> dict[str, Any]:
    """Ours, whatever broker a test has set meanwhile."""
    return actors.accept_comments.broker.actors


def as_queued(data: dict[str, Any]) -> dict[str, Any]:
    """A job's data as we queue it: ids are numbers."""
    return {key: _number(key, value) for key, value in data.items() if key != "runImmediately"}


def _number(key: str, value: Any) -> Any:
    digits = re.match(r"\s*(\d+)", value) if isinstance(value, str) and key.endswith("Id") else None
    return int(digits[1]) if digits and not key.startswith("source") else value


def has_scores_out_of_range(case: Case, fixture: Fixture) -> bool:
    """Whether OSMod took an answer to an open request with scores or spans that no task of ours takes."""
    is_taken = case.status in (200, None) and request_of(case, fixture) is not None
    return is_taken and not has_score_data(case)


def has_score_data(case: Case) -> bool:
    """Whether an answer can be stored."""
    score_data = {key: case.body.get(key) for key in ("scores", "summaryScores")}
    return fits("processMachineScore", {"commentId": 1, "userId": 1, "scoreData": score_data})


def has_bad_ids(case: Case) -> bool:
    """Whether OSMod took an id that is none of any row: no number, or one out of range."""
    told = [value for job in case.queued for key, value in job["data"].items() if key.endswith("Id")]
    numbers = [value for value in told if not isinstance(value, str)]
    numbers += [int(found[1]) if (found := _INTEGER.match(text)) else None for text in _ids_sent(case)]
    return any(not (isinstance(one, int) and 1 <= one <= LARGEST_ID) for one in numbers)


def _ids_sent(case: Case) -> Iterator[str]:
    """The ids in a call of the comment actions, but those that nobody looks at."""
    if not case.path.startswith(ACTIONS):
        return
    for form in _IDS_IN_PATHS:
        if found := form.fullmatch(case.path.removeprefix(ACTIONS).removesuffix("/")):
            yield from found.groups()
            break
    data = case.body.get("data") if isinstance(case.body, dict) else None
    for one in data if isinstance(data, list) else [data]:
        if isinstance(one, dict):
            yield from (one[key] for key in ("commentId", "tagId") if isinstance(one.get(key), str))


def has_fractions(case: Case) -> bool:
    """Whether OSMod queued an offset that is no whole number."""
    offsets = (job["data"].get(name) for job in case.queued for name in ("annotationStart", "annotationEnd"))
    return any(isinstance(one, float) for one in offsets)


def asked_scorers_in_vain(case: Case) -> bool:
    """Whether OSMod lost a request to a scorer that it could not reach (quirk 12)."""
    return set(case.effect.get("comment_score_requests", {})) == {"removed"}


def why_unanswered(case: Case, fixture: Fixture) -> set[int]:
    """The answers that OSMod's log asks for where it sent none."""
    log = " ".join(case.logged)
    missing = re.search(r"(?:Comment not found, id:|No such comment) (\d+)", log)
    if missing:
        return {409} if fixture.row("comments", int(missing[1])) else {404}
    return {404} if "not found" in log else {404, 409, 422}
