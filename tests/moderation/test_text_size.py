"""How high a comment stands on OSMod's pages."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osmod.moderation.text_size import text_height


@pytest.mark.parametrize(
    ("height", "text"),
    [
        (24, "Short"),
        (144, "A much longer comment text. " * 20),
        (72, "Line one\n\nLine two\nLine three"),
        (24, "no article"),
    ],
)
def test_heights_are_those_osmod_stored(height: int, text: str) -> None:
    """The comments of the golden case post_process_comment get OSMod's heights."""
    assert height == text_height(text)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (1, ""),
        (1, "\n\n\n"),
        (1, " "),
        (1, "\t"),
        (2, "one\r\ntwo"),
        (3, "one\r\n\r\ntwo"),
        (2, "one\rtwo"),
        (1, "x" * 10_000),
        (2, "x" * 10_000 + " y"),
        (1, "日本語のコメント"),
        (1, "👍🏽" * 5),
        (1, "Привет, как дела?"),
        (1, "e\u0301\u200b\ufeff"),
    ],
)
def test_odd_texts_have_whole_lines(lines: int, text: str) -> None:
    """Empty, blank, CRLF, huge, CJK, emoji and Cyrillic texts are measured as OSMod's rule says."""
    assert lines * 24 == text_height(text)


def test_a_narrow_column_holds_one_word_a_line() -> None:
    """Every word that does not fit starts a line of its own; it is not broken itself."""
    assert text_height("never wrap words", width=1) == 3 * 24


def test_a_word_fits_to_the_pixel() -> None:
    """Two words stand side by side as long as their ink fills the width exactly (`n` is 9 pixels wide)."""
    assert [text_height("n n", width=17), text_height("n n", width=18)] == [48, 24]


@given(st.text(alphabet=st.characters(), max_size=200), st.integers(1, 1000))
def test_no_text_is_higher_than_its_words_and_lines(text: str, width: int) -> None:
    """Whatever the text: at least one line, at most one for each word and line end, all of 24 pixels."""
    height = text_height(text, width)
    assert height % 24 == 0
    assert 24 <= height <= 24 * (1 + sum(text.count(separator) for separator in " \r\n"))


def _seconds_for(text: str) -> float:
    began = time.thread_time()
    text_height(text)
    return time.thread_time() - began


@pytest.mark.parametrize("text", ["word " * 2_000, "x" * 10_000, "a\n" * 5_000, "é" + "👍" * 9_999])
def test_ten_thousand_characters_take_milliseconds(text: str) -> None:
    """Measuring is fast enough for every comment that comes in: 10,000 characters below 10 ms."""
    assert min(_seconds_for(text) for _ in range(5)) < 0.01
