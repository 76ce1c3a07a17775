"""Spans as pieces of a text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osmod.moderation.desk.spans import Piece, Span, notable, onto_html, pieces
from osmod.moderation.plain_text import strip_tags, utf16_length


def told(text: str, *spans: Span) -> list[tuple[str, list[str]]]:
    """The pieces with the attributes of their spans."""
    return [(piece.text, [span.attribute for span in piece.spans]) for piece in pieces(text, spans)]


def test_overlapping_spans_are_cut_where_they_begin_and_end() -> None:
    """Each piece has all of its spans, the highest first, and knows which of them end with it."""
    insult, threat = Span(0, 7, "INSULT", 0.6), Span(4, 9, "THREAT", 0.9)

    assert [
        Piece("You ", 0, (insult,)),
        Piece("are", 4, (threat, insult), (insult,)),
        Piece(" a", 7, (threat,), (threat,)),
        Piece(" fool", 9),
    ] == pieces("You are a fool", [insult, threat])


@pytest.mark.parametrize(
    ("text", "span", "expected"),
    [
        ("", Span(0, 5, "A", 1), []),
        ("ab", Span(1, 9, "A", 1), [("a", []), ("b", ["A"])]),
        ("ab", Span(5, 9, "A", 1), [("ab", [])]),
        ("ab", Span(1, 1, "A", 1), [("ab", [])]),
        ("a😀b", Span(1, 3, "A", 1), [("a", []), ("😀", ["A"]), ("b", [])]),
        ("a😀b", Span(2, 4, "A", 1), [("a", []), ("😀b", ["A"])]),
        ("a😀b", Span(0, 2, "A", 1), [("a😀", ["A"]), ("b", [])]),
    ],
)
def test_ends(text: str, span: Span, expected: list[tuple[str, list[str]]]) -> None:
    """A span beyond the text is cut, an empty one nothing, half a character the whole one."""
    assert expected == told(text, span)


@settings(max_examples=50)
@given(
    st.text(max_size=12),
    st.lists(st.builds(Span, st.integers(0, 20), st.integers(0, 20), st.just("A"), st.just(0.5)), max_size=5),
)
def test_nothing_of_the_text_is_lost(text: str, spans: list[Span]) -> None:
    """The pieces are the text, and say where they stand."""
    found = pieces(text, spans)
    assert text == "".join(piece.text for piece in found)
    assert [utf16_length("".join(p.text for p in found[:at])) for at in range(len(found))] == [
        piece.at for piece in found
    ]


def test_scorers_saw_no_tags() -> None:
    """Their spans are shifted onto the comment as it is, over tags and characters of two units."""
    html = "<b>😀 You</b> <i>fool</i>"
    shown = strip_tags(html)
    start = utf16_length(shown[: shown.index("You")])
    you = Span(start, start + 3, "A", 1)
    end = utf16_length(shown)

    assert [Span(6, 9, "A", 1), Span(17, 21, "A", 1)] == onto_html(
        html, [you, Span(end - 4, end + 9, "A", 1)]
    )
    assert [] == onto_html("<b></b>", [Span(0, 3, "A", 1)])
    assert [you] == onto_html("no tags", [you])


def test_what_is_marked() -> None:
    """What moderators tagged and high scores; of an attribute that is asked for, all."""
    low, high, tagged = Span(0, 1, "A", 0.1), Span(0, 1, "B", 0.9), Span(0, 1, "C", 0.1, by_moderator=True)
    spans = [low, high, tagged]
    assert [high, tagged] == notable(spans, None, 0.5)
    assert [low] == notable(spans, "A", 0.5)
