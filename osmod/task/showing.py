"""How comments are shown to scorers, in all the forms that one of them may want."""

from __future__ import annotations

from typing import Any

from osmod.moderation.questions import Text
from osmod.scorers import Question
from osmod.settings import get_settings


def question_of(request_id: int, comment: Text, article: Text | None, parent: Text | None) -> Question:
    """What a scorer is asked. `request_id` 0: nobody waits for an answer that comes later."""
    api = get_settings().api_url
    before = [text.plain for text in (article, parent) if text is not None]
    return Question(
        request_id=request_id,
        text=comment.plain,
        text_length=comment.length,
        context=tuple(before),
        comment=_shown(comment, "comment", f"{api}/rest/comments"),
        article=_shown(article, "article", f"{api}/rest/articles") if article else None,
        in_reply_to=_shown(parent, "comment", f"{api}/rest/comments") if parent else None,
        links={"callback": f"{api}/assistant/scores/{request_id}"},
    )


def _shown(text: Text, kind: str, place: str) -> dict[str, Any]:
    """A text in the form of the assistant protocol."""
    texts = {"plainText": text.plain, "htmlText": text.html}
    return {f"{kind}Id": text.id, **texts, "links": {"self": f"{place}/{text.id}"}}
