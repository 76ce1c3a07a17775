"""Asking the Perspective API, and services that answer as it does."""

from __future__ import annotations

import logging
import socket
from typing import Any

import pytest

from osmod.outgoing.loop import run
from osmod.scorers import BadScorerConfig, Question, ScorerError, scorer_for
from osmod.scorers.perspective import ANALYZE, PerspectiveScorer
from tests.scorers.conftest import Service

QUESTION = Question(7, "You fool &amp; you", 41, ("Body of article 1", "Parent text"))
SUMMARY = {"value": 0.4, "type": "PROBABILITY"}


def config(service: Service, **changes: Any) -> dict[str, Any]:
    return {
        "endpointType": "perspective-api",
        "endpoint": service.url,
        "apiKey": "se cret&key",
        "userAgent": "OsmodAssistant/1",
        "attributes": {"TOXICITY": {}, "SPAM": {"scoreType": "PROBABILITY", "scoreThreshold": 0.1}},
        **changes,
    }


def ask(service: Service, **changes: Any) -> dict[str, Any]:
    scored = run(scorer_for(3, config(service, **changes)).score(QUESTION))
    assert scored
    return scored.score_data


def test_asks_as_osmod_does(service: Service) -> None:
    """The request has OSMod's body, and the key and the endpoint's own parameters in the query."""
    ask(service, endpoint=service.url + "?alt=json&key=old")
    assert service.bodies == [
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
    assert service.queries == [{"alt": ["json"], "key": ["se cret&key"]}]
    assert service.paths == ["/analyze"]


def test_a_missing_user_agent_is_undefined_and_a_missing_key_is_left_out(service: Service) -> None:
    """Without `userAgent` the token begins as OSMod's does; a service of one's own may do without a key."""
    ask(service, userAgent=None, apiKey=None)
    assert service.bodies[0]["clientToken"] == "undefined_request7"
    assert service.queries == [{}]


def test_unpacks_versions_spans_and_summaries(service: Service) -> None:
    """Versions go; without spans the summary gets one over the raw text; OSMod's case send_versioned_…"""
    service.answer = {
        "attributeScores": {
            "TOXICITY@6": {"summaryScore": SUMMARY},
            "SPAM@1": {"spanScores": [{"begin": 1, "end": 2, "score": {"value": 0.3}}, {"score": SUMMARY}]},
            "OBSCENE": {"spanScores": [], "summaryScore": {"value": 1}},
        },
        "languages": ["en"],
    }
    assert ask(service) == {
        "scores": {
            "TOXICITY": [{"score": 0.4, "begin": 0, "end": 41}],
            "SPAM": [{"score": 0.3, "begin": 1, "end": 2}, {"score": 0.4}],
            "OBSCENE": [{"score": 1, "begin": 0, "end": 41}],
        },
        "summaryScores": {"TOXICITY": 0.4, "OBSCENE": 1},
    }


def test_a_missing_summary_is_logged(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """An attribute without a summary score is reported in OSMod's words, by its full name."""
    service.answer = {"attributeScores": {"SPAM@1": {"spanScores": None}}}
    assert ask(service) == {"scores": {}, "summaryScores": {}}
    assert "Request 7: Strangely there are no summary scores for SPAM@1" in caplog.messages


@pytest.mark.parametrize("answer", [{}, {"attributeScores": {}}, {"attributeScores": None}])
def test_an_answer_without_scores_is_an_answer(service: Service, answer: Any) -> None:
    """A service that has nothing to say of a comment has answered."""
    service.answer = answer
    assert ask(service) == {"scores": {}, "summaryScores": {}}


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("'<html>', which is no JSON", b"<html>"),
        ("'', which is no JSON", b""),
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
        ("more than 4194304 bytes", b" " * (4 * 1024 * 1024 + 1)),
    ],
)
def test_a_malformed_answer_is_refused_by_field_and_value(service: Service, said: str, answer: Any) -> None:
    """What cannot be a score never becomes one: the error names where it stood and what it was."""
    service.answer = answer
    with pytest.raises(ScorerError) as refused:
        ask(service)
    assert said in str(refused.value)
    assert f"scorer 3 ({service.url})" in str(refused.value)


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
    service: Service, status: int, answer: Any, said: str
) -> None:
    """Any other status than 2xx is an error with that status; redirects are not followed."""
    service.status, service.answer = status, answer
    with pytest.raises(ScorerError) as refused:
        ask(service)
    assert f"scorer 3 ({service.url}) {said}" == str(refused.value)


def test_a_service_that_is_not_there_is_named(service: Service) -> None:
    """A refused connection is told as such."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/analyze"
        with pytest.raises(ScorerError) as refused:
            ask(service, endpoint=url)
    assert str(refused.value).startswith(f"scorer 3 ({url}) is not reached: ")


def test_a_service_that_hangs_up_is_named(service: Service) -> None:
    """A connection that closes without an answer is told as such."""
    service.hangs_up = True
    with pytest.raises(ScorerError, match="hung up: Server disconnected"):
        ask(service)


def test_the_key_is_in_no_log_and_no_message(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """Even at the finest level the key stays out of logs, httpcore's among them, and out of errors."""
    caplog.set_level(logging.DEBUG)
    service.status, service.answer = 400, b"se cret&key"
    with pytest.raises(ScorerError) as refused:
        ask(service)
    assert "receive_response_headers.complete" in caplog.text
    for shown in (caplog.text, str(refused.value), repr(refused.value)):
        assert "cret" not in shown


def test_connections_are_kept(service: Service) -> None:
    """Comments share a connection: no handshake for each of them."""
    for _ in range(5):
        ask(service)
    assert len(service.connections) == 1


@pytest.mark.parametrize(
    "discovery",
    [
        "https://commentanalyzer.googleapis.com/$discovery/rest?version=v1alpha1",
        "https://commentanalyzer.googleapis.com/%24discovery/rest?version=v1alpha1",
        "https://commentanalyzer.googleapis.com/$discovery/rest",
        "http://commentanalyzer.googleapis.com/",
        "https://commentanalyzer.googleapis.com",
        "https://www.googleapis.com/discovery/v1/apis/commentanalyzer/v1alpha1/rest",
    ],
)
def test_the_known_services_discovery_document_stands_for_its_endpoint(discovery: str) -> None:
    """OSMod is configured with a discovery document; it is mapped, never fetched."""
    scorer = PerspectiveScorer(3, {"endpoint": discovery, "attributes": {"TOXICITY": {}}})
    assert scorer._endpoint._url == ANALYZE


def test_other_parameters_of_a_discovery_url_stay() -> None:
    """Only what belongs to discovery is dropped from the query."""
    endpoint = "https://commentanalyzer.googleapis.com/$discovery/rest?version=v1alpha1&quotaUser=osmod"
    scorer = PerspectiveScorer(3, {"endpoint": endpoint, "apiKey": "k", "attributes": {"TOXICITY": {}}})
    assert scorer._endpoint._url == ANALYZE + "?quotaUser=osmod&key=k"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"endpoint": None}, "endpoint in users.extra must be the http(s) URL that comments are posted to"),
        ({"endpoint": 5}, "endpoint in users.extra must be a text, is 5"),
        ({"endpoint": "ftp://example.com/x"}, "is 'ftp://example.com/x'; for the Perspective API that is"),
        ({"endpoint": "http://example.com:x"}, "is 'http://example.com:x'"),
        ({"endpoint": "http://u:secret@/x?key=secret"}, "is 'http:///x'"),
        ({"endpoint": "https://mine.example/$discovery/rest?version=v1"}, "is 'https://mine.example/$disc"),
        ({"apiKey": 12345}, "apiKey in users.extra must be a text, is a int"),
        ({"attributes": None}, "attributes in users.extra must be what to score"),
        ({"attributes": {}}, 'such as {"TOXICITY": {}}, is {}'),
        ({"attributes": ["TOXICITY"]}, "is ['TOXICITY']"),
        ({"attributes": {"TOXICITY": 1}}, "is {'TOXICITY': 1}"),
    ],
)
def test_a_bad_config_is_refused_by_field_and_value(changes: dict[str, Any], said: str) -> None:
    """What cannot work is refused before any comment is sent, with the field, its value and the remedy."""
    with pytest.raises(BadScorerConfig) as refused:
        scorer_for(3, config(Service("http://127.0.0.1:9/analyze"), **changes))
    assert str(refused.value).startswith("scorer 3: ")
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)
