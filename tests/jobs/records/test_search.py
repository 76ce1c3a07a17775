"""The search for jobs as one line: what it means, what is wrong with it, and the line that means the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from dramatiq import Actor
from hypothesis import given
from hypothesis import strategies as st

from osmod.jobs.broker import JobBroker
from osmod.jobs.records.filters import STATES, JobFilter
from osmod.jobs.records.find import count, every_id, find
from osmod.jobs.records.search import read, search, written
from osmod.jobs.records.suggesting import suggestions
from osmod.jobs.states import JobState
from tests.jobs.records.taking import end

ARGUMENTS = {"comment_id", "user_id"}


def test_a_line_with_all_kinds_of_terms() -> None:
    """Names, arguments in either spelling, texts between quotation marks, ids without a name."""
    line = (
        'actor:acceptComments queue:q state:failed,done error:TimeoutError commentId:12 "no answer" abcdef12'
    )

    found = read(line, ARGUMENTS)

    expected = JobFilter(
        ids=("abcdef12",),
        actor="acceptComments",
        queue="q",
        states=(JobState.FAILED, JobState.DONE),
        error="TimeoutError",
        arguments={"commentId": "12"},
        words=("no answer",),
    )
    assert expected == found.wanted
    assert () == found.problems
    assert (
        'actor:acceptComments queue:q state:failed,done error:TimeoutError commentId:12 "no answer" id:abcdef12'
        == str(found)
    )


def test_a_time_ago_stays_one() -> None:
    """The line of a page that is looked at for long goes on meaning the last two hours."""
    found = read("since:2h")

    assert found.wanted.since is not None
    assert timedelta(hours=2) <= datetime.now(UTC) - found.wanted.since < timedelta(hours=2, minutes=1)
    assert "since:2h" == str(found)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("eror:X", "Nothing is known by 'eror'; did you mean 'error'?"),
        ("coment_id:1", "Nothing is known by 'coment_id'; did you mean 'comment_id'?"),
        ("zzz:1", "Nothing is known by 'zzz'; as an argument of jobs, write arg.zzz:…"),
        ("state:fialed", "state: there is no state 'fialed'; did you mean 'failed'?"),
        (
            "since:yesterday",
            "since: 'yesterday' is neither a moment (2026-05-01T12:00) nor a time ago ('2 hours').",
        ),
        ("actor:", "actor: nothing is said; the actor's name, in either spelling."),
        ('""', "A text: nothing is said; write a value."),
    ],
)
def test_what_makes_no_sense_is_named_and_the_rest_used(line: str, problem: str) -> None:
    """Wherever it stands."""
    found = read(f"queue:q {line} 'words", ARGUMENTS)

    assert (problem,) == found.problems
    assert JobFilter(queue="q", words=("'words",)) == found.wanted
    assert "queue:q 'words" == str(found)


def test_of_what_is_said_twice_the_last_counts() -> None:
    """States add up."""
    found = read("actor:a actor:b state:failed state:done")

    assert JobFilter(actor="b", states=(JobState.FAILED, JobState.DONE)) == found.wanted
    assert "actor:b state:failed state:done" == str(found)


def test_a_condition_is_changed_in_the_line() -> None:
    """Put in its place, added, or taken away; the rest stays as it is."""
    found = read('state:failed state:done "a b" actor:a')

    assert 'state:waiting "a b" actor:a' == found.having(state="waiting")
    assert '"a b" actor:a' == found.having(state="")
    assert 'state:failed state:done "a b" actor:a queue:q' == found.having(queue="q")


_TEXTS = st.text(min_size=1, max_size=12) | st.sampled_from(["a=b", "abcdef", "id:1", 'a "b" \\', "arg.x:"])
_FILTERS = st.builds(
    JobFilter,
    ids=st.lists(_TEXTS, max_size=2).map(tuple),
    queue=st.none() | _TEXTS,
    actor=st.none() | _TEXTS,
    states=st.lists(st.sampled_from(STATES), unique=True, max_size=3).map(tuple),
    since=st.none() | st.datetimes(timezones=st.just(UTC)),
    error=st.none() | _TEXTS,
    arguments=st.dictionaries(st.sampled_from(["comment_id", "state", "other", "0"]), _TEXTS, max_size=2),
    parent=st.none() | _TEXTS,
    words=st.lists(_TEXTS, max_size=2).map(tuple),
)


@given(_FILTERS)
def test_a_filter_is_written_as_a_line_that_means_it(wanted: JobFilter) -> None:
    """Whatever its texts hold; and the line is the one that reading it gives back."""
    line = written(wanted, ARGUMENTS)

    found = read(line, ARGUMENTS)

    assert wanted == found.wanted
    assert () == found.problems
    assert line == str(found)


@given(st.text(max_size=40))
def test_every_text_is_read(line: str) -> None:
    """And what was read of it is read so again."""
    found = read(line, ARGUMENTS)

    again = read(str(found), ARGUMENTS)

    assert str(found) == str(again)
    assert () == again.problems


def test_words_are_found_where_they_may_be_seen(broker: JobBroker, accept: Actor[..., None]) -> None:
    """In the error, in the actor's name, in values of arguments but those that are masked; in whatever case."""
    secret = accept.send(1, note="Hunter2").message_id
    plain = accept.send(2, note="").message_id
    end(broker, 2, TimeoutError('No answer from "päron" in 10 s'))

    for word, ids in {
        "no ANSWER": {secret, plain},
        'from "PÄRON"': {secret, plain},
        "acceptcom": {secret, plain},
        "hunter2": set(),
        "nothing of this": set(),
    }.items():
        wanted = JobFilter(words=(word,))
        assert ids == {job.id for job in find(broker, wanted).jobs}
        assert len(ids) == count(broker, wanted)
        assert ids == {one for found in every_id(broker, wanted).values() for one in found}
    assert {plain} == {job.id for job in find(broker, JobFilter(words=("2",))).jobs}


def test_names_are_those_of_this_process(broker: JobBroker, accept: Actor[..., None]) -> None:
    """An actor in either spelling, an id by its beginning; of one that is ambiguous nothing is meant."""
    sent = accept.send(1).message_id

    assert "acceptComments" == search(broker, "actor:accept_comments").wanted.actor
    assert (sent,) == search(broker, f"id:{sent[:8]}").wanted.ids
    for number in "12":
        accept.send_with_options(args=(1,)).copy()
        broker.enqueue(accept.message(int(number)).copy(message_id=f"abcdef{number}"))
    found = search(broker, "abcdef queue:default")
    assert JobFilter(queue="default") == found.wanted
    assert "queue:default" == str(found)
    assert found.problems[0].startswith("id: several jobs have ids that begin with abcdef: abcdef1, abcdef2")


def test_suggestions_go_on_from_what_was_typed(broker: JobBroker, accept: Actor[..., None]) -> None:
    """First names, then the values that there are; nothing within quotation marks."""
    accept.send(1)
    end(broker, 1, TimeoutError("no answer"))

    def lines(typed: str) -> list[str]:
        return [one.line for one in suggestions(broker, typed)]

    assert {"state:", "actor:", "comment_id:"} <= {*lines("")}
    assert ["queue:default state:", "queue:default since:"] == lines("queue:default s")[:2]
    assert "comment_id:" == lines("commentI")[0]
    assert ["actor:acceptComments"] == [one for one in lines("actor:acc") if "acceptC" in one]
    assert ["error:TimeoutError"] == lines("error:out")
    assert ["state:failed,waiting"] == lines("state:failed,wai")
    assert ["since:2h"] == lines("since:2")
    assert [] == lines('"actor:')
