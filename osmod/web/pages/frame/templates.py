"""Templates: what they are rendered by, and what all of them have."""

from __future__ import annotations

import re
import secrets
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from osmod.web.pages.frame.static import address_of
from osmod.web.pages.frame.words import FILTERS

#: Stands in rendered HTML where the reader's own proof belongs, so that readers can share it. Nobody else knows it.
_CSRF = f"csrf-{secrets.token_hex(16)}"

_HALF = re.compile(r"[\ud800-\udfff]")


@cache
def environment() -> Environment:
    """The one of this process. What a template names and is not given is an error; all texts are escaped."""
    made = Environment(
        loader=PackageLoader("osmod.web.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(FILTERS)
    made.globals.update(static=address_of, csrf=_CSRF)
    return made


def render(template: str, **context: Any) -> str:
    """A template with what it is given; not yet for one reader, see `for_reader`.

    Half of a surrogate pair, as a text that was cut has, cannot be sent: it is shown as what cannot be read.
    """
    return _HALF.sub("\N{REPLACEMENT CHARACTER}", environment().get_template(template).render(context))


def for_reader(html: str, csrf: str) -> str:
    """What was rendered, with the proof that the forms of one reader's session carry."""
    return html.replace(_CSRF, csrf)
