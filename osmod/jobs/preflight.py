"""What is looked at before a process sends jobs, works on them or schedules them. Nothing is connected."""

from __future__ import annotations

from osmod.jobs.errors import end_process
from osmod.jobs.wire.connection import client_from_url
from osmod.redis_urls import redis_fault
from osmod.settings import Settings, SettingsError, masked, read_settings


def usable_settings() -> Settings:
    """The settings of a process that needs a queue and a database.

    Raises:
      SettingsError: names every variable at fault, its value and what it must be.
    """
    settings = read_settings(for_jobs=True)
    check_redis_url(settings.redis_url)
    return settings


def check_redis_url(url: str) -> None:
    """Refuse a `REDIS_URL` by which no Redis can be reached from anywhere.

    Raises:
      SettingsError: names it, without secrets, and what it must be.
    """
    said = redis_fault(url)
    if said is None:
        try:
            client_from_url(url).close()
        except ValueError as error:  # What only redis-py can tell.
            said = f"{str(error).rstrip('.')}."
    if said is not None:
        raise SettingsError([f"REDIS_URL={masked(url)!r}: {said}"])


def end_unless_usable() -> None:
    """End this process with the sentences of `usable_settings`, where it was not told what it needs.

    A job that was taken would fail for good; and what is not usable now will not be when it is tried again.
    """
    try:
        usable_settings()
    except SettingsError as error:
        end_process(str(error))
