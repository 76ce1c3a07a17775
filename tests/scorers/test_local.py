"""The model that needs no network."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from osmod.loop import run
from osmod.scorers import BadScorerConfig, Question, Scored, local_model, scorer_for
from osmod.scorers.local import MOST_SPANS, sentences

LOCAL = {"endpointType": "local"}


def ask(text: str, length: int | None = None) -> dict[str, Any]:
    scored = run(scorer_for(9, LOCAL).score(Question(1, text, length or len(text))))
    assert scored
    return scored.score_data


def test_scores_the_whole_and_each_sentence() -> None:
    """The summary is the whole text's score; the insult's own sentence scores high, the thanks low."""
    text = "Thanks for the article. You are an idiot!"
    answer = ask(text)
    thanks, insult = answer["scores"]["TOXICITY"]
    assert {name: thanks[name] for name in ("begin", "end")} == {"begin": 0, "end": 23}
    assert {name: insult[name] for name in ("begin", "end")} == {"begin": 24, "end": 41}
    assert thanks["score"] < 0.2 < 0.9 < insult["score"]
    assert set(answer["summaryScores"]) == {"TOXICITY"}
    assert 0 <= answer["summaryScores"]["TOXICITY"] <= 1


def test_one_sentence_has_the_summarys_score() -> None:
    """A text of one sentence is scored once."""
    answer = ask("  Thanks a lot \n", 16)
    score = answer["summaryScores"]["TOXICITY"]
    assert answer["scores"]["TOXICITY"] == [{"score": score, "begin": 2, "end": 14}]


def test_offsets_are_utf16_units() -> None:
    """A character beyond the basic plane counts twice, as in the moderators' browsers."""
    answer = ask("👍 Good. 👍👍 Fine.", 20)
    assert [(s["begin"], s["end"]) for s in answer["scores"]["TOXICITY"]] == [(0, 8), (9, 19)]


@pytest.mark.parametrize("text", ["", "  \n ", "\ud83d", "&amp;", "x" * 20_000])
def test_any_text_has_a_score(text: str) -> None:
    """Empty, broken and huge texts are scored like any other."""
    answer = ask(text)
    assert 0 <= answer["summaryScores"]["TOXICITY"] <= 1
    assert len(answer["scores"]["TOXICITY"]) == bool(text.strip())


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        (["One.", "Two!", "Three"], "One. Two! Three"),
        (["First line", "Second."], "First line\n\n  Second.\r\n"),
        (['He said "no."', "(Really?)"], 'He said "no." (Really?)'),
        (["Version 3.11 is out..."], "Version 3.11 is out..."),
        (["...", "so"], "...\nso"),
        ([], " \n\t"),
    ],
)
def test_sentences(parts: list[str], text: str) -> None:
    """Sentences end at their marks, with closing quotes, and at the end of a line; blanks belong to none."""
    assert [text[begin:end] for begin, end in sentences(text)] == parts


def test_a_long_text_has_a_bounded_number_of_spans() -> None:
    """Neighbouring sentences are joined, none is dropped."""
    text = "So. " * 10_000
    found = sentences(text)
    assert len(found) == MOST_SPANS
    assert (found[0][0], found[-1][1]) == (0, len(text) - 1)


def test_threads_get_what_a_lone_caller_gets() -> None:
    """Scores do not depend on which comments were scored together."""
    texts = [
        f"Comment number {number}. You are {word}." for number in range(8) for word in ("a fool", "kind")
    ]
    alone = [ask(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, texts)) == alone


def test_comments_at_the_same_time_are_scored_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """One call of the model is for all of them."""
    calls: list[Sequence[str]] = []

    def predict(texts: Sequence[str]) -> list[float]:
        calls.append(texts)
        return [len(text) / 100 for text in texts]

    monkeypatch.setattr(local_model, "predict", predict)
    texts = ["a" * length for length in range(1, 21)]

    async def ask_all() -> list[Scored | None]:
        return await asyncio.gather(
            *(scorer_for(9, LOCAL).score(Question(1, text, len(text))) for text in texts)
        )

    scored = run(ask_all())
    assert [len(text) / 100 for text in texts] == [
        one.score_data["summaryScores"]["TOXICITY"] for one in scored if one
    ]
    assert [texts] == calls


def test_a_missing_package_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra `local` the config is refused, saying what to install."""
    monkeypatch.setattr(local_model, "is_installed", lambda: False)
    with pytest.raises(BadScorerConfig, match=r"run: pip install osmod-worker\[local\]"):
        scorer_for(10, LOCAL)


def test_the_models_arithmetic_is_the_packages_own() -> None:
    """Left out are only scikit-learn's checks: the probabilities are those of `predict_prob`."""
    from profanity_check import predict_prob  # not before it is needed: it takes a second to import

    texts = ["You are an idiot", "", "Thanks a lot", "I am a gay man", "The bus was late. " * 50]
    assert local_model.predict(texts) == pytest.approx(list(predict_prob(texts)), abs=1e-12)


def test_the_model_is_biased_as_documented() -> None:
    """The reason why no rule may reject by this scorer alone, below a very high score."""
    assert local_model.predict(["I am a gay man"]) == [pytest.approx(0.95, abs=0.01)]


def test_nothing_to_predict() -> None:
    """No texts have no scores."""
    assert local_model.predict([]) == []


def test_the_model_holds_up_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it computes, the event loop serves those who wait for other scorers."""
    computing, may_go_on = threading.Event(), threading.Event()

    def predict(texts: Sequence[str]) -> list[float]:
        computing.set()
        assert may_go_on.wait(120)
        return [0.5] * len(texts)

    monkeypatch.setattr(local_model, "predict", predict)
    with ThreadPoolExecutor(1) as pool:
        scored = pool.submit(ask, "Hello")
        assert computing.wait(120)
        assert run(asyncio.sleep(0, "served")) == "served"
        may_go_on.set()
        assert scored.result()["summaryScores"] == {"TOXICITY": 0.5}
