"""Asking a classifier of one's own, behind either kind of server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from osmod.loop import run
from osmod.scorers import BadAnswer, BadScorerConfig, Question, Unscorable, scorer_for
from tests.scorers.fake import Asked, Fake, Reply


def config(fake: Fake, **changes: Any) -> dict[str, Any]:
    return {
        "endpointType": "text-classification",
        "endpoint": fake.url + "/predict",
        "attributes": {"toxic": "TOXICITY", "insult": "INSULT"},
        **changes,
    }


def labels(**scores: float) -> list[dict[str, Any]]:
    return [{"label": label, "score": score} for label, score in scores.items()]


def ask(fake: Fake, *texts: str, **changes: Any) -> list[Any]:
    """What becomes of each: its summary scores, or its error."""
    scorer = scorer_for(5, config(fake, **changes))

    async def together() -> list[Any]:
        asked = (scorer.score(Question(1, text, len(text))) for text in texts)
        return await asyncio.gather(*asked, return_exceptions=True)

    return [one if isinstance(one, Exception) else one.score_data["summaryScores"] for one in run(together())]


def test_asks_text_embeddings_inference(fake: Fake) -> None:
    """Each text in a list of its own: two texts in one would be a pair. Labels that have no name are left out."""
    fake.answer([labels(toxic=0.75, neutral=0.25), labels(neutral=0.5, insult=0.25, toxic=0.125)])
    assert [{"TOXICITY": 0.75}, {"TOXICITY": 0.125, "INSULT": 0.25}] == ask(fake, "a", "b", apiKey="hf_1")
    (asked,) = fake.asked
    assert {"inputs": [["a"], ["b"]], "truncate": True} == asked.json
    assert "Bearer hf_1" == asked.headers["authorization"]


def test_labels_of_their_own_are_asked_for_raw(fake: Fake) -> None:
    """Its own way would make the labels' scores 1 together: what is both toxic and an insult would be half of each."""
    fake.answer([labels(toxic=0.0, insult=1000.0), labels(toxic=-1000.0, insult=0.0)])
    found = ask(fake, "a", "b", multiLabel=True, truncate=False)
    assert [{"TOXICITY": 0.5, "INSULT": 1.0}, {"TOXICITY": 0.0, "INSULT": 0.5}] == found
    assert {"inputs": [["a"], ["b"]], "truncate": False, "raw_scores": True} == fake.asked[0].json


def test_asks_pipelines_of_transformers(fake: Fake) -> None:
    """They give the best label alone unless they are asked for all."""
    fake.answer([labels(toxic=0.75, insult=0.5)])
    assert [{"TOXICITY": 0.75, "INSULT": 0.5}] == ask(fake, "a", server="transformers", multiLabel=True)
    parameters = {"top_k": None, "truncation": True, "function_to_apply": "sigmoid"}
    assert {"inputs": ["a"], "parameters": parameters} == fake.asked[0].json


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (labels(toxic=0.75, insult=0.25), [{"TOXICITY": 0.75, "INSULT": 0.25}]),
        ([labels(toxic=0.75)], [{"TOXICITY": 0.75}]),
        (labels(toxic=0.75, insult=0.25), [{"TOXICITY": 0.75}, {"INSULT": 0.25}]),
    ],
)
def test_other_forms_of_answers(fake: Fake, answer: Any, found: list[Any]) -> None:
    """The labels of a lone text alone, and the best label of each of several."""
    fake.answer(answer)
    assert found == ask(fake, *("text" for _ in found))


def test_batches_become_what_the_server_takes(fake: Fake) -> None:
    """It says 413 to more than it takes, which is found out once; so it does to one text that is too long."""

    def at_most_two(asked: Asked) -> Any:
        texts = [text for (text,) in asked.json["inputs"]]
        if len(texts) > 2 or "long" in texts:
            return Reply(status=413, json={"error": "batch size 5 > maximum", "error_type": "validation"})
        return [labels(toxic=len(text) / 10) for text in texts]

    fake.answer(at_most_two)
    scores = [{"TOXICITY": length / 10} for length in range(1, 5)]
    assert scores == ask(fake, "x", "xx", "xxx", "xxxx")
    assert [4, 2, 2] == [len(asked.json["inputs"]) for asked in fake.asked]
    del fake.asked[:]
    found = ask(fake, "x", "long", "xxx")
    assert [scores[0], scores[2]] == [found[0], found[2]]
    assert isinstance(found[1], Unscorable)
    assert [2, 1, 1, 1] == [len(asked.json["inputs"]) for asked in fake.asked]


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("with none of the labels of attributes in users.extra; its labels: LABEL_0", [labels(LABEL_0=0.5)]),
        ("with 2 results for 1 texts", [labels(toxic=0.5), labels(toxic=0.5)]),
        ("0.0.score = 1.5", [labels(toxic=1.5)]),
        ("the answer = {'labels'", {"labels": []}),
        ("the answer = None", None),
        ("with 0 results for 1 texts", []),
    ],
)
def test_answers_that_make_no_sense(fake: Fake, said: str, answer: Any) -> None:
    """By field and value."""
    fake.answer(answer)
    (error,) = ask(fake, "x")
    assert isinstance(error, BadAnswer)
    assert said in str(error)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"endpoint": None}, "endpoint in users.extra must be the http(s) URL"),
        ({"attributes": None}, "attributes in users.extra must be what labels mean"),
        ({"server": "vllm"}, "server in users.extra must be one of tei, transformers, is 'vllm'"),
        ({"server": ["tei"]}, "is ['tei']"),
        ({"multiLabel": 1}, "multiLabel in users.extra must be true or false, is 1"),
    ],
)
def test_a_bad_config_is_refused_by_field_and_value(fake: Fake, changes: dict[str, Any], said: str) -> None:
    """Before anything is asked."""
    with pytest.raises(BadScorerConfig) as refused:
        scorer_for(5, config(fake, **changes))
    assert said in str(refused.value)
