"""The text of a comment's HTML: what tags are, and that no text takes long."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osmod.moderation.plain_text import strip_tags, utf16_length


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<p>one</p>", "one"),
        ("<p>one</p><p>two</p>", "onetwo"),
        ("a<br/>b", "ab"),
        ("a < b and c > d", "a < b and c > d"),
        ("a <\nb", "a <\nb"),
        ("1<2 or 3>2", "12"),
        ("&lt;b&gt; &amp; &#128512;", "&lt;b&gt; &amp; &#128512;"),
        ("a<!-- hidden -->b", "ab"),
        ("a<!-- <b>hidden</b> -->b", "ab"),
        ("a<!-- open", "a"),
        ('<a title="x > y">z</a>', "z"),
        ("<a title='x > y'>z</a>", "z"),
        ('<a title="it\'s > that">z</a>', "z"),
        ("<a <b> c> d", " d"),
        ("left open <b", "left open "),
        ("<script>alert(1)</script>", "alert(1)"),
        ("😀<b>😀</b>", "😀😀"),
    ],
)
def test_strip_tags(html: str, text: str) -> None:
    """Tags and comments go, entities and comparisons stay, as in npm's striptags."""
    assert text == strip_tags(html)


@given(st.text(alphabet="ab <>\"'!-/\n&", max_size=60))
def test_nothing_is_made_up(html: str) -> None:
    """What remains is a subsequence of what was there, and a text without "<" stays as it is."""
    rest = iter(html)
    assert all(letter in rest for letter in strip_tags(html))
    if "<" not in html:
        assert html == strip_tags(html)


@pytest.mark.parametrize("piece", ["<", "<!--", "<a '", "<a <b ", "< ", "<!-- -", 'x="', "<p>x</p>"])
def test_hostile_texts_take_linear_time(piece: str) -> None:
    """Ten times the text takes about ten times as long: no text can hold a worker."""

    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        took = []
        for _ in range(3):
            start = time.process_time()
            strip_tags(text)
            took.append(time.process_time() - start)
        return min(took)

    seconds(1_000)
    assert seconds(200_000) < 40 * max(seconds(20_000), 0.001)


@pytest.mark.parametrize(("text", "length"), [("", 0), ("abc", 3), ("é", 1), ("😀", 2), ("a😀b", 4)])
def test_utf16_length(text: str, length: int) -> None:
    """Lengths are counted as JavaScript and the scorers count them."""
    assert length == utf16_length(text) == len(text.encode("utf-16-le")) // 2
