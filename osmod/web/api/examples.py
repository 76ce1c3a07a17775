"""Examples of what is answered, for the document of the API."""

from __future__ import annotations

from typing import Any

ID = "5e1f0c9a-6c5f-4b52-9a4f-1f1f2a3b4c5d"
_AT = "2026-05-01T12:00:00.000+00:00"

JOB: dict[str, Any] = {
    "id": ID,
    "actor": "sendCommentForScoring",
    "queue": "default",
    "state": "failed",
    "arguments": {"comment_id": 12},
    "priority": 0,
    "attempts_made": 13,
    "attempts_left": 0,
    "created": _AT,
    "due": None,
    "waits_for": None,
    "started": _AT,
    "finished": _AT,
    "duration": 0.25,
    "worker": {"host": "moderation-7", "process": 4711, "thread": "worker-1"},
    "past": [
        {
            "outcome": "retried",
            "started": _AT,
            "ended": _AT,
            "duration": 10.1,
            "worker": {"host": "moderation-7", "process": 4711, "thread": "worker-1"},
            "wait": 15.0,
            "reason": "TimeoutError: no answer in 10 s",
        }
    ],
    "progress": None,
    "log": [{"at": _AT, "text": "asked perspective"}],
    "error": {"kind": "TimeoutError", "message": "no answer in 10 s", "traceback": "…"},
    "result": None,
    "deaths": 0,
    "unique": None,
    "label": None,
    "parent": None,
    "cancelling": False,
}
FAILURE_GROUP = {
    "queue": "default",
    "actor": "sendCommentForScoring",
    "error": "TimeoutError",
    "count": 12,
    "oldest": _AT,
    "newest": _AT,
    "example": ID,
    "message": "no answer in 10 s",
}
QUEUE: dict[str, Any] = {
    "queue": "default",
    "waiting": 3,
    "delayed": 1,
    "active": 2,
    "done": 100,
    "failed": 1,
    "cancelled": 0,
    "paused": None,
    "paused_by": "",
    "oldest_waiting": 0.5,
    "totals": {"done": 100, "failed": 1, "retried": 4, "cancelled": 0, "recovered": 0},
}
WORKER: dict[str, Any] = {
    "worker": "moderation-7:4711",
    "host": "moderation-7",
    "process": 4711,
    "threads": 8,
    "running": 2,
    "queues": ["default"],
    "since": _AT,
    "seen": 1.2,
    "version": "0.1.0",
    "memory": 104_857_600,
    "quiet": False,
    "asked": None,
}
SCHEDULE: dict[str, Any] = {
    "name": "heartbeat",
    "queue": "default",
    "spec": "every 5 minutes",
    "words": "every 5 minutes",
    "next": _AT,
    "upcoming": [_AT, _AT, _AT],
    "runs": [{"job_id": ID, "outcome": "done", "ended": _AT, "duration": 0.02}],
    "last_slot": _AT,
    "last_started": _AT,
    "last_finished": _AT,
    "last_duration": 0.02,
    "last_outcome": "done",
    "last_error": "",
    "paused": False,
    "running": False,
    "waiting": False,
    "overlaps": 0,
    "catch_up": False,
    "overlap": False,
}
AUDIT_ENTRY = {
    "at": _AT,
    "who": "Ada (user 3)",
    "act": "retry",
    "queue": "default",
    "what": "state=failed error=TimeoutError",
    "count": 12,
    "id": "1f2a3b4c5d6e",
    "reason": "the scorer is back",
    "dry_run": False,
}
