"""Kue's queue in Redis: what its keys are called, and what stands in them. From Kue 0.11.6."""

from __future__ import annotations

import re
from typing import Any

from osmod.jobs.wire.connection import client_from_url
from osmod.jobs.wire.links import Links
from osmod.jobs.wire.moving_routes import route_of

DEFAULT_PREFIX = "q"
#: The states of Kue's jobs. A waiting one is `inactive`.
STATES = ("inactive", "active", "complete", "failed", "delayed")
#: How the worker is called that a job of Kue's has once it is taken over here; Kue's own are `kue:…`.
WORKER_PREFIX = "osmod:"
_PREFIX = re.compile(r"[^\s\x00-\x1f\x7f]+")


class KueQueue:
    """One queue of Kue's, and what the bridge notes beside it.

    Parameters:
      client: redis-py's client of the Redis in which Kue keeps its jobs; it answers in bytes.
      prefix: Kue's option of that name; all keys but two locks begin with it.

    Raises:
      ValueError: the prefix is empty, or holds blanks or control characters.
    """

    def __init__(self, client: Any, prefix: str = DEFAULT_PREFIX) -> None:
        if not _PREFIX.fullmatch(prefix):
            raise ValueError(f"prefix={prefix!r}: expected at least one character, and no blanks")
        self.client = client
        self.prefix = prefix
        #: The connections that scripts are run over.
        self.links = Links(route_of(client))

    @classmethod
    def at(cls, url: str, prefix: str = DEFAULT_PREFIX) -> KueQueue:
        """The queue in the Redis at a URL. Nothing is connected yet.

        Raises:
          ValueError: the URL is one that no queue of Kue's can have, or the prefix is.
        """
        if "+cluster://" in url:
            raise ValueError(
                "Kue's keys cannot lie in a Redis Cluster: name the Redis of its programs in KUE_URL"
            )
        return cls(client_from_url(url), prefix)

    def key(self, name: str) -> str:
        """The key of that name below the prefix."""
        return f"{self.prefix}:{name}"

    @property
    def base(self) -> bytes:
        """What all keys begin with."""
        return f"{self.prefix}:".encode()

    @property
    def ids(self) -> str:
        """String: the last id that was given to a job."""
        return self.key("ids")

    @property
    def types(self) -> str:
        """Set: every type that was ever queued."""
        return self.key("job:types")

    @property
    def jobs(self) -> str:
        """Sorted set of `zid`s: all jobs there are, by priority."""
        return self.key("jobs")

    @property
    def events(self) -> str:
        """Channel: what happens to jobs, as JSON: `{"id": 1, "event": "start", "args": ["start", …]}`."""
        return self.key("events")

    @property
    def work_time(self) -> str:
        """String: how long all jobs took together, in milliseconds."""
        return self.key("stats:work-time")

    @property
    def taken(self) -> str:
        """Sorted set, ours: message ids of jobs that were taken out of Kue's queue and may not be in ours yet, by
        when they were taken (ms)."""
        return self.key("osmod:taken")

    @property
    def held(self) -> str:
        """Sorted set, ours: message ids of jobs that are in our queue and whose end was not told, by when they were
        looked at last (ms)."""
        return self.key("osmod:held")

    @property
    def counts(self) -> str:
        """Hash, ours: how many jobs of each type were taken since ever; the field is the type."""
        return self.key("osmod:counts")

    def job(self, job_id: int | str) -> str:
        """Hash: a job."""
        return self.key(f"job:{job_id}")

    def log(self, job_id: int | str) -> str:
        """List: what a job logged, the first line of each error among it."""
        return self.key(f"job:{job_id}:log")

    def state(self, state: str, kind: str | None = None) -> str:
        """Sorted set of `zid`s: jobs in a state, of one type or of all."""
        return self.key(f"jobs:{state}" if kind is None else f"jobs:{kind}:{state}")

    def bell(self, kind: str) -> str:
        """List: a `1` for each waiting job of a type, to wake whoever waits for one."""
        return self.key(f"{kind}:jobs")

    def message_id(self, job_id: int | str, created: int | str, claim: int | str) -> str:
        """The id that a job has in our queue: the same for one claim, however often that is sent.

        `created` is what the job's hash has of when it was made: ids begin at 1 again in a Redis that was emptied.
        """
        return f"kue:{self.prefix}:{job_id}:{created}:{claim}"

    def close(self) -> None:
        """Disconnect."""
        self.links.close()
        self.client.close()


def zid(job_id: int | str) -> str:
    """A job's id as Kue's sorted sets hold it: `03|100`. What has the same score is thus in the order of ids."""
    return f"{len(str(job_id)):02}|{job_id}"


def id_of(member: bytes | str) -> str:
    """The id of a job by its member of a sorted set."""
    text = member.decode("utf-8", "replace") if isinstance(member, bytes) else member
    return text.partition("|")[2]
