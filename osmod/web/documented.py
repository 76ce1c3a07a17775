"""What the OpenAPI document says of answers that refuse: each is described once, and routes refer to it.

`ours(…)` and `osmods(…)` are the `responses` of a route or a router; `describe` makes the document, with what they
refer to.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

#: What an answer with this status means, to whoever reads the document.
_MEANING = {
    400: "The body is no JSON.",
    401: "There is no token, or none that counts.",
    403: "The token's role does not allow this.",
    404: "There is nothing of this name.",
    408: "The body did not come in time.",
    409: "It cannot be done now, has to be confirmed, or there is no queue; `detail` says which.",
    413: "The body is too large.",
    415: "The body is of a kind that is not taken.",
    422: "A parameter makes no sense; `field` or `errors` say which.",
    429: "Too many tokens that do not count came from this address.",
    503: "Redis or the database is away; nothing was changed.",
}
#: Where OSMod's server means more by one, or another thing.
_OSMODS_MEANING = _MEANING | {
    400: "The body is no JSON, or names a task or a score request that there is not.",
    404: "There is no such comment, score, tag or other thing; `errors` says which.",
    409: "It cannot be done to this thing; `errors` says why.",
    422: "The body has another form: the first fault, in Joi's words. Or a value makes no sense: a sentence.",
}
#: Statuses that every route with a token has.
_ALWAYS = (401, 403, 422, 429, 503)

_TEXT = {"type": "string"}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "Problem": {
        "title": "Problem",
        "description": "Problem details (RFC 9457).",
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "What is wrong, and the remedy."},
            "instance": _TEXT,
            "field": {"type": "string", "description": "The parameter or field at fault."},
            "errors": {
                "type": "array",
                "description": "Each parameter or field at fault.",
                "items": {
                    "type": "object",
                    "required": ["field", "error"],
                    "properties": {"field": _TEXT, "error": _TEXT},
                },
            },
            "permission": {"type": "string", "description": "What the token's role lacks."},
            "limit": {"type": "integer", "description": "Bytes that there may be."},
            "count": {
                "type": "integer",
                "description": "How many are meant, where that has to be confirmed.",
            },
        },
    },
    "OsmodError": {
        "title": "OsmodError",
        "description": "How OSMod says that something went wrong.",
        "type": "object",
        "required": ["status", "errors"],
        "properties": {"status": {"const": "error"}, "errors": _TEXT},
        "additionalProperties": False,
    },
    "OsmodRefusal": {
        "title": "OsmodRefusal",
        "description": "How OSMod says who may not.",
        "type": "object",
        "required": ["error"],
        "properties": {"error": _TEXT},
        "additionalProperties": False,
    },
    "OsmodUnknownTask": {
        "title": "OsmodUnknownTask",
        "description": "How OSMod says that there is no such task.",
        "type": "object",
        "required": ["status", "error"],
        "properties": {"status": {"const": "error"}, "error": _TEXT},
        "additionalProperties": False,
    },
    "JoiFault": {
        "title": "JoiFault",
        "description": "What is wrong with a body, as Joi 17 tells it.",
        "type": "object",
        "required": ["message", "path", "type", "context"],
        "properties": {
            "message": {"type": "string", "examples": ['"data[0].commentId" is required']},
            "path": {"type": "array", "items": {"type": ["string", "integer"]}},
            "type": {"type": "string", "examples": ["any.required"]},
            "context": {"type": "object", "required": ["label"], "properties": {"label": _TEXT}},
        },
        "additionalProperties": False,
    },
    "OsmodBadBody": {
        "title": "OsmodBadBody",
        "description": "How OSMod says that a body has another form.",
        "type": "object",
        "required": ["status", "errors"],
        "properties": {
            "status": {"enum": ["request validation error", "error"]},
            "errors": {
                "type": "array",
                "items": {"$ref": "#/components/schemas/JoiFault"},
                "minItems": 1,
                "maxItems": 1,
            },
            "data": {"description": "The body; `/tasks` leaves it out."},
        },
        "additionalProperties": False,
    },
}
#: The schemas of an answer of OSMod's, where it is not `OsmodError` alone. 401 is a word, without a content type.
_OSMODS_FORM = {
    400: ("OsmodError", "OsmodUnknownTask"),
    401: (),
    403: ("OsmodRefusal",),
    422: ("OsmodBadBody", "OsmodError"),
}


def ours(*statuses: int) -> dict[int | str, Any]:
    """Problem details of these statuses; those that every route with a token has are added."""
    return _references("Problem", {*_ALWAYS, *statuses})


def osmods(*statuses: int) -> dict[int | str, Any]:
    """The same in OSMod's forms."""
    return _references("Osmod", {*_ALWAYS, *statuses})


def describe(app: FastAPI) -> dict[str, Any]:
    """The document of the app, made once."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary=app.summary,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        for operation in [one for path in document["paths"].values() for one in path.values()]:
            for answer in operation["responses"].values():
                if "$ref" in answer:  # beside it, FastAPI's description would stand in place of ours
                    del answer["description"]
        parts = document.setdefault("components", {})
        parts["schemas"] = dict(sorted({**parts.get("schemas", {}), **_SCHEMAS}.items()))
        parts["responses"] = _responses()
        app.openapi_schema = document
    return app.openapi_schema


def _references(kind: str, statuses: set[int]) -> dict[int | str, Any]:
    return {one: {"$ref": f"#/components/responses/{kind}{one}"} for one in sorted(statuses)}


def _responses() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, meaning in _MEANING.items():
        problem = {"application/problem+json": {"schema": _schema("Problem")}}
        found[f"Problem{status}"] = {"description": meaning, "content": problem}
    for status, meaning in _OSMODS_MEANING.items():
        forms = [_schema(name) for name in _OSMODS_FORM.get(status, ("OsmodError",))]
        told = {"schema": forms[0] if len(forms) == 1 else {"oneOf": forms}}
        content = {"content": {"application/json": told}} if forms else {}
        found[f"Osmod{status}"] = {"description": meaning, **content}
    return found


def _schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
