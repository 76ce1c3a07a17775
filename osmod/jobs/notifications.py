"""Telling OSMod's own servers what changed, so that moderators' pages refresh."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable

from dramatiq import Broker
from dramatiq.brokers.redis import RedisBroker
from redis.exceptions import RedisError

from osmod.jobs.wire.cluster import ClusterClient

CHANNEL = "update-notification"
"""The Redis channel that OSMod's servers listen on."""

log = logging.getLogger(__name__)


def publish(broker: Broker, changes: Iterable[tuple[str, str, int]]) -> None:
    """Publish committed changes, each (object type, action, id), as `{objectType, action, id}`.

    A hint, not a record: nobody may be listening, and without Redis there is nobody to tell. A failure is
    logged and the job stands.
    """
    messages = [
        json.dumps({"objectType": object_type, "action": action, "id": object_id})
        for object_type, action, object_id in changes
    ]
    if not messages or not isinstance(broker, RedisBroker):
        return
    try:
        if isinstance(broker.client, ClusterClient):  # Its pipelines take commands on keys only.
            for message in messages:
                broker.client.publish(CHANNEL, message)
        else:
            with broker.client.pipeline(transaction=False) as pipeline:
                for message in messages:
                    pipeline.publish(CHANNEL, message)
                pipeline.execute()
    except RedisError as error:
        log.warning("%d change notifications were not published: %s", len(messages), error)
