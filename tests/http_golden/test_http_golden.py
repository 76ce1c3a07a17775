"""Our HTTP side answers as OSMod's was seen to, or as the rules say; and the runner notices when it does not."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.http_golden.case import FIXTURE, SHARED

ROOT = Path(__file__).parents[2]
UNSEEN = Path(__file__).parent / "unseen"
Told = dict[str, Any]


def run_cases(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """Run the cases of a folder; return exit status and the lines printed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.http_golden", str(folder), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, done.stdout.splitlines()


def kept(family: str, name: str) -> Told:
    """A case that is kept, without what it says of ours."""
    (told,) = (
        one for one in json.loads((SHARED / f"{family}.json").read_text("utf-8")) if one["name"] == name
    )
    return {key: value for key, value in told.items() if key not in ("differs", "ours")}


def test_all_cases(empty_database_url: str) -> None:
    """All 291 cases of OSMod's end as they did there, or as ours means to end them."""
    assert (0, ["291 passed, 0 failed"]) == run_cases(SHARED, "--database-url", empty_database_url)


def _wrong_status(case: Told) -> None:
    case["response"]["status"] = 202


def _wrong_body(case: Told) -> None:
    case["response"]["body"] = {"status": "failure"}


def _wrong_header(case: Told) -> None:
    case["response"]["headers"]["X-Frame-Options"] = "DENY"


def _wrong_row(case: Told) -> None:
    case["effect"]["decisions"]["added"][0]["status"] = "Accept"


def _surplus_effect(case: Told) -> None:
    case["effect"]["comment_sizes"] = {"removed": ["1"]}


def _no_effect(case: Told) -> None:
    case["effect"] = {}


def _wrong_data(case: Told) -> None:
    case["queued"][0]["data"]["commentId"] = 2


def _nothing_queued(case: Told) -> None:
    case["queued"] = []


def _queued_twice(case: Told) -> None:
    case["queued"] *= 2


def _true_for_one(case: Told) -> None:
    case["queued"][0]["data"]["commentId"] = True


def _not_answered(case: Told) -> None:
    """As if OSMod had not answered what can be done."""
    case["response"] = {"no_answer": True}


def _queued_as_null(case: Told) -> None:
    """As if OSMod had made null of a good id."""
    case["queued"][0]["data"]["commentId"] = None


def _called_broken(case: Told) -> None:
    """As if OSMod had not been able to read a good body."""
    case["request"]["raw_body"] = '{"data": []}'


def _done_already(case: Told) -> None:
    """As if the request of another case had been answered before."""
    case["request"]["path"] = case["request"]["path"].replace("60", "10")
    case["response"]["status"] = 422


SPOILT: list[tuple[str, str, Callable[[Told], None], str]] = [
    ("comment-actions", "reject_one", _wrong_status, "status is 200, should be 202"),
    ("comment-actions", "reject_one", _wrong_body, "body is {'status': 'success'}"),
    ("auth", "validation_error_headers", _wrong_header, "X-Frame-Options is 'SAMEORIGIN', should be 'DENY'"),
    ("comment-actions", "reject_one", _wrong_row, "decisions added is"),
    ("comment-actions", "reject_one", _surplus_effect, "comment_sizes removed is None"),
    ("comment-actions", "reject_one", _no_effect, "articles changed is"),
    ("comment-actions", "approve_one_queued", _wrong_data, "queued is"),
    ("comment-actions", "approve_one_queued", _nothing_queued, "queued is"),
    ("comment-actions", "approve_one_queued", _queued_twice, "queued is"),
    ("comment-actions", "approve_one_queued", _true_for_one, "queued is"),
    ("comment-actions", "reject_one", _not_answered, "status is 200, should be 404 or 409 or 422"),
    ("comment-actions", "approve_one_queued", _queued_as_null, "status is 200, should be 422"),
    ("comment-actions", "broken_json", _called_broken, "status is 200, should be 400"),
    ("assistant", "scores_queued", _done_already, "status is 409, should be 422"),
    ("tasks", "rejectComments", _wrong_row, "as service, immediate: decisions added is"),
    ("tasks", "unknown_task", _wrong_body, "as service, queued: body is"),
]


@pytest.fixture(scope="module")
def mixed_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, list[str]]:
    """One run of cases that expect something else, under the names of what was done to them, and of right ones."""
    folder = tmp_path_factory.mktemp("spoilt")
    for number, (family, name, spoil, _) in enumerate(SPOILT):
        case = copy.deepcopy(kept(family, name))
        spoil(case)
        case["name"] = spoil.__name__
        (folder / f"{number}.json").write_text(json.dumps([case]), encoding="utf-8")
    for path in UNSEEN.glob("*.json"):
        shutil.copy(path, folder)
    return run_cases(folder)


@pytest.mark.parametrize(("number", "said"), [(number, said) for number, (*_, said) in enumerate(SPOILT)])
def test_the_runner_can_fail(mixed_run: tuple[int, list[str]], number: int, said: str) -> None:
    """A case that expects something else is reported with what differs."""
    _, lines = mixed_run
    (line,) = [line for line in lines if line.startswith(f"{number}/")]
    assert said in line


def test_cases_unseen(mixed_run: tuple[int, list[str]]) -> None:
    """What is said of OSMod without a case for it is answered so, too, by the same rules: only the spoilt ones fail."""
    status, lines = mixed_run
    right = sum(len(json.loads(path.read_text("utf-8"))) for path in UNSEEN.glob("*.json"))
    assert (1, f"{right} passed, {len(SPOILT)} failed") == (status, lines[-1])
    assert {str(number) for number in range(len(SPOILT))} == {line.partition("/")[0] for line in lines[:-1]}


def test_an_empty_folder_is_no_success(tmp_path: Path) -> None:
    """A folder without cases is a mistake, not a pass; a fixture alone is none."""
    shutil.copy(SHARED / FIXTURE, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "tests.http_golden", str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert (2, "") == (done.returncode, done.stdout)
