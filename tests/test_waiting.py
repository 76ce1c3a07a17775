"""What tests say as they fail, and those that are tried again."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests import waiting
from tests.found import only
from tests.waiting import until

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "SLACK", 0.001)


def test_what_was_seen_is_said() -> None:
    """The condition as it stands there, and what it compares; what had a name, by its name."""
    found = [1, 2]
    with pytest.raises(AssertionError) as missed:
        until(lambda: len(found) == 3 and found[7] == 1)
    assert (
        "still not after 0 seconds: len(found) == 3 and found[7] == 1; it was False, "
        "now len(found) is 2, found[7] is not to be had (IndexError('list index out of range'))"
    ) == str(missed.value)
    with pytest.raises(AssertionError, match=r"0 seconds: two are there, not \[1, 2\]; it was \[\]$"):
        until(partial(list, ()), what=lambda: f"two are there, not {found}")


def test_only() -> None:
    """The one that was found, or all that were."""
    assert 7 == only(one for one in [7])
    with pytest.raises(AssertionError, match=r"^2 where one is expected: \[1, 2\]$"):
        only([1, 2])


TRIED = """
import pytest
from pathlib import Path

@pytest.fixture
def attempt(tmp_path_factory):
    tries = Path({folder!r}) / "tries"
    with tries.open("a") as file:
        file.write(".")
    return len(tries.read_text())

@pytest.mark.timed
def test_late(attempt):
    assert attempt == {passes}, "late"
"""


@pytest.mark.parametrize(
    ("passes", "code", "said"),
    [
        (2, 0, ["run again: test_it.py::test_late"]),
        (9, 1, ["run again: test_it.py::test_late"] * 2 + ["failed: test_it.py::test_late"]),
    ],
)
def test_what_is_about_time_is_tried_again(tmp_path: Path, passes: int, code: int, said: list[str]) -> None:
    """With fixtures of its own each time; why it failed before is said at the end, as is why it failed in the end."""
    (tmp_path / "test_it.py").write_text(TRIED.format(folder=str(tmp_path), passes=passes))
    plugins = ("-p", "tests.reasons", "-p", "tests.timed", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert code == done.returncode, done.stdout
    lines = done.stdout.splitlines()
    assert said == [line for line in lines if line.startswith(("run again: ", "failed: "))]
    assert len(said) == sum(
        line.endswith("AssertionError: late") for line in lines if line.startswith("    /")
    )
