"""What of a URL is shown."""

from __future__ import annotations

import pytest

from osmod.outgoing.urls import keys_in, shown


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://commentanalyzer.googleapis.com/v1alpha1/comments:analyze?key=k#x", "comments:analyze"),
        ("https://user:password@cms.example:8443/moderation", "https://cms.example:8443/moderation"),
        (
            "https://hooks.example/services/T00000001/B0000002/8hJqWm2kPz4rTnX6yVbL",
            "/services/T00000001/B0000002/…",
        ),
        (
            "https://cms.example/hooks/0b8f4a3e-2f6c-4a1d-9c3b-7e5d1f0a9b8c/news",
            "https://cms.example/hooks/…/news",
        ),
        ("https://cms.example/hooks/QmFzZVNpeHRlZW5LZXlz", "https://cms.example/hooks/…"),
        ("http://models.internal:8080/predict", "http://models.internal:8080/predict"),
        ("https://h.example/models/unitary/multilingual-toxic-xlm-roberta", "multilingual-toxic-xlm-roberta"),
        ("https://h.example/api/v2/score_comment_for_moderation2", "/score_comment_for_moderation2"),
        ("no URL at all", "no URL at all"),
    ],
)
def test_shown(url: str, expected: str) -> None:
    """The place, without user and query; what looks like a key in its path is left out, names are not."""
    assert shown(url).endswith(expected)
    assert all(key not in shown(url) for key in keys_in(url))
