"""What is typed, and where it is printed to, may be anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from osmod.cli import main
from osmod.jobs.steering import ACTS
from tests.cli.conftest import Run

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("words", [("jobs", "list"), ("jobs", "delete"), ("queues", "pause"), ("enqueue",)])
def test_what_is_no_text_is_refused(run: Run, words: tuple[str, ...]) -> None:
    """Bytes that are not UTF-8 are named, before anybody is asked."""
    result = run(*words, "a=\udcff")
    assert 2 == result.exit_code
    assert "Error: 'a=\\udcff' is not text in UTF-8." in result.output


@pytest.mark.parametrize("when", ["99999999 days", "0001-01-01", "9999-12-31T23:59:59-23:00"])
def test_moments_beyond_the_calendar(run: Run, when: str) -> None:
    """They are refused as others that make no sense, whatever side of it they are on."""
    result = run("jobs", "count", "--since", when)
    assert 2 == result.exit_code
    assert f"'{when}' is neither a moment (2026-05-01T12:00) nor a time ago ('2 hours')." in result.output


@pytest.mark.parametrize(
    "words",
    [
        *(
            ("jobs", act.name, option, "", "--yes")
            for act in ACTS
            for option in ("--actor", "--queue", "--error")
        ),
        *(("jobs", what, "--queue", "") for what in ("list", "count", "groups", "watch")),
        ("queues", "check", ""),
        ("audit", "--queue", ""),
    ],
    ids=" ".join,
)
def test_an_empty_name_does_not_mean_every_job(run: Run, words: tuple[str, ...]) -> None:
    """A shell leaves one in the place of a variable that is not set."""
    given = ("--to", "low") if "prioritise" in words else ()
    result = run(*words, *given)
    assert 2 == result.exit_code
    assert "it is empty: name one, or leave it out." in result.output


@pytest.mark.parametrize("words", [("jobs", "delete"), ("jobs", "list"), ("enqueue", "acceptComments")])
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (("=3",), "'=3': expected name=value, such as comment_id=12."),
        (("comment_id=1", "comment_id=2"), "comment_id is given twice, as '1' and as '2'."),
    ],
)
def test_arguments_that_may_mean_anything(
    run: Run, words: tuple[str, ...], typed: tuple[str, ...], sentence: str
) -> None:
    """An argument without a name, or with two values."""
    result = run(*words, *typed)
    assert 2 == result.exit_code
    assert sentence in result.output


@pytest.mark.parametrize(
    "words",
    [
        *(("top", "--every", number) for number in ("nan", "inf", "1e300", "-1")),
        *(("jobs", "watch", "--seconds", number) for number in ("nan", "inf", "-1")),
        ("audit", "--limit", "9" * 30),
    ],
    ids=" ".join,
)
def test_numbers_that_nobody_means(run: Run, words: tuple[str, ...]) -> None:
    """They are refused with the option's name, before anybody is asked."""
    result = run(*words)
    assert 2 == result.exit_code
    assert f"Error: Invalid value for '{words[-2]}': " in result.output


def test_a_terminal_that_lacks_characters(redis_url: str, tmp_path: Path) -> None:
    """They are written as escapes, whatever its encoding."""
    environment = {
        "PYTHONIOENCODING": "ascii",
        "REDIS_URL": redis_url,
        "OSMOD_HOME": str(tmp_path),
    }
    command = [sys.executable, "-m", "osmod", "queues", "list"]
    result = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, check=False)
    assert b"\\xb7" in result.stdout
    assert b"" == result.stderr


@pytest.mark.parametrize("words", ["check", "--help", "--version"])
def test_a_disk_that_is_full(tmp_path: Path, words: str) -> None:
    """Where nothing can be written, that is the sentence."""
    environment = {"REDIS_URL": "redis://localhost:1", "OSMOD_HOME": str(tmp_path)}
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            [sys.executable, "-m", "osmod", words],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert b"Error: No space left on device." in result.stderr
    assert b"Traceback" not in result.stderr


@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
@pytest.mark.usefixtures("run")
def test_a_stream_that_is_closed(monkeypatch: pytest.MonkeyPatch, stream: str) -> None:
    """As by `>&-`: nothing is said there, and nothing breaks."""
    monkeypatch.setattr(sys, stream, None)
    with pytest.raises(SystemExit) as ended:
        main(["check", "--json"], prog_name="osmod")
    getattr(sys, stream).close()
    assert 2 == ended.value.code
