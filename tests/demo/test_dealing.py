"""Comments without a place are dealt out by a fixed rule."""

from __future__ import annotations

from osmod.demo.dealing import ARTICLES, AUTHORS, deal


def test_comments_go_round_the_articles() -> None:
    """Every article gets its share, every category has articles, and the texts stay in order."""
    entries = list(deal(f"text {number}" for number in range(60)))
    assert [entry.text for entry in entries] == [f"text {number}" for number in range(60)]
    for category, article in ARTICLES:
        assert sum((entry.category, entry.article) == (category, article) for entry in entries) == 10
    assert len({entry.source_id for entry in entries}) == 60
    assert len({entry.author for entry in entries}) == AUTHORS


def test_replies_answer_an_earlier_comment_on_the_same_article() -> None:
    """About a fifth are replies, each to a comment that was there before it, beside it."""
    entries = list(deal(["x"] * 100))
    place = {entry.source_id: number for number, entry in enumerate(entries)}
    replies = [(number, entry) for number, entry in enumerate(entries) if entry.reply_to]
    assert len(replies) == 19
    for number, entry in replies:
        assert entry.reply_to is not None
        assert place[entry.reply_to] < number
        assert entries[place[entry.reply_to]].article == entry.article
