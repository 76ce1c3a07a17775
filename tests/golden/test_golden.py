"""The golden cases pass on every database, and the runner notices when one does not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).parent / "cases"
MENDED = {
    "actions_flags_error_order",
    "heartbeat_resend",
    "scoring_error_midway",
    "scoring_float_precision",
    "scoring_new_tags",
    "scoring_trimmed_key",
    "send_bad_scorer_config",
}


def run_cases(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """Run the cases of a folder; return exit status and the lines printed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.golden", str(folder), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


def test_all_cases(empty_database_url: str) -> None:
    """All 71 cases end as OSMod ends them, or as their `differs` says ours means to."""
    assert 71 == len(list(CASES.glob("*.json")))
    assert (0, ["71 passed, 0 failed"]) == run_cases(CASES, "--database-url", empty_database_url)


def test_cases_that_differ_say_so() -> None:
    """Where ours means to differ, the case says in what; no other case was touched."""
    told = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in CASES.glob("*.json")}
    assert MENDED == {name for name, case in told.items() if "differs" in case}
    assert all(case["differs"].startswith("OSMod ") for case in told.values() if "differs" in case)


def _wrong_score(case: dict[str, Any]) -> None:
    case["expected"]["comment_scores"][0]["score"] = 0.123


def _wrong_count(case: dict[str, Any]) -> None:
    case["expected"]["articles"][0]["rejectedCount"] += 1


def _missing_decision(case: dict[str, Any]) -> None:
    case["expected"]["decisions"].append(dict(case["expected"]["decisions"][0], id=99))


def _surplus_decision(case: dict[str, Any]) -> None:
    case["expected"]["decisions"].pop()


def _wrong_step(case: dict[str, Any]) -> None:
    case["steps"][0]["comments"][0]["isModerated"] = 1 - case["steps"][0]["comments"][0]["isModerated"]


def _wrong_error(case: dict[str, Any]) -> None:
    case["errors"][0]["message"] = "Something else"


def _no_error(case: dict[str, Any]) -> None:
    case["errors"].pop(0)


def _surplus_error(case: dict[str, Any]) -> None:
    case["errors"].append({"task": 0, "type": "Error", "message": "It should fail"})


def _wrong_rule(case: dict[str, Any]) -> None:
    case["expected"]["decisions"][0]["moderationRuleId"] = 999


def _wrong_datetime(case: dict[str, Any]) -> None:
    case["expected"]["articles"][0]["lastModeratedAt"] = "set"


def _wrong_request(case: dict[str, Any]) -> None:
    case["scorer_requests"][0]["body"]["comment"]["text"] = "something else"


SPOILT = [
    ("rules_global_only", _wrong_score, "score is"),
    ("rules_global_only", _wrong_count, "rejectedCount is"),
    ("rules_global_only", _missing_decision, "decisions: "),
    ("rules_global_only", _surplus_decision, "decisions: "),
    ("rules_global_only", _wrong_rule, "moderationRuleId is"),
    ("rules_global_only", _wrong_datetime, "lastModeratedAt is None, should be 'set'"),
    ("rules_global_only", _wrong_step, "after task 0: comments 1: isModerated is"),
    ("rules_global_only", _surplus_error, "should fail: It should fail"),
    ("actions_errors", _wrong_error, "but should say 'Something else'"),
    ("actions_errors", _no_error, " fails: NotFound: "),
    ("send_one_scorer", _wrong_request, "scorers were sent"),
]


@pytest.fixture(scope="module")
def spoilt_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, list[str]]:
    """One run of all cases that expect something else, under the names of what was done to them, and the right ones."""
    folder = tmp_path_factory.mktemp("spoilt")
    for name, spoil, _ in SPOILT:
        case = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
        (folder / f"{name}.json").write_text(json.dumps(case), encoding="utf-8")
        spoil(case)
        case["name"] = spoil.__name__
        (folder / f"{name}{spoil.__name__}.json").write_text(json.dumps(case), encoding="utf-8")
    return run_cases(folder)


@pytest.mark.parametrize(("spoil", "said"), [(spoil, said) for _, spoil, said in SPOILT])
def test_the_runner_can_fail(
    spoilt_run: tuple[int, list[str]], spoil: Callable[[dict[str, Any]], None], said: str
) -> None:
    """A case that expects something else is reported with what differs."""
    _, lines = spoilt_run
    (line,) = [line for line in lines if line.startswith(f"{spoil.__name__}: ")]
    assert said in line


def test_the_runner_tells_how_many_fail(spoilt_run: tuple[int, list[str]]) -> None:
    """The exit status is 1; those that are right pass beside those that are not, and are not reported."""
    status, lines = spoilt_run
    right = len({name for name, *_ in SPOILT})
    assert (1, len(SPOILT) + 1, f"{right} passed, {len(SPOILT)} failed") == (status, len(lines), lines[-1])


def test_an_empty_folder_is_no_success(tmp_path: Path) -> None:
    """A folder without cases is a mistake, not a pass."""
    assert (2, []) == run_cases(tmp_path)
