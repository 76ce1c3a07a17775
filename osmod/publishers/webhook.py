"""A publisher's webhook: `{"url": …, "secrets": ["whsec_…"], "events": […]}` in `users.extra.webhook`."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from osmod.outgoing import retry_after, urls
from osmod.outgoing.client import Answer, Timeouts, post
from osmod.outgoing.hiding import without
from osmod.outgoing.no_answer import NoAnswer
from osmod.publishers.contract import BadPublisherConfig, News, NotTold, PublisherGone, Told
from osmod.publishers.signing import PREFIX, read_secret, signature_header
from osmod.settings import get_settings

#: Seconds. Together less than a claim lasts.
TIMEOUTS = Timeouts(connect=5, read=15, total=30)
#: Bytes of an answer that are read; nobody needs more than its status.
MOST_BYTES = 64 * 1024
#: What there is to be told.
EVENTS = ("comment.accepted", "comment.rejected", "comment.deferred")
#: Characters of an answer that are shown to operators.
SHOWN = 1_000
#: Characters. What is shorter is in many an answer by chance.
SHORTEST_HIDDEN = 4
#: Statuses that say that nothing is taken from anybody now.
_AWAY = (408, 425, 429)
#: Kinds of failures for which the config is to blame, not the publisher.
_OURS = ("invalid", "address")


@dataclass(frozen=True)
class WebhookConfig:
    """What `extra.webhook` says, checked.

    Attributes:
      keys: of the secrets, in the order given.
      events: those wanted; None: all.
    """

    url: str
    keys: tuple[bytes, ...]
    secrets: tuple[str, ...]
    events: tuple[str, ...] | None

    @property
    def private(self) -> list[str]:
        """What is never shown, longest first."""
        parts = urlsplit(self.url)
        login = parts.netloc.rpartition("@")[0]
        user, _, password = login.partition(":")
        encoded = base64.b64encode(unquote(login).encode()).decode()
        found = [parts.query, *(value for _, value in parse_qsl(parts.query)), login, encoded]
        found += [form for one in (user, password) for form in (one, unquote(one))]
        found += urls.keys_in(self.url)
        found += [secret.removeprefix(PREFIX) for secret in self.secrets]
        return sorted({one for one in found if len(one) >= SHORTEST_HIDDEN}, key=len, reverse=True)

    @property
    def shown_url(self) -> str:
        """The URL without what may be secret in it."""
        return urls.shown(self.url)


def read_config(owner_id: int, extra: Mapping[str, Any]) -> WebhookConfig:
    """The webhook of a user's `extra`.

    Raises:
      BadPublisherConfig: the message names every field at fault, and no secret.
    """
    webhook = extra.get("webhook")
    fields: Mapping[str, Any] = webhook if isinstance(webhook, Mapping) else {}
    if problems := list(_problems(webhook, fields)):
        raise BadPublisherConfig(f"publisher {owner_id}: {'; '.join(problems)}")
    secrets, events = fields["secrets"], fields.get("events")
    return WebhookConfig(
        url=fields["url"],
        keys=tuple(map(read_secret, secrets)),
        secrets=tuple(secrets),
        events=tuple(events) if events is not None else None,
    )


def _problems(webhook: Any, fields: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(webhook, Mapping):
        yield 'users.extra.webhook must be an object, as {"url": "https://…", "secrets": ["whsec_…"]}'
        return
    if not _is_url(fields.get("url")):
        yield "webhook.url must be the address that takes the news, as https://cms.example/moderation"
    secrets = fields.get("secrets")
    if not isinstance(secrets, list) or not secrets:
        yield 'webhook.secrets must be a list of one secret or more, as ["whsec_…"]'
        return
    for number, secret in enumerate(secrets):
        try:
            read_secret(secret if isinstance(secret, str) else "")
        except ValueError as error:
            yield f"webhook.secrets[{number}] {error}: it must be whsec_ and the base64 of 24 to 64 random bytes"
    events = fields.get("events")
    if not isinstance(events, list | None):
        yield 'webhook.events must be a list, as ["comment.rejected"], or be left out for all'
    for number, event in enumerate(events if isinstance(events, list) else ()):
        if event not in EVENTS:
            yield f"webhook.events[{number}] is none of {', '.join(EVENTS)}"


def _is_url(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class Webhook:
    """Tells by HTTP POST, signed as Standard Webhooks says."""

    def __init__(self, owner_id: int, extra: Mapping[str, Any]) -> None:
        """Read the config.

        Raises:
          BadPublisherConfig: it cannot be used.
        """
        self._config = read_config(owner_id, extra)

    async def tell(self, news: News) -> Told:
        """Post the news. Redirects are not followed; private addresses only where the settings allow them.

        Raises:
          NotTold: the answer was not 2xx, or there was none.
        """
        body = body_of(news)
        timestamp = int(time.time())
        headers = {
            "content-type": "application/json",
            "webhook-id": news.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature_header(self._config.keys, news.id, timestamp, body),
        }
        question = post(
            self._config.url,
            content=body,
            headers=headers,
            timeouts=TIMEOUTS,
            most_bytes=MOST_BYTES,
            cut=True,
            private=get_settings().private_webhooks,
        )
        try:
            answer = await question
        except NoAnswer as error:
            raise NotTold(f"{self._config.shown_url}: {error}", away=error.kind not in _OURS) from None
        return self._judge(answer)

    def _judge(self, answer: Answer) -> Told:
        said = self._shown(answer.body)
        if 200 <= answer.status < 300:
            return Told(answer.status, said)
        sentence = f"{self._config.shown_url} answered {answer.status}"
        if answer.status == 410:
            raise PublisherGone(f"{sentence}: it wants no more news", status=410, answer=said)
        if 300 <= answer.status < 400:
            sentence += ", a redirect, which is not followed: set webhook.url to where it leads"
        away = answer.status >= 500 or answer.status in _AWAY
        pause = retry_after.seconds(answer.headers, datetime.now(UTC)) if away else None
        raise NotTold(sentence, status=answer.status, answer=said, retry_after=pause, away=away)

    def _shown(self, body: bytes) -> str:
        """The beginning of an answer, without our secrets should they be in it."""
        text = body.decode("utf-8", "replace").replace("\0", "")
        return without(self._config.private, text, "•••")[:SHOWN]


def body_of(news: News) -> bytes:
    """The body of a notice, the same on every attempt."""
    moment = news.moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    content = {"type": news.event, "timestamp": moment, "data": news.data}
    return json.dumps(content, separators=(",", ":"), sort_keys=True).encode()
