"""The app under uvicorn: bounded in connections and time, and stopped in order."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from typing import Any

import uvicorn
from fastapi import FastAPI

from osmod.jobs.logs.lines import LineFormatter
from osmod.moderation.database import OF_REQUESTS
from osmod.settings import Settings, get_settings
from osmod.task import be_patient
from osmod.web.app import create_app
from osmod.web.frame.slow_clients import HEAD_SECONDS, PatientProtocol

try:
    import resource
except ImportError:  # pragma: no cover - Windows
    resource = None  # type: ignore[assignment]

_log = logging.getLogger(__name__)

#: Connections of each process; whoever comes when there are as many is answered with 503.
CONNECTIONS = 1_000
#: Files that a process has open besides: to Redis and the database, of the libraries.
FILES_BESIDES = 256
#: Seconds in which what is under way may end once the server is told to stop.
GRACE = 20


@dataclass(frozen=True)
class Place:
    """Where and how to serve.

    `proxies`: the addresses whose word counts on who the client is (`X-Forwarded-For`), `*` for all.
    """

    host: str
    port: int
    processes: int = 1
    reload: bool = False
    connections: int = CONNECTIONS
    proxies: str = "127.0.0.1"


def run(place: Place) -> None:
    """Serve until a signal; with several processes, or where code is watched, in children of this one."""
    write_log(get_settings())
    if place.processes > 1:  # which of them died and was replaced
        logging.getLogger("uvicorn.error").setLevel(logging.INFO)
    _allow_files(place.connections)
    uvicorn.run(
        f"{__name__}:make_app",
        factory=True,
        host=place.host,
        port=place.port,
        workers=place.processes,
        reload=place.reload,
        reload_dirs=["actors", "osmod"] if place.reload else None,
        **bounds(place),
    )


def bounds(place: Place) -> dict[str, Any]:
    """What uvicorn is told of times, connections and logs."""
    return {
        "http": PatientProtocol,
        "ws": "none",
        "limit_concurrency": place.connections,
        "timeout_keep_alive": int(HEAD_SECONDS),
        "timeout_graceful_shutdown": GRACE,
        "forwarded_allow_ips": place.proxies,
        "server_header": False,
        "access_log": False,  # ours has no queries in it
        "log_config": None,
    }


def _allow_files(connections: int) -> None:
    """Let each process have as many connections open as it takes, and what it needs besides, if the system lets us."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + FILES_BESIDES
    if hard != resource.RLIM_INFINITY and hard < wanted:
        _log.warning(
            "%d connections need %d open files, and the system allows %d: raise that (ulimit -n), or take fewer "
            "connections.",
            connections,
            wanted,
            hard,
        )
        wanted = hard
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def make_app() -> FastAPI:
    """The app of a process of its own, whose log goes to its standard error."""
    settings = get_settings()
    write_log(settings)
    be_patient(OF_REQUESTS)
    return create_app(settings)


def write_log(settings: Settings) -> None:
    """Have this process log in our form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter(json=settings.log_format == "json", colors=sys.stderr.isatty()))
    handler.addFilter(_without_colours)
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper() or logging.INFO, force=True)
    if not settings.log_level:  # it tells of each step of its start and its end
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


def _without_colours(record: logging.LogRecord) -> bool:
    """uvicorn adds its sentence once more, with the codes of colours."""
    vars(record).pop("color_message", None)
    return True
