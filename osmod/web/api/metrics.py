"""`/metrics`: figures for Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import dramatiq
from fastapi import APIRouter, Depends, FastAPI, Header, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client.exposition import choose_encoder

from osmod.access.callers import Caller
from osmod.access.roles import Permission
from osmod.jobs.broker import JobBroker
from osmod.metrics.counting import count_runs, count_sent
from osmod.metrics.figures import Figures
from osmod.metrics.store import HandingOver, store_of
from osmod.metrics.tally import TALLY
from osmod.settings import get_settings
from osmod.task import get_engine
from osmod.web.api.answers import answers
from osmod.web.guard import Needs, signed_in


@asynccontextmanager
async def _lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
    """Count the jobs that this server sends, or runs where it sends them, and tell the others of it."""
    broker = dramatiq.get_broker()
    count = count_sent if isinstance(broker, JobBroker) else count_runs
    count(broker)
    store = store_of(broker)
    handing_over = HandingOver(TALLY, store)
    handing_over.start()
    yield {"figures": Figures(broker, store, TALLY, get_engine)}
    await asyncio.to_thread(handing_over.stop)


class NeedsUnlessOpen(Needs):
    """Asks for a permission, unless `OSMOD_METRICS_OPEN` says that nobody needs one."""

    def __call__(self, request: Request) -> Caller | None:  # type: ignore[override]
        """The caller, if one is asked for.

        Raises:
          Problem: 401, 403.
        """
        return None if get_settings().metrics_open else super().__call__(signed_in(request), None)


router = APIRouter(tags=["health"], lifespan=_lifespan)

_EXAMPLE = """\
# HELP osmod_jobs_done Runs that succeeded.
# TYPE osmod_jobs_done counter
osmod_jobs_done_total{queue="default",actor="acceptComments"} 12.0
# EOF
"""


@router.get(
    "/metrics",
    dependencies=[Depends(NeedsUnlessOpen(Permission.SEE_JOBS))],
    openapi_extra={"security": [{"HTTPBearer": []}]},
    **{**answers(None, _EXAMPLE, media="text/plain"), "response_class": PlainTextResponse},
)
def show_metrics(
    request: Request, accept: Annotated[str, Header(description="Which form is understood.")] = ""
) -> Response:
    """Figures of the whole system in OpenMetrics, or in Prometheus' older form if nothing newer is asked for.

    Every figure is that of all processes together, whichever server is asked: scrape one of them. Jobs are counted by
    actor by servers, and by workers that run with `OSMOD_METRICS=true` or `osmod worker --metrics-port`. Redis or
    the database being away costs its own figures only; `osmod_redis_up` and `osmod_database_up` say so.
    """
    encode, media_type = choose_encoder(accept)
    figures: Figures = request.state.figures
    return Response(encode(figures), media_type=media_type)
