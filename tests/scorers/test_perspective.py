"""Asking the Perspective API, and services that answer as it does."""

from __future__ import annotations

import logging
import socket
from typing import Any

import pytest

from osmod.loop import run
from osmod.scorers import KeyRefused, Question, ScorerError, scorer_for
from tests.scorers.fake import Fake, Reply

QUESTION = Question(7, "You fool &amp; you", 41, ("Body of article 1", "Parent text"))
SUMMARY = {"value": 0.4, "type": "PROBABILITY"}


def config(url: str, **changes: Any) -> dict[str, Any]:
    return {
        "endpointType": "perspective-api",
        "endpoint": url,
        "apiKey": "se cret&key",
        "userAgent": "OsmodAssistant/1",
        "attributes": {"TOXICITY": {}, "SPAM": {"scoreType": "PROBABILITY", "scoreThreshold": 0.1}},
        **changes,
    }


def url_of(fake: Fake) -> str:
    return fake.url + "/analyze"


def ask(fake: Fake, **changes: Any) -> dict[str, Any]:
    scored = run(scorer_for(3, config(url_of(fake), **changes)).score(QUESTION))
    assert scored
    return scored.score_data


def test_asks_as_osmod_does(fake: Fake) -> None:
    """The request has OSMod's body, and the key and the endpoint's own parameters in the query."""
    ask(fake, endpoint=url_of(fake) + "?alt=json&key=old")
    assert [asked.json for asked in fake.asked] == [
        {
            "comment": {"text": "You fool &amp; you"},
            "context": {"entries": [{"text": "Body of article 1"}, {"text": "Parent text"}]},
            "requestedAttributes": {
                "TOXICITY": {},
                "SPAM": {"scoreType": "PROBABILITY", "scoreThreshold": 0.1},
            },
            "languages": ["en"],
            "clientToken": "OsmodAssistant/1_request7",
            "spanAnnotations": True,
        }
    ]
    assert [asked.query for asked in fake.asked] == [{"alt": ["json"], "key": ["se cret&key"]}]
    assert [asked.path for asked in fake.asked] == ["/analyze"]


def test_a_missing_user_agent_is_undefined_and_a_missing_key_is_left_out(fake: Fake) -> None:
    """Without `userAgent` the token begins as OSMod's does; a service of one's own may do without a key."""
    ask(fake, userAgent=None, apiKey=None)
    assert fake.asked[0].json["clientToken"] == "undefined_request7"
    assert [asked.query for asked in fake.asked] == [{}]


def test_unpacks_versions_spans_and_summaries(fake: Fake) -> None:
    """Versions go; without spans the summary gets one over the raw text; OSMod's case send_versioned_…"""
    fake.answer(
        {
            "attributeScores": {
                "TOXICITY@6": {"summaryScore": SUMMARY},
                "SPAM@1": {
                    "spanScores": [{"begin": 1, "end": 2, "score": {"value": 0.3}}, {"score": SUMMARY}]
                },
                "OBSCENE": {"spanScores": [], "summaryScore": {"value": 1}},
            },
            "languages": ["en"],
        }
    )
    assert ask(fake) == {
        "scores": {
            "TOXICITY": [{"score": 0.4, "begin": 0, "end": 41}],
            "SPAM": [{"score": 0.3, "begin": 1, "end": 2}, {"score": 0.4}],
            "OBSCENE": [{"score": 1, "begin": 0, "end": 41}],
        },
        "summaryScores": {"TOXICITY": 0.4, "OBSCENE": 1},
    }


def test_a_missing_summary_is_logged(fake: Fake, caplog: pytest.LogCaptureFixture) -> None:
    """An attribute without a summary score is reported in OSMod's words, by its full name."""
    fake.answer({"attributeScores": {"SPAM@1": {"spanScores": None}}})
    assert ask(fake) == {"scores": {}, "summaryScores": {}}
    assert "Request 7: Strangely there are no summary scores for SPAM@1" in caplog.messages


@pytest.mark.parametrize("answer", [{}, {"attributeScores": {}}, {"attributeScores": None}])
def test_an_answer_without_scores_is_an_answer(fake: Fake, answer: Any) -> None:
    """A service that has nothing to say of a comment has answered."""
    fake.answer(Reply(body=answer) if isinstance(answer, bytes) else answer)
    assert ask(fake) == {"scores": {}, "summaryScores": {}}


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("'<html>', which is no JSON", b"<html>"),
        ("the answer = None: Input should be", b""),
        ("no JSON", b"[" * 100_000),
        ("'�', which is no JSON", b"\xff"),
        ("the answer = []: Input should be", []),
        ("attributeScores = 3: Input should be", {"attributeScores": 3}),
        ("attributeScores.T = None: Input should be", {"attributeScores": {"T": None}}),
        (
            "attributeScores.T.summaryScore.value = 'high': Input should be a valid number",
            {"attributeScores": {"T": {"summaryScore": {"value": "high"}}}},
        ),
        (
            "attributeScores.T.summaryScore.value = True: Input should be a valid number",
            {"attributeScores": {"T": {"summaryScore": {"value": True}}}},
        ),
        (
            "attributeScores.T.summaryScore.value = 1.01: Input should be less than or equal to 1",
            {"attributeScores": {"T": {"summaryScore": {"value": 1.01}}}},
        ),
        ("NaN is no number of JSON", {"attributeScores": {"T": {"summaryScore": {"value": float("nan")}}}}),
        (
            "attributeScores.T.spanScores.0.begin = -1: Input should be greater than or equal to 0",
            {"attributeScores": {"T": {"spanScores": [{"begin": -1, "end": 2, "score": SUMMARY}]}}},
        ),
        (
            "the span ends before it begins",
            {"attributeScores": {"T": {"spanScores": [{"begin": 3, "end": 2, "score": SUMMARY}]}}},
        ),
        (
            "attributeScores.T.spanScores.0.score = {'end': 2}: Field required",
            {"attributeScores": {"T": {"spanScores": [{"end": 2}]}}},
        ),
        ("an attribute's name has 1 to 255 characters", {"attributeScores": {"@6": {}}}),
        ("at most 500 items", {"attributeScores": {f"A{n}": {"summaryScore": SUMMARY} for n in range(501)}}),
        ("more than 4194304 bytes", b" " * (4 * 1024 * 1024 + 1)),
    ],
)
def test_a_malformed_answer_is_refused_by_field_and_value(fake: Fake, said: str, answer: Any) -> None:
    """What cannot be a score never becomes one: the error names where it stood and what it was."""
    fake.answer(Reply(body=answer) if isinstance(answer, bytes) else answer)
    with pytest.raises(ScorerError) as refused:
        ask(fake)
    assert said in str(refused.value)
    assert f"scorer 3 ({url_of(fake)})" in str(refused.value)


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (400, {"error": {"code": 400, "message": "bad"}}, "answered 400: bad"),
        (403, {"error": {"message": "key se cret&key is wrong"}}, "answered 403: key … is wrong"),
        (500, b"", "answered 500"),
        (502, b"<h1>Bad gateway</h1>", "answered 502: <h1>Bad gateway</h1>"),
        (301, b"", "answered 301"),
    ],
)
def test_a_refusal_carries_status_and_the_services_own_words(
    fake: Fake, status: int, answer: Any, said: str
) -> None:
    """Any other status than 2xx is an error with that status; redirects are not followed."""
    fake.answer(Reply(status=status, **{"body" if isinstance(answer, bytes) else "json": answer}))
    with pytest.raises(ScorerError) as refused:
        ask(fake)
    assert f"scorer 3 ({url_of(fake)}) {said}" == str(refused.value)


def test_a_service_that_is_not_there_is_named(fake: Fake) -> None:
    """A refused connection is told as such."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/analyze"
        with pytest.raises(ScorerError) as refused:
            ask(fake, endpoint=url)
    assert str(refused.value).startswith(f"scorer 3 ({url}) is not reached: ")


def test_a_service_that_hangs_up_is_named(fake: Fake) -> None:
    """A connection that closes without an answer is told as such."""
    fake.answer(Reply(cut=-1))
    with pytest.raises(ScorerError, match="hung up"):
        ask(fake)


def test_the_key_is_in_no_log_and_no_message(fake: Fake, caplog: pytest.LogCaptureFixture) -> None:
    """Even at the finest level the key stays out of logs and of errors."""
    caplog.set_level(logging.DEBUG)
    fake.answer(Reply(status=400, body=b"se cret&key"))
    with pytest.raises(ScorerError) as refused:
        ask(fake)
    for shown in (caplog.text, str(refused.value), repr(refused.value)):
        assert "cret" not in shown


def test_connections_are_kept(fake: Fake) -> None:
    """Comments share a connection: no handshake for each of them."""
    for _ in range(5):
        ask(fake)
    assert len(fake.connections) == 1


def test_a_long_text_is_cut_and_said_to_be(fake: Fake) -> None:
    """Perspective refuses more than 20,480 bytes: what is sent ends with a whole character, which the score says."""
    text = "x" + "é" * 10_300
    scored = run(scorer_for(3, config(url_of(fake))).score(Question(7, text, len(text), ("a" * 30_000,))))
    assert scored
    assert scored.score_data["extra"] == {"truncated": {"bytes": 20_479, "of": 20_601}}
    assert fake.asked[0].json["comment"]["text"] == "x" + "é" * 10_239
    assert len(fake.asked[0].json["context"]["entries"][0]["text"]) == 20_480


def test_a_text_that_just_fits_is_sent_whole(fake: Fake) -> None:
    """Bytes count, not characters."""
    scored = run(scorer_for(3, config(url_of(fake))).score(Question(7, "é" * 10_240, 10_240)))
    assert scored
    assert "extra" not in scored.score_data


def test_languages_and_storing_are_as_configured(fake: Fake) -> None:
    """`languages` replaces OSMod's English, an empty list lets the service find out; `doNotStore` is sent if true."""
    ask(fake, languages=["nl", "de"], doNotStore=True)
    ask(fake, languages=[], doNotStore=False)
    first, second = (asked.json for asked in fake.asked)
    assert (["nl", "de"], True) == (first["languages"], first["doNotStore"])
    assert [] == second["languages"]
    assert "doNotStore" not in second


def test_google_refuses_keys_with_a_400(fake: Fake) -> None:
    """It is the key that is refused, not the text."""
    reason = {"error": {"message": "API key not valid.", "details": [{"reason": "API_KEY_INVALID"}]}}
    fake.answer(Reply(status=400, json=reason))
    with pytest.raises(KeyRefused, match="answered 400: API key not valid"):
        ask(fake)
