"""Imported by the process from which `osmod worker` forks its workers: what each would load is loaded once.

That is the code that all jobs need, and the model of a local scorer where there is such a scorer. No connection and
no thread of ours is left open. What happens later is as without it: a local scorer that is switched on then, or that
could not be looked for, loads its model at its first comment.
"""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from osmod.extra import fields_of
from osmod.loading import nobody_collects
from osmod.moderation.database import OF_COMMANDS, connect, open_session
from osmod.moderation.sending import active_scorers
from osmod.scorers import local_model
from osmod.settings import get_settings


def load() -> None:
    """Load what this process's children need."""
    with nobody_collects():
        import osmod.jobs.setup  # late: without a look for garbage
        import osmod.outgoing.client
        import osmod.task.asking  # noqa: F401

        if local_model.is_installed() and _has_local_scorer():
            local_model.load()


def _has_local_scorer() -> bool:
    """Whether a local scorer is switched on. A database that cannot tell is met again, and told of, by the jobs."""
    try:
        engine = connect(get_settings().database_url, create=False, patience=OF_COMMANDS)
    except (SQLAlchemyError, OSError):
        return False
    try:
        with open_session(engine) as session:
            scorers = active_scorers(session)
            return any(fields_of(one.extra).get("endpointType") == "local" for one in scorers)
    except SQLAlchemyError:
        return False
    finally:
        engine.dispose()


load()
