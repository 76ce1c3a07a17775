"""What can run, and what runs by itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import dramatiq

from osmod.cli.checks.finding import Finding, error, ok
from osmod.jobs.setup import ensure_broker
from osmod.settings import Settings, SettingsError


def check_actors(settings: Settings) -> Iterator[Finding]:
    """Whether every module of `actors` can be loaded, and what is in them. Dramatiq refuses a name used twice."""
    try:
        actors = _actors()
    except SettingsError as problem:
        yield error(f"the actors cannot be loaded: {' '.join(problem.problems)}")
        return
    except Exception as problem:  # noqa: BLE001 - whatever a module does on import, it is to be shown
        yield error(f"the actors cannot be loaded: {type(problem).__name__}: {problem}")
        return
    if not actors:
        yield error("there are no actors: run this from the root, where the folder actors/ is.")
        return
    yield ok(f"{len(actors)} actors: {', '.join(sorted(actors))}")


def check_schedules(settings: Settings) -> Iterator[Finding]:
    """When each periodic actor runs next."""
    try:
        actors = _actors()
    except Exception:  # noqa: BLE001 - said under the actors
        return
    periodic = {name: actor for name, actor in actors.items() if "periodic" in actor.options}
    if periodic and not settings.run_scheduled_tasks:
        yield ok("WORKER_RUN_SCHEDULED_TASKS is off: `periodiq worker` schedules nothing from here")
        return
    now = datetime.now(UTC)
    for name, actor in sorted(periodic.items()):
        schedule = actor.options["periodic"]
        try:
            next_run = schedule.next_after(now)
        except Exception as problem:  # noqa: BLE001 - a schedule may be anyone's
            yield error(f"{name}: its schedule has no next time ({problem}): correct `periodic=`.")
        else:
            yield ok(f"{name}: {schedule.words}; next at {next_run:%Y-%m-%d %H:%M:%S %Z}")


def _actors() -> dict[str, dramatiq.Actor[..., object]]:
    if "" not in sys.path and (Path.cwd() / "worker.py").exists():
        sys.path.insert(0, "")  # as the command `dramatiq` does: the code that stands here
    ensure_broker()
    import_module("actors")
    return dict(dramatiq.get_broker().actors)
