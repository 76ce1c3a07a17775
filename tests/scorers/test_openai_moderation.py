"""Asking OpenAI's moderation endpoint, and services that answer as it does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from osmod.loop import run
from osmod.scorers import BadAnswer, BadScorerConfig, KeyRefused, Question, Scored, Unscorable, scorer_for
from osmod.scorers.openai_moderation import ENDPOINT, OpenaiModerationScorer
from tests.scorers.fake import Asked, Fake, Reply
from tests.waiting import until


def config(fake: Fake, **changes: Any) -> dict[str, Any]:
    url = fake.url + "/v1/moderations"
    return {"endpointType": "openai-moderation", "endpoint": url, "apiKey": "sk-1", **changes}


def result(**scores: float | None) -> dict[str, Any]:
    return {"flagged": False, "categories": {}, "category_scores": scores}


def by_length(asked: Asked) -> Any:
    """A score that says which text it is of; a text that is called so is refused, and all beside it."""
    if "refused" in asked.json["input"]:
        return Reply(status=400, json={"error": {"message": "no", "type": "invalid_request_error"}})
    return {"results": [result(hate=len(text) / 100) for text in asked.json["input"]]}


def ask(fake: Fake, *texts: str, **changes: Any) -> list[Any]:
    """What becomes of each."""
    scorer = scorer_for(4, config(fake, **changes))

    async def together() -> list[Any]:
        asked = (scorer.score(Question(1, text, len(text))) for text in texts)
        return await asyncio.gather(*asked, return_exceptions=True)

    return run(together())


def test_asks_and_unpacks(fake: Fake) -> None:
    """Each category is an attribute, over the whole text; what older models do not score is left out."""
    fake.answer({"results": [result(**{"hate": 0.25, "self-harm/intent": 1, "illicit": None})]})
    scored = Scored(
        {
            "scores": {
                "HATE": [{"score": 0.25, "begin": 0, "end": 7}],
                "SELF_HARM_INTENT": [{"score": 1, "begin": 0, "end": 7}],
            },
            "summaryScores": {"HATE": 0.25, "SELF_HARM_INTENT": 1},
        }
    )
    assert [scored] == ask(fake, "Hello👍")
    (asked,) = fake.asked
    assert {"model": "omni-moderation-latest", "input": ["Hello👍"]} == asked.json
    assert ("/v1/moderations", "Bearer sk-1") == (asked.path, asked.headers["authorization"])


def test_categories_are_named_by_configuration(fake: Fake) -> None:
    """Those that are not named are left out."""
    fake.answer({"results": [result(hate=0.25, harassment=0.5)]})
    (scored,) = ask(fake, "x", attributes={"hate": "IDENTITY_ATTACK", "sexual": "SEXUAL"}, model="m")
    assert {"IDENTITY_ATTACK": 0.25} == scored.score_data["summaryScores"]
    assert "m" == fake.asked[0].json["model"]


def test_attributes_that_name_no_category(fake: Fake) -> None:
    """A spelling mistake is no comment without scores: the answer says which categories there are."""
    fake.answer({"results": [result(hate=0.25, harassment=0.5)]})
    (failed,) = ask(fake, "x", attributes={"hatred": "IDENTITY_ATTACK"})
    assert isinstance(failed, BadAnswer)
    assert str(failed).endswith(
        "answered with none of the categories of attributes in users.extra; its categories: harassment, hate"
    )


def test_comments_at_the_same_time_share_requests(fake: Fake) -> None:
    """As many as are allowed; each gets its own score."""
    fake.answer(by_length)
    found = ask(fake, *("x" * length for length in range(1, 8)), batch=3)
    assert [length / 100 for length in range(1, 8)] == [s.score_data["summaryScores"]["HATE"] for s in found]
    assert [3, 3, 1] == [len(asked.json["input"]) for asked in fake.asked]


def test_a_text_that_is_refused_fails_alone(fake: Fake) -> None:
    """Those that were asked with it are scored."""
    fake.answer(by_length)
    first, second, third = ask(fake, "x", "refused", "xxx")
    assert (0.01, 0.03) == tuple(one.score_data["summaryScores"]["HATE"] for one in (first, third))
    assert isinstance(second, Unscorable)


def test_a_key_that_is_refused_is_refused_once(fake: Fake) -> None:
    """For all that were asked together."""
    fake.answer(Reply(status=401, json={"error": {"message": "Incorrect API key provided"}}))
    assert [KeyRefused, KeyRefused] == [type(error) for error in ask(fake, "x", "y")]
    assert 1 == len(fake.asked)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("with 2 results for 1 texts", {"results": [result(), result()]}),
        ("results.0.category_scores.hate = 'high'", {"results": [{"category_scores": {"hate": "high"}}]}),
        ("results.0.category_scores.hate = 1.5", {"results": [{"category_scores": {"hate": 1.5}}]}),
        ("results = {}: Field required", {}),
        ("at most 500 items", {"results": [{"category_scores": {f"a{n}": 0.5 for n in range(501)}}]}),
    ],
)
def test_answers_that_make_no_sense(fake: Fake, said: str, answer: Any) -> None:
    """By field and value."""
    fake.answer(answer)
    (error,) = ask(fake, "x")
    assert isinstance(error, BadAnswer)
    assert said in str(error)


def test_one_whose_time_is_over_leaves_the_others(fake: Fake) -> None:
    """Its place in the request stays, its answer is nobody's."""
    fake.answer(by_length)
    fake.hold()
    scorer = scorer_for(4, config(fake))

    async def scene() -> Any:
        first = asyncio.create_task(scorer.score(Question(1, "x", 1)))
        second = asyncio.create_task(scorer.score(Question(2, "xx", 2)))
        await asyncio.to_thread(until, lambda: fake.in_flight)
        first.cancel()
        fake.release()
        return await second

    assert 0.02 == run(scene()).score_data["summaryScores"]["HATE"]


def test_openais_own_endpoint_is_the_default() -> None:
    """Only a key is needed."""
    assert OpenaiModerationScorer(4, {"apiKey": "sk-1"})._endpoint._url == ENDPOINT


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"endpoint": "x"},
            "endpoint in users.extra must be the http(s) URL that comments are posted to, is 'x'",
        ),
        ({"batch": 0}, "batch in users.extra must be a whole number from 1 to 1024, is 0"),
        ({"batch": True}, "is True"),
        ({"attributes": ["hate"]}, "attributes in users.extra must be an object of names"),
        ({"attributes": {"hate": ""}}, "is {'hate': ''}"),
    ],
)
def test_a_bad_config_is_refused_by_field_and_value(fake: Fake, changes: dict[str, Any], said: str) -> None:
    """Before anything is asked."""
    with pytest.raises(BadScorerConfig) as refused:
        scorer_for(4, config(fake, **changes))
    assert said in str(refused.value)
