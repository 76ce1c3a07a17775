"""Which handlers write in our form, and how much."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from dramatiq.cli import LOGFORMAT

from osmod.jobs.logs.handlers import FORMATS, LEVELS, leave_out_dramatiqs, take_over
from osmod.jobs.logs.lines import LineFormatter
from osmod.settings import SettingsError, read_settings


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, as a command left it."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(logging.Formatter(LOGFORMAT))
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    yield root
    root.handlers[:] = before
    root.setLevel(level)


def test_a_handler_of_somebody_else_stays_as_it_is(root: logging.Logger) -> None:
    """It gets what Dramatiq says, too."""
    theirs = logging.StreamHandler(io.StringIO())
    theirs.setFormatter(logging.Formatter("theirs: %(message)s"))
    root.addHandler(theirs)
    take_over("json")
    take_over("console")  # Changes nothing: it is ours already.
    leave_out_dramatiqs()
    leave_out_dramatiqs()
    logging.getLogger("dramatiq").info("Aborting message %r.", "id")
    logging.getLogger("dramatiq").info("Hello")

    ours = root.handlers[0]
    assert isinstance(ours, logging.StreamHandler)
    assert ["Hello"] == [json.loads(line)["event"] for line in ours.stream.getvalue().splitlines()]
    assert "theirs: Aborting message 'id'.\ntheirs: Hello\n" == theirs.stream.getvalue()


@pytest.mark.parametrize(
    ("command", "asked", "level"),
    [
        (logging.INFO, "", logging.INFO),
        (logging.INFO, "warning", logging.WARNING),
        (logging.INFO, "debug", logging.DEBUG),
        (logging.DEBUG, "warning", logging.DEBUG),
    ],
)
def test_levels(root: logging.Logger, command: int, asked: str, level: int) -> None:
    """`-v` on the command line wins over `LOG_LEVEL`."""
    root.setLevel(command)
    take_over("json", asked)
    assert level == root.level


def test_a_process_that_is_no_commands_is_left_alone(root: logging.Logger) -> None:
    """Server code that imports the actors has a log of its own."""
    root.handlers[0].setFormatter(None)
    take_over("json", "debug")
    assert logging.INFO == root.level
    assert not isinstance(root.handlers[0].formatter, LineFormatter)


def test_the_settings_know_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """In capitals, too. One that is wrong is named."""
    for word in FORMATS:
        monkeypatch.setenv("LOG_FORMAT", word.upper())
        assert word == read_settings().log_format
    for word in LEVELS:
        monkeypatch.setenv("LOG_LEVEL", word.upper())
        assert word == read_settings().log_level
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(
        SettingsError, match=r"LOG_LEVEL='loud': must be one of debug, info, warning, error\."
    ):
        read_settings()
