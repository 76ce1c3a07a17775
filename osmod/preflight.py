"""What is looked at before a process works on jobs or sends the periodic ones."""

from __future__ import annotations

import os
import sys

from osmod.jobs.wire.connection import client_from_url
from osmod.settings import Settings, SettingsError, masked, read_settings

#: The exit code. Dramatiq's for modules that cannot be imported is the same: `osmod worker` starts no other process.
UNUSABLE = 2


def usable_settings() -> Settings:
    """The settings of a process that needs a queue and a database. Nothing is connected.

    Raises:
      SettingsError: names every variable at fault, its value and what it must be.
    """
    settings = read_settings(for_jobs=True)
    try:
        client_from_url(settings.redis_url).close()
    except ValueError as error:
        raise SettingsError(
            [f"REDIS_URL={masked(settings.redis_url)!r}: {str(error).rstrip('.')}."]
        ) from None
    return settings


def end_unless_usable() -> None:
    """End this process with the sentences of `usable_settings`, where it was not told what it needs.

    A job that was taken would fail for good; and what is not usable now will not be when it is tried again.
    """
    try:
        usable_settings()
    except SettingsError as error:
        # To the file itself: Dramatiq may end before it has read what it puts in the place of `sys.stderr`.
        os.write(2, f"Error: {error}\n".encode())
        sys.exit(UNUSABLE)
