"""`osmod redis`: the embedded Redis in the foreground."""

from __future__ import annotations

import signal
import socket
import threading
from urllib.parse import urlsplit

import click

from osmod.embedded import HOST, EmbeddedRedisError, embedded_server, is_listening
from osmod.settings import get_settings, masked

ANSWER_SECONDS = 2
_HERE = ("localhost", "127.0.0.1", "::1")


@click.command()
def redis() -> None:
    """Run a Redis in the foreground, without set-up.

    It is the Valkey server of the extra `embedded`, on the port of REDIS_URL (6379), open to this machine
    only. What is queued is kept under OSMOD_HOME (.osmod/redis) and is there again the next time. Ctrl-C
    stops it.

    \b
    Examples:
      osmod redis
      REDIS_URL=redis://localhost:6400 osmod redis
    """
    settings = get_settings()
    port = _port(settings.redis_url)
    if is_listening(port):
        _say_who(port)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    folder = settings.home / "redis"
    with embedded_server(folder, port=port) as server:
        click.echo(f"Redis (an embedded Valkey) is ready at {masked(settings.redis_url)}")
        click.echo(f"  data    {folder}")
        click.echo(f"  log     {folder / 'valkey.log'}")
        click.echo("  next    in another terminal: osmod worker")
        click.echo("Ctrl-C stops it.")
        while not stop.wait(0.2):
            if server.process.poll() is not None:
                raise EmbeddedRedisError(f"the Redis ended by itself; see {folder / 'valkey.log'}.")
    click.echo("Stopped; the data is kept.")


def _port(url: str) -> int:
    """The port to run on. Refuses a REDIS_URL that this Redis would not answer."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port or 6379
    except ValueError as error:
        raise EmbeddedRedisError(f"REDIS_URL={masked(url)} cannot be used: {error}.") from None
    if parts.scheme != "redis" or host not in _HERE:
        raise EmbeddedRedisError(
            f"REDIS_URL={masked(url)} is not on this machine: `osmod redis` runs only here, "
            "at redis://localhost:6379 or another port."
        )
    if parts.username or parts.password:
        raise EmbeddedRedisError(
            "REDIS_URL has a login, and the embedded Redis has none: take it out of REDIS_URL."
        )
    return port


def _say_who(port: int) -> None:
    kind = "a Redis, which you can use as it is" if _is_redis(port) else "and it is no Redis"
    raise EmbeddedRedisError(
        f"something listens on port {port} already ({kind}): stop it first, or set another port in REDIS_URL."
    )


def _is_redis(port: int) -> bool:
    """Whether what listens there speaks Redis's protocol: it answers PING, or asks for a login."""
    try:
        with socket.create_connection((HOST, port), ANSWER_SECONDS) as connection:
            connection.settimeout(ANSWER_SECONDS)
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith((b"+PONG", b"-NOAUTH", b"-LOADING", b"-DENIED"))
    except OSError:
        return False
