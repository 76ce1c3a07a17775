"""Faults are told as Joi tells them; those that OSMod was seen to tell are among the HTTP golden cases."""

from __future__ import annotations

import re
from typing import Any

import pytest

from osmod.web.api.osmod.assistant import ANSWER
from osmod.web.api.osmod.comment_actions import COMMENTS
from osmod.web.api.osmod.comment_scores import ADDED
from osmod.web.api.osmod.joi import Array, Number, Object, OneOf, Optional, Schema, String, first_fault
from osmod.web.api.osmod.tasks import TASK

SPAN = {"tagId": "4", "annotationStart": 0, "annotationEnd": 5}
HUGE = {"annotationEnd": 2**53}
SCORES = {"scores": {"SPAM": [{"score": 0.5}]}, "summaryScores": {"SPAM": 0.5}}


@pytest.mark.parametrize(
    ("schema", "body"),
    [
        (COMMENTS, {"data": []}),
        (COMMENTS, {"data": {"commentId": " "}, "runImmediately": False}),
        (ADDED, {"data": SPAN}),
        (ADDED, {"data": [SPAN, SPAN]}),
        (ADDED, {"data": SPAN | {"annotationStart": -0.5}}),
        (ANSWER, SCORES),
        (ANSWER, {"scores": {}, "summaryScores": {}, "runImmediately": True}),
        (TASK, {"data": {"anything": [1]}}),
        (TASK, {"data": [None]}),
    ],
)
def test_right(schema: Schema, body: Any) -> None:
    """Nothing is wrong with these."""
    assert first_fault(schema, body) is None


@pytest.mark.parametrize(
    ("schema", "body", "type_", "message"),
    [
        (COMMENTS, {"data": None}, "alternatives.types", '"data" must be one of [array, object]'),
        (COMMENTS, {"data": [{"commentId": True}]}, "string.base", '"data[0].commentId" must be a string'),
        (COMMENTS, {"data": [], "runImmediately": 1}, "boolean.base", '"runImmediately" must be a boolean'),
        (COMMENTS, {"data": [], "a": 1, "b": 2}, "object.unknown", '"a" is not allowed'),
        (COMMENTS, {"data": [{}], "a": 1}, "any.required", '"data[0].commentId" is required'),
        (
            ADDED,
            {"data": SPAN | {"annotationStart": True}},
            "number.base",
            '"data.annotationStart" must be a number',
        ),
        (
            ADDED,
            {"data": SPAN | {"annotationEnd": 2**53}},
            "number.unsafe",
            '"data.annotationEnd" must be a safe number',
        ),
        (ADDED, {"data": [SPAN, 1]}, "object.base", '"data[1]" must be of type object'),
        (ANSWER, SCORES | {"scores": {"Spam": []}}, "object.unknown", '"scores.Spam" is not allowed'),
        (ANSWER, SCORES | {"scores": {"SPAM": {}}}, "array.base", '"scores.SPAM" must be an array'),
        (ANSWER, SCORES | {"scores": {"A": [{}]}}, "any.required", '"scores.A[0].score" is required'),
        (ANSWER, SCORES | {"scores": {"x": 1, "A": 1}}, "array.base", '"scores.A" must be an array'),
        (TASK, {"data": 1}, "alternatives.types", '"data" must be one of [array, object]'),
    ],
)
def test_wrong(schema: Schema, body: Any, type_: str, message: str) -> None:
    """The first fault only: keys in the schema's order, then those that fit its pattern, then the unknown."""
    fault = first_fault(schema, body)
    assert fault
    assert (type_, message) == (fault.type, fault.as_json()["message"])


def test_a_number_that_is_too_small_names_its_reference() -> None:
    """As JSON shows the object that Joi keeps for it."""
    fault = first_fault(ADDED, {"data": SPAN | {"annotationStart": 5}})
    assert fault
    told = fault.as_json()
    assert '"data.annotationEnd" must be greater than ref:annotationStart' == told["message"]
    assert ["limit", "label", "value", "key"] == list(told["context"])
    assert {"key": "annotationStart", "ancestor": 1, "display": "ref:annotationStart"}.items() <= told[
        "context"
    ]["limit"].items()


def test_what_schemas_say_of_themselves() -> None:
    """The same as JSON Schema, for the API's document."""
    schema = Object(
        {"a": Array(String()), "b": Optional(OneOf((Number(), Object(pattern=(re.compile("x+"), Number())))))}
    )
    assert {
        "type": "object",
        "additionalProperties": False,
        "required": ["a"],
        "properties": {
            "a": {"type": "array", "items": {"type": "string", "minLength": 1}},
            "b": {
                "oneOf": [
                    {"type": "number"},
                    {
                        "type": "object",
                        "additionalProperties": False,
                        "patternProperties": {"^x+$": {"type": "number"}},
                    },
                ]
            },
        },
    } == schema.described()


def test_many_keys() -> None:
    """Are looked at one by one, not each beside all others: a body holds 200,000 of them."""
    compared = 0

    class Key(str):
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str(self) == other

    keys = [Key("A" * length) for length in range(1, 201)]
    assert first_fault(ANSWER, SCORES | {"summaryScores": dict.fromkeys(keys, 0.5)}) is None
    assert compared <= len(keys)
