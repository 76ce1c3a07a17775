"""A scorer behind a URL: one request, and what its answer or its silence means."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from osmod.outgoing import retry_after, urls
from osmod.outgoing.client import Answer, post
from osmod.outgoing.hiding import without
from osmod.outgoing.no_answer import NoAnswer
from osmod.scorers.contract import BadAnswer, KeyRefused, ScorerAway, ScorerError, Throttled, Unscorable

T = TypeVar("T")

#: Characters of an answer that an error keeps.
BODY_KEPT = 2000
#: Characters of it that its message shows, and of all that a message says.
SHOWN, SAID = 80, 500
#: What was wrong with the text. Other refusals would meet every text.
_OF_THE_TEXT = (400, 413, 414, 422)
#: The key is not known, not allowed here, or not paid for.
_OF_THE_KEY = (401, 402, 403)


class Endpoint:
    """Where one scorer is asked.

    Parameters:
      scorer: what errors call it, such as "scorer 3".
      url: as it is asked; errors leave out its query, and keys in its path.
      key: never to be shown, wherever it is sent.
    """

    def __init__(
        self, scorer: str, url: httpx.URL, *, key: str = "", headers: Mapping[str, str] = {}
    ) -> None:
        self._name = f"{scorer} ({urls.shown(str(url))})"
        self._url = str(url)
        self._secrets = [secret for secret in (key, url.password, *urls.keys_in(str(url))) if secret]
        self._headers = {"Content-Type": "application/json", **headers}

    async def ask(self, body: Any, texts: Iterable[str]) -> Reply:
        """Post `body` as JSON.

        Parameters:
          texts: those of people in it. Servers repeat them in what they answer; errors do not.

        Raises:
          ScorerError: of the kind that it is.
        """
        hidden = Hidden(self._name, [*self._secrets, *texts])
        try:
            answer = await post(
                self._url, content=json.dumps(body).encode(), headers=self._headers, private=True
            )
        except NoAnswer as error:
            # Whoever floods us is there.
            kind = BadAnswer if error.kind == "too_long" else ScorerAway
            hidden.fail(kind, str(error), b"")
        if not 200 <= answer.status < 300:
            _refused(answer, hidden)
        return Reply(answer, hidden)


class Hidden:
    """Says what went wrong with the scorer `name`, without its key and without people's texts."""

    def __init__(self, name: str, hidden: Sequence[str]) -> None:
        self._name = name
        self._hidden = hidden

    def fail(self, kind: type[ScorerError], what: str, body: bytes) -> NoReturn:
        """Raise an error of this kind: "scorer 3 (URL) `what`"."""
        raise kind(f"{self._name} {self.masked(what)[:SAID]}", self.kept(body)) from None

    def throttled(self, what: str, body: bytes, wait: float | None) -> NoReturn:
        """Raise `Throttled`."""
        raise Throttled(f"{self._name} {self.masked(what)[:SAID]}", self.kept(body), wait)

    def kept(self, body: bytes) -> str:
        """The beginning of an answer."""
        return self.masked(body.decode("utf-8", "replace"))[:BODY_KEPT]

    def masked(self, text: str) -> str:
        """With "…" for what is hidden; whoever shortens a text does so after this."""
        return without(self._hidden, text)


class Reply:
    """What was answered with a status of 2xx.

    Attributes:
      data: the JSON value; None where nothing was said.

    Raises:
      BadAnswer: it is no JSON.
    """

    data: Any

    def __init__(self, answer: Answer, hidden: Hidden) -> None:
        self._answer, self._hidden = answer, hidden
        try:
            body = answer.body or b"null"
            self.data = _JSON.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
        except (ValueError, RecursionError) as error:
            shown = hidden.kept(answer.body)[:SHOWN]
            self.fail(f"answered {answer.status} with {shown!r}, which is no JSON ({error})")

    def read(self, form: TypeAdapter[T]) -> T:
        """The answer in its form.

        Raises:
          BadAnswer: names the first field that is at fault, and its value.
        """
        try:
            return form.validate_python(self.data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "the answer"
            shown = self._hidden.masked(repr(first["input"]))[:SHOWN]
            self.fail(f"answered with {where} = {shown}: {first['msg']}")

    def fail(self, what: str, kind: type[ScorerError] = BadAnswer) -> NoReturn:
        """Say what is wrong with the answer."""
        self._hidden.fail(kind, what, self._answer.body)

    def fail_unnamed(self, what: str, given: Iterable[str]) -> NoReturn:
        """Say that the config's `attributes` name nothing that a text was given, and what there is: its "labels"."""
        found = ", ".join(sorted(set(given))) or "none"
        self.fail(f"answered with none of the {what} of attributes in users.extra; its {what}: {found}")


def _refused(answer: Answer, hidden: Hidden) -> NoReturn:
    what = f"answered {answer.status}{_reason(answer.body)}"
    if answer.status == 429:
        hidden.throttled(what, answer.body, retry_after.seconds(answer.headers, datetime.now(UTC)))
    if answer.status in _OF_THE_TEXT:
        hidden.fail(Unscorable, what, answer.body)
    if answer.status in _OF_THE_KEY:
        hidden.fail(KeyRefused, what, answer.body)
    hidden.fail(ScorerAway, what, answer.body)


def _reason(content: bytes) -> str:
    """What the service itself says went wrong: `error.message`, `error`, or the beginning of the text."""
    said: Any
    try:
        said = json.loads(content)["error"]
        said = said.get("message", said) if isinstance(said, dict) else said
    except (ValueError, LookupError, TypeError, RecursionError):
        said = content.decode("utf-8", "replace").strip()
    return f": {said}" if said else ""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


#: As `json.loads` makes one for every text that it is not to read in its own way.
_JSON = json.JSONDecoder(parse_constant=_refuse_constant)
