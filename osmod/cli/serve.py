"""`osmod serve`: the HTTP side."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from osmod.cli.listening import listening_problem
from osmod.settings import get_settings


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen on; 0.0.0.0: all, of IPv6 `::`.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="The port.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="How many processes serve."
)
@click.option(
    "--connections",
    type=click.IntRange(2, 100_000),
    default=1_000,
    show_default=True,
    help="How many connections each of them takes; further ones are answered with 503.",
)
@click.option(
    "--proxies",
    default="127.0.0.1",
    show_default=True,
    help="Addresses of proxies whose X-Forwarded-For is believed, separated by commas; *: of all.",
)
@click.option("--reload", is_flag=True, help="Begin anew when the code changes: for development.")
@click.option("--demo", is_flag=True, help="Serve the demo's comments, with nothing set up.")
@click.option(
    "--comments",
    type=click.IntRange(1, 100_000),
    default=1000,
    show_default=True,
    help="How many, with --demo.",
)
def serve(
    host: str,
    port: int,
    workers: int,
    connections: int,
    proxies: str,
    reload: bool,
    demo: bool,
    comments: int,
) -> None:
    """Answer HTTP: pages for operators and moderators, OSMod's own calls, ingest of comments, jobs and queues.

    The pages are at /ui; `osmod users link` makes a link that signs in to them. Programs show a token, which
    `osmod users token` makes; only the health checks ask for none. TLS is for a proxy in front of
    it. SIGTERM or Ctrl-C stops it: what is under way is finished, for up to 20 seconds.

    \b
    Examples:
      osmod serve
      osmod serve --host 0.0.0.0 --workers 4 --proxies 10.0.0.7
      osmod serve --demo               a Redis, a database, a worker and comments of its own
    """
    if reload and workers > 1:
        raise click.UsageError("--reload runs one process: leave out --workers.")
    host = host.removeprefix("[").removesuffix("]")  # as IPv6 addresses stand in URLs
    if not host:
        raise click.UsageError(
            "--host is empty: 127.0.0.1 is this machine alone, 0.0.0.0 all of its addresses."
        )
    if problem := listening_problem(host, port):
        raise click.ClickException(problem)
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    from osmod.cli.stopping import stopping_in_order
    from osmod.web.serving import Place, run  # late: they load the whole of it

    with stopping_in_order(), _demo(comments, address) if demo else _own_settings():
        click.echo(f"Serving at {address}; Ctrl-C stops it.", err=True)
        run(Place(host, port, workers, reload, connections, proxies))


@contextmanager
def _own_settings() -> Iterator[None]:
    from osmod.jobs.preflight import usable_settings

    _end_unless_up_to_date(usable_settings().database_url)
    yield


def _end_unless_up_to_date(url: str) -> None:
    """Say what is wrong with the tables. A database that is away may come; until then it is answered so."""
    from sqlalchemy.exc import DBAPIError

    from osmod.moderation.database import connect
    from osmod.moderation.migrations import problems

    engine = connect(url)
    try:
        found = [] if engine.dialect.name == "sqlite" else problems(engine)  # SQLite sets itself up
    except DBAPIError:
        return
    finally:
        engine.dispose()
    if found:
        raise click.ClickException("\n".join(found))


@contextmanager
def _demo(count: int, address: str) -> Iterator[None]:
    """The demo's comments behind the server."""
    from rich.console import Console

    from osmod.access.links import address_of
    from osmod.cli.progress import Progress
    from osmod.demo import corpus, dealing, server

    home = get_settings().home
    chosen = corpus.choose(count, home / "downloads")
    click.echo(f"{count:,} {chosen.origin}", err=True)
    entries = list(dealing.deal(chosen.texts))
    with server.standing(home, entries, Progress(Console(stderr=True))) as served:
        click.echo("The pages, by a link that signs an admin in once, within ten minutes:", err=True)
        click.echo(f"  {address_of(address, served.code)}", err=True)
        click.echo("For programs, an admin's token for a day:", err=True)
        click.echo(f"  export TOKEN={served.token}", err=True)
        click.echo(f'  curl -H "Authorization: JWT $TOKEN" {address}/api/auth/test', err=True)
        yield
