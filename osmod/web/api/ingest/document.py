"""What the OpenAPI document says of ingest: bodies that FastAPI does not read, answers that no model makes."""

from __future__ import annotations

from typing import Any

from osmod.moderation.incoming import IncomingComment
from osmod.web.api.ingest.lines import LONGEST

NDJSON = "application/x-ndjson"

_ANSWER = {
    "type": "object",
    "required": ["line", "sourceId", "status"],
    "properties": {
        "line": {"type": "integer", "description": "the line, or the place in the list, counted from 1"},
        "sourceId": {"type": ["string", "null"]},
        "status": {"enum": ["created", "updated", "unchanged", "refused"]},
        "commentId": {"type": "integer"},
        "error": {
            "type": "object",
            "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
        },
    },
    "example": {"line": 1, "sourceId": "comment-1", "status": "created", "commentId": 12},
}


def _flat(schema: Any, definitions: dict[str, Any]) -> Any:
    """A schema without references: in the document they would point elsewhere."""
    if isinstance(schema, list):
        return [_flat(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        return _flat(definitions[reference.rpartition("/")[2]], definitions)
    return {key: _flat(value, definitions) for key, value in schema.items() if key != "$defs"}


def _comment() -> dict[str, Any]:
    schema = IncomingComment.model_json_schema()
    flat: dict[str, Any] = _flat(schema, schema["$defs"])
    return flat


_COMMENT = _comment()

#: Of the route that takes comments.
POSTED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"oneOf": [_COMMENT, {"type": "array", "items": _COMMENT}]},
                "example": _COMMENT["example"],
            },
            NDJSON: {
                "schema": {
                    "type": "string",
                    "description": f"a comment a line, each of at most {LONGEST} bytes; any number of them",
                }
            },
        },
    },
    "responses": {
        "200": {
            "description": "An answer for each comment; for one sent by itself, its own.",
            "content": {
                "application/json": {
                    "schema": {"oneOf": [_ANSWER, {"type": "array", "items": _ANSWER}]},
                },
                NDJSON: {"schema": {"type": "string", "description": "an answer a line, as they come"}},
            },
        },
        "201": {
            "description": "The one comment is new.",
            "content": {"application/json": {"schema": _ANSWER}},
        },
    },
}
