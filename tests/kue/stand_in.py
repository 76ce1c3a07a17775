"""Kue's keys as Kue writes them, for what must be shown where there is no Node."""

from __future__ import annotations

import json
from typing import Any

from osmod.kue.keys import KueQueue, zid


def queue_job(
    kue: KueQueue, kind: str, data: Any, *, state: str = "inactive", score: float = 0, **fields: object
) -> int:
    """Store one job in a state, with its score among all of that state, and further fields of its hash.

    Returns its id.
    """
    job_id = int(kue.client.incr(kue.ids))
    seconds, micros = kue.client.time()
    now = seconds * 1000 + micros // 1000
    row = {
        "max_attempts": 1,
        "type": kind,
        "created_at": now,
        "promote_at": now,
        "updated_at": now,
        "priority": 0,
    }
    row |= {"removeOnComplete": "true", "data": json.dumps(data), "state": state}
    both = kue.client.pipeline()
    both.sadd(kue.types, kind)
    both.hset(kue.job(job_id), mapping=row | fields)
    both.zadd(kue.jobs, {zid(job_id): 0})
    both.zadd(kue.state(state), {zid(job_id): score})
    both.zadd(kue.state(state, kind), {zid(job_id): 0})
    if state == "inactive":
        both.lpush(kue.bell(kind), 1)
    both.execute()
    return job_id
