"""Pages for operators and moderators, below `/ui`. `docs/decisions/pages.md` says how one is added."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI

from osmod.web.pages import (
    audit,
    decisions,
    job,
    jobs,
    jobs_act,
    moderate,
    overview,
    publishers,
    rules,
    schedules,
    scorers,
    signing_in,
)
from osmod.web.pages.frame import static
from osmod.web.pages.frame.live import Live
from osmod.web.pages.frame.page import Page

#: All pages, in the order in which the navigation shows them.
PAGES: tuple[Page, ...] = (
    overview.page,
    moderate.page,
    rules.page,
    decisions.page,
    jobs.page,
    jobs_act.page,
    job.page,
    schedules.page,
    scorers.page,
    publishers.page,
    audit.page,
)
#: Where the navigation leads.
WAYS = tuple(page.way for page in PAGES if page.way is not None)


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    live = Live()
    yield {"live": live}
    await live.close()


#: All routes below `/ui`: made once, as FastAPI goes through all of them for each router that they are included in.
router = APIRouter(lifespan=_lifespan)
for _one in (static.router, signing_in.at_root, signing_in.router, *(page.router for page in PAGES)):
    router.include_router(_one)
