"""What operators can mend, in one plain sentence with the remedy."""

from __future__ import annotations

import redis
from redis.exceptions import AskError, ClusterDownError
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from osmod.access.errors import AccessError, SecretUnusable
from osmod.embedded import EmbeddedRedisError
from osmod.jobs.errors import JobNotQueued, RedisUnusable
from osmod.jobs.wire.cluster import ClusterClient
from osmod.jobs.wire.connection import client_from_url
from osmod.jobs.wire.refusals import cluster_away, explained, outage
from osmod.jobs.wire.route import not_alone
from osmod.moderation.database_errors import database_sentence
from osmod.moderation.migrations import SchemaError
from osmod.settings import SettingsError, get_settings, masked

#: What says itself what is to be done.
_SENTENCES = (SettingsError, EmbeddedRedisError, SchemaError, JobNotQueued, AccessError, SecretUnusable)
#: Modules that only the extra `server` brings.
_OF_THE_SERVER = ("fastapi", "jwt", "prometheus_client", "starlette", "uvicorn")

__all__ = ["database_sentence", "explain", "masked", "redis_sentence"]


def explain(error: Exception) -> str | None:
    """The sentence for `error`; None if it is not one of those that operators can mend."""
    if isinstance(error, _SENTENCES):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and error.name in _OF_THE_SERVER:
        return "the server is not installed: in the folder of the source, pip install '.[server]'."
    if isinstance(error, redis.RedisError):
        return redis_sentence(error, get_settings().redis_url)
    if isinstance(error, DBAPIError | ArgumentError | NoSuchModuleError | ModuleNotFoundError):
        return database_sentence(error, get_settings().database_url)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
    return None


def redis_sentence(error: Exception, url: str) -> str:
    """What is wrong with the Redis at `url`."""
    if isinstance(error, ValueError):
        return f"REDIS_URL={masked(url)} cannot be used: {error}."
    if text := str(_unusable(error, url) or cluster_away(str(error)) or ""):
        return f"{text[:1].upper()}{text[1:]}."
    if isinstance(error, redis.BusyLoadingError):
        return f"Redis at {masked(url)} is still reading its data from disk: try again in a moment."
    if isinstance(error, redis.TimeoutError) and "connecting" not in str(error):
        return (
            f"Redis does not answer at {masked(url)}: it took the connection, and then said nothing for too long. It "
            "hangs, is overloaded or cut off: look at its host, where `redis-cli ping` should answer PONG."
        )
    if isinstance(error, redis.ConnectionError | redis.TimeoutError):
        return f"Redis does not answer at {masked(url)}: start one with `osmod redis`, or name yours in REDIS_URL."
    if isinstance(error, redis.ResponseError):
        return f"{outage(error)}."
    return f"Redis at {masked(url)} answers: {error}"


def _unusable(error: Exception, url: str) -> RedisUnusable | None:
    """What the queue would say of an error of redis-py's; None if it may pass by itself."""
    if isinstance(error, RedisUnusable):
        return error
    client = client_from_url(url)
    if isinstance(client, ClusterClient):
        return explained(error, client.template.connection_kwargs, reached=False)
    parameters = client.connection_pool.connection_kwargs
    if isinstance(error, AskError | ClusterDownError):  # A MOVED is an AskError of redis-py's.
        return not_alone(parameters)
    return explained(error, parameters, reached=False)
