"""The title of a job of Kue's is what people here see beside it."""

from __future__ import annotations

import dramatiq
from click.testing import CliRunner

from osmod.cli.job_page import print_job
from osmod.jobs.broker import JobBroker
from osmod.jobs.records import JobFilter, find
from osmod.kue.keys import KueQueue
from osmod.kue.taking import Taker
from tests.found import only
from tests.kue.stand_in import queue_job


def test_the_title_is_shown_without_what_is_sensitive(broker: JobBroker, kue: KueQueue) -> None:
    """On a job's page, as JSON, and where words are looked for; what the actor calls sensitive is taken out."""

    @dramatiq.actor(actor_name="mail", sensitive=("to",))
    def mail(to: str) -> None: ...

    queue_job(kue, "mail", {"to": "ann@example.org", "title": "welcome ann@example.org"})
    Taker(broker, kue).take()
    job = only(find(broker, JobFilter(words=("welcome",))).jobs)
    assert "welcome •••" == job.label == job.as_dict()["label"]
    other = only(find(broker, JobFilter()).jobs)
    assert other.id == job.id
    with CliRunner().isolation() as (shown, *_):
        print_job(job)
        assert "welcome •••" in shown.getvalue().decode()
