"""Overview: how the queues, workers, scorers and publishers are doing."""

from __future__ import annotations

from typing import Any

from osmod.access.roles import Permission
from osmod.jobs.records.overview import snapshot
from osmod.web.api.queue import the_queue
from osmod.web.pages.frame.page import Page
from osmod.web.pages.frame.topics import Topic
from osmod.web.pages.frame.view import View

page = Page("overview", "/overview", "Overview", Permission.SEE_JOBS)


@page.fragment("queues", Topic.QUEUES, Topic.WORKERS)
def queues(_view: View) -> dict[str, Any]:
    """A card a queue."""
    return {"now": snapshot(the_queue())}
