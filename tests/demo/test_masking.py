"""Comments as the demo shows them."""

from __future__ import annotations

import pytest

from osmod.demo.masking import LENGTH, masked


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        ("You i****, go home.", "You idiot, go home."),
        ("A fair and calm piece.", "A fair\n and   calm piece."),
        ("… see … or write to …", "@some_body see https://example.com/x?y or write to me@example.com"),
        ("", "  \n"),
        (r"A \x1b[2J calm\x07 piece.", "A \x1b[2J calm\x07 piece."),
    ],
)
def test_offensive_words_and_names_are_covered(shown: str, text: str) -> None:
    """Of an offensive word the first letter is left; handles, links and addresses go; one line remains."""
    assert masked(text) == shown


def test_long_comments_are_cut_at_a_word() -> None:
    """At most 70 characters are shown, with a sign that there is more."""
    shown = masked("The trains were late again. " * 20)
    assert len(shown) <= LENGTH
    assert shown.endswith(" trains…")


def test_a_huge_word_is_cut() -> None:
    """A text without blanks is cut, too."""
    assert masked("x" * 500, 20) == "x" * 19 + "…"
