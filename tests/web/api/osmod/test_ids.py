"""Ids in paths and bodies are read as JavaScript reads them, and refused where it makes nothing of them."""

from __future__ import annotations

import pytest

from osmod.moderation.errors import BadPayload
from osmod.web.api.osmod.ids import parse_int, row_id


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12),
        ("1abc", 1),
        (" 2.9", 2),
        ("\ufeff\t7", 7),
        ("+3", 3),
        ("-1", -1),
        ("0x10", 0),
        ("007", 7),
        ("1e3", 1),
        ("abc", None),
        ("", None),
        ("- 1", None),
        ("٣", None),
        (".5", None),
    ],
)
def test_parse_int(text: str, number: int | None) -> None:
    """The number that a text begins with, after blanks; digits are 0 to 9."""
    assert number == parse_int(text)


def test_row_id() -> None:
    """Every id that a row can have."""
    assert [1, 2**32 - 1, 12] == [row_id(text, "commentId") for text in ("1", "4294967295", "12abc")]


@pytest.mark.parametrize("text", ["abc", "", "0", "-1", "4294967296", "0x10", "9" * 10_000])
def test_no_row_id(text: str) -> None:
    """The field, the value (the beginning of a long one) and what it must be."""
    with pytest.raises(
        BadPayload, match=r"^commentId: it must be the id of a row, from 1 to 4294967295 \(it is '"
    ):
        row_id(text, "commentId")
