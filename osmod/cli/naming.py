"""Which jobs were meant by what was typed."""

from __future__ import annotations

import click

from osmod.jobs.records import naming
from osmod.jobs.records.filters import JobFilter
from osmod.jobs.records.naming import AmbiguousId
from osmod.jobs.wire.queues import Queues


def meant(broker: Queues, wanted: JobFilter) -> JobFilter:
    """The jobs that are meant, with the names that actors have and whole ids.

    Raises:
      click.UsageError: an id is the beginning of several.
    """
    try:
        return naming.meant(broker, wanted)
    except AmbiguousId as error:
        raise click.UsageError(str(error)) from None
