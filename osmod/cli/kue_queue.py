"""Kue's queue as commands reach it, and what of it runs here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
import redis
from dramatiq import Broker

from osmod.cli.errors import redis_sentence
from osmod.kue.foreign_keys import ForeignKey, foreign_keys
from osmod.kue.keys import KueQueue
from osmod.settings import Settings, get_settings


@contextmanager
def open_kue(prefix: str | None = None) -> Iterator[KueQueue]:
    """Kue's queue, that of the settings or under another prefix, for the length of a `with`.

    Raises:
      click.UsageError: no queue of Kue's can be at that URL, or have that prefix.
      click.ClickException: Kue's Redis failed; it says what to do.
    """
    settings = get_settings()
    try:
        queue = KueQueue.at(settings.kue_url, prefix if prefix is not None else settings.kue_prefix)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    try:
        yield queue
    except redis.RedisError as error:
        sentence = "; ".join(map(str, _in_the_way(queue, error))) or kue_sentence(error, settings)
        raise click.ClickException(sentence) from error
    finally:
        queue.close()


def _in_the_way(queue: KueQueue, error: redis.RedisError) -> list[ForeignKey]:
    """The keys that are not what Kue keeps there, if it is one of those that stopped the command."""
    if not str(error).startswith("WRONGTYPE"):
        return []
    return foreign_keys(queue, sorted(kind.decode() for kind in queue.client.smembers(queue.types)))


def kue_sentence(error: Exception, settings: Settings) -> str:
    """What is wrong with Kue's Redis, with the variable that says where it is."""
    sentence = redis_sentence(error, settings.kue_url)
    return sentence if settings.kue_url == settings.redis_url else sentence.replace("REDIS_URL", "KUE_URL")


def types_here(broker: Broker) -> dict[str, str]:
    """What runs here: the names of actors, each with the words of its schedule, '' where it has none."""
    schedules: dict[str, Any] = {name: actor.options.get("periodic") for name, actor in broker.actors.items()}
    return {name: schedule.words if schedule else "" for name, schedule in schedules.items()}
