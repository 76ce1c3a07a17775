"""The file of answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from osmod.comparing.answers import Answers, OtherAnswers

CONFIG = {"endpointType": "text-classification", "endpoint": "http://models/predict", "apiKey": "geheim"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where it is to be; the folder is not there yet."""
    return tmp_path / "home" / "compare-7-9.jsonl"


def test_kept(path: Path) -> None:
    """What was answered is known in the next run; so is what cannot be. Nothing is written before the first."""
    answers = Answers(path, 9, CONFIG)
    assert not path.exists()
    answers.add(12, {"TOXICITY": 0.25, "insult ü": 1})
    answers.add_unscorable(13)
    answers.add(14, {})
    again = Answers(path, 9, CONFIG)
    assert ({12: {"TOXICITY": 0.25, "insult ü": 1}, 14: {}}, {13}) == (again.scores, again.unscorable)
    assert [True, True, True, False] == [number in again for number in (12, 13, 14, 15)]


@pytest.mark.parametrize("cut", [1, 20, 45, 80])
def test_a_process_that_dies_in_a_line(path: Path, cut: int) -> None:
    """Half a line counts for nothing and is overwritten, were it the very first."""
    Answers(path, 9, CONFIG).add(12, {"TOXICITY": 0.25})
    whole = path.read_bytes()
    assert len(whole) > cut
    path.write_bytes(whole[:cut])
    answers = Answers(path, 9, CONFIG)
    assert {} == answers.scores
    answers.add(12, {"TOXICITY": 0.5})
    answers.add(13, {"TOXICITY": 0.75})
    assert {12: {"TOXICITY": 0.5}, 13: {"TOXICITY": 0.75}} == Answers(path, 9, CONFIG).scores


@pytest.mark.parametrize(
    ("scorer", "config"), [(8, CONFIG), (9, {**CONFIG, "endpoint": "http://models/other"}), (9, {})]
)
def test_answers_of_another_are_not_mixed_in(path: Path, scorer: int, config: dict[str, str]) -> None:
    """Another scorer, or another model behind it."""
    Answers(path, 9, CONFIG).add(12, {"TOXICITY": 0.25})
    with pytest.raises(OtherAnswers, match=f"holds the answers of another scorer, or of scorer {scorer}"):
        Answers(path, scorer, config)


def test_a_new_key_changes_no_answer(path: Path) -> None:
    """Nor do limits; and the key is not in the file."""
    Answers(path, 9, CONFIG).add(12, {"TOXICITY": 0.25})
    other = {**CONFIG, "apiKey": "neu", "limits": {"perSecond": 5}}
    assert 12 in Answers(path, 9, other)
    assert "geheim" not in path.read_text()


def test_what_comes_after_the_end_is_not_kept(path: Path) -> None:
    """A run that was stopped has counted by then: what its file holds is what it said."""
    answers = Answers(path, 9, CONFIG)
    answers.add(12, {"TOXICITY": 0.25})
    answers.end()
    answers.add(13, {"TOXICITY": 0.5})
    answers.add_unscorable(14)
    assert ({12: {"TOXICITY": 0.25}}, set()) == (answers.scores, answers.unscorable)
    assert [12] == list(Answers(path, 9, CONFIG).scores)


def test_what_cannot_be_written_is_not_counted(tmp_path: Path) -> None:
    """It is asked again."""
    (tmp_path / "file").touch()
    answers = Answers(tmp_path / "file" / "compare-7-9.jsonl", 9, CONFIG)
    with pytest.raises(OSError, match="compare-7-9|Not a directory|File exists"):
        answers.add(12, {"TOXICITY": 0.25})
    assert 12 not in answers
