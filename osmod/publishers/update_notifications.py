"""Telling OSMod's own servers what changed, so that moderators' pages refresh."""

from __future__ import annotations

import json
from collections.abc import Iterable

from dramatiq import Broker
from dramatiq.brokers.redis import RedisBroker
from redis.cluster import ClusterPipeline
from redis.exceptions import RedisError

from osmod.outages import Lookout, Outage

#: The Redis channel that OSMod's servers listen on.
CHANNEL = "update-notification"

#: Seconds for which one waits for a Redis that hangs, while others do not.
WAITED = 5.0

_outage = Outage(f"channel {CHANNEL}")
_lookout = Lookout()


def publish(broker: Broker, changes: Iterable[tuple[str, str, int]]) -> None:
    """Publish committed changes, each (object type, action, id), as `{objectType, action, id}`.

    A hint, not a record: nobody may be listening, and without Redis there is nobody to tell. That nobody could be
    told is logged, once for all jobs, and the jobs stand.
    """
    messages = [
        json.dumps({"objectType": object_type, "action": action, "id": object_id})
        for object_type, action, object_id in changes
    ]
    if not messages or not isinstance(broker, RedisBroker) or _lookout.taken(WAITED):
        return
    try:
        with broker.client.pipeline(transaction=False) as pipeline:
            # A cluster's pipeline takes commands on keys only, so there each message goes out by itself.
            sender = broker.client if isinstance(pipeline, ClusterPipeline) else pipeline
            for message in messages:
                sender.publish(CHANNEL, message)
            pipeline.execute()
    except RedisError as error:
        _lookout.in_vain(str(error))
        _outage.met(f"moderators see changes when they load a page again ({error})")
    else:
        _lookout.in_sight()
        _outage.over()
