"""Comments of one's own, from a CSV file."""

from __future__ import annotations

from pathlib import Path

import pytest

from osmod.demo.dealing import ARTICLES, Entry
from osmod.demo.own_file import BadFile, read


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mine.csv"


def test_a_text_is_enough(file: Path) -> None:
    """With a column text alone the rest is made up as for the demo's own comments; others are passed over."""
    file.write_text("likes,Text\n3,One\n\n4,Two\n", "utf-8")
    category, article = ARTICLES[0]
    first, second = read(file, 10)
    assert first == Entry("demo-1", category, article, "Reader 1", "One")
    assert (second.source_id, second.text) == ("demo-2", "Two")


def test_all_columns(file: Path) -> None:
    """What the file says is taken; an emoji may stand in a text, and a line break in quotes."""
    file.write_text(
        '\ufeffid,article,category,author,reply_to,text\na,Bridge,Town,Ann,,"One\n👍"\nb,Bridge,,Bob,a,Two\n',
        "utf-8",
    )
    assert read(file, 10) == [
        Entry("a", "Town", "Bridge", "Ann", "One\n👍"),
        Entry("b", "Comments", "Bridge", "Bob", "Two", reply_to="a"),
    ]


def test_no_more_than_asked_for(file: Path) -> None:
    """What lies beyond the number asked for is not even read."""
    file.write_text("text\nOne\nTwo\n,\n", "utf-8")
    assert [entry.text for entry in read(file, 1)] == ["One"]


@pytest.mark.parametrize(
    ("said", "content"),
    [
        ("line 1: there must be a column text (and may be id, article,", b""),
        (
            "line 1: there must be a column text (and may be id, article, category, author, reply_to); found: comment",
            b"comment\nx\n",
        ),
        ("line 1: there are 2 columns text; keep one", b"text,text\nx,y\n"),
        ("mine.csv has no comments: there is no line below the header", b"text\n\n"),
        ("line 3, column text: is empty", b"text,id\nx,1\n  ,2\n"),
        ("line 3, column text: is empty", b"id,text\n1,x\n2\n"),
        ("line 4, column id: is 'a', as in line 2; ids must differ", b'id,text\na,"x\ny"\na,z\n'),
        ("line 2, column reply_to: is 'z', which is the id of no comment above", b"text,reply_to\nx,z\n"),
        ("line 2, column author: has 256 characters, 255 fit", b"text,author\nx," + b"a" * 256 + b"\n"),
        ("line 2, column article: has a four-byte character", "text,article\nx,👍\n".encode()),
        ("line 3, column text: is followed by 1 values more; quote texts with", b"text\nx\nOh, no\n"),
        ("is not UTF-8 (byte 5): save it as UTF-8", b"text\n\xff\n"),
        ("line 2: unexpected end of data; is it separated by commas?", b'text\n"x\n'),
    ],
)
def test_a_bad_file_is_refused_by_line_and_column(file: Path, said: str, content: bytes) -> None:
    """The error says where in the file it is, what stands there, and what to do."""
    file.write_bytes(content)
    with pytest.raises(BadFile) as refused:
        read(file, 10)
    assert said in str(refused.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A folder in place of a file is told as such."""
    with pytest.raises(BadFile, match="cannot be read: Is a directory"):
        read(tmp_path, 10)
