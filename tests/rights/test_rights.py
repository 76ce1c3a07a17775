"""The users of `docs/operations.md`: each may do what its program does, and no more."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import dramatiq
import pytest
import redis

import osmod.jobs
import osmod.kue
from osmod.cli.checks import check_redis
from osmod.cli.checks.finding import Finding, Level
from osmod.jobs.broker import JobBroker
from osmod.jobs.errors import JobNotQueued, RedisUnusable
from osmod.jobs.queue.scripts import ENQUEUE
from osmod.jobs.wire.scripts import Script
from osmod.settings import get_settings
from tests.jobs.conftest import working
from tests.ports import free_port
from tests.redis_sentinels import SentinelSet
from tests.redis_servers import Server
from tests.rights.page import PAGE, granted, make_user
from tests.rights.roles import ROLES, Refused
from tests.waiting import until

#: What every message about a missing right says.
NAMED = re.compile(r"no permission|docs/operations\.md")
#: Commands that Redis lets everybody give, and what a client says of itself if it may.
ALWAYS = {"hello", "auth", "client|setinfo"}


def url_of(server: Server, login: str) -> str:
    return f"redis://{login}@127.0.0.1:{server.port}/0"


@pytest.fixture
def scripts_run(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The commands of every script that is run, from now on."""
    commands: set[str] = set()
    run = Script.run

    def noted(self: Script, *arguments: Any) -> Any:
        commands.update(self.commands)
        return run(self, *arguments)

    monkeypatch.setattr(Script, "run", noted)
    return commands


def given(server: redis.Redis) -> set[str]:
    """The commands that the server was given, by clients and by scripts, since CONFIG RESETSTAT."""
    stats: dict[str, dict[str, Any]] = server.info("commandstats")
    return {name.removeprefix("cmdstat_") for name, row in stats.items() if row["calls"] > 0}


@pytest.mark.parametrize("role", ROLES)
def test_each_may_do_what_it_does_and_no_more(
    server: Server, scripts_run: set[str], caplog: pytest.LogCaptureFixture, role: str
) -> None:
    """Nothing is refused, and there is no right that nothing in the role's program asks for."""
    url = url_of(server, make_user(server.client, role))
    server.client.execute_command("ACL", "LOG", "RESET")
    server.client.config_resetstat()
    ROLES[role](url, lambda: bool(NAMED.search(caplog.text)))
    needed = given(server.client) | {command.lower() for command in scripts_run}
    assert [] == [(row["object"], row["context"]) for row in server.client.acl_log()]
    assert "" == "\n".join(line for line in caplog.text.splitlines() if NAMED.search(line))
    assert needed - ALWAYS - {"config|resetstat", "acl|log"} == granted(role)


@pytest.mark.parametrize(
    ("role", "command"), [(role, one) for role in ROLES for one in sorted(granted(role))]
)
def test_a_right_that_is_missing_is_named(
    server: Server, caplog: pytest.LogCaptureFixture, role: str, command: str
) -> None:
    """Whichever it is, and whoever lacks it."""
    url = url_of(server, make_user(server.client, role, f"-{command}"))
    said = ""
    try:
        ROLES[role](url, lambda: bool(NAMED.search(caplog.text)))
    except (JobNotQueued, Refused) as error:
        said = str(error)
    assert re.search(rf"\b{command}\b", said + caplog.text, re.IGNORECASE), said + caplog.text
    assert NAMED.search(said + caplog.text)


@pytest.mark.parametrize("command", [one.lower() for one in ENQUEUE.commands] + ["eval", "evalsha"])
def test_nothing_is_half_stored(server: Server, command: str) -> None:
    """Whichever right a sender lacks, 50 sends and a `send_many` leave no key behind."""
    broker = JobBroker(url=url_of(server, make_user(server.client, "sender", f"-{command}")))
    dramatiq.set_broker(broker)
    note = dramatiq.actor(actor_name="note", index=("number",))(lambda number: None)
    unique: dict[str, Any] = {"unique": "key", "unique_ttl": 60_000}
    for number in range(50):
        with pytest.raises(JobNotQueued, match=rf"(?i)user 'osmod-sender' .*\b{command}\b"):
            note.send_with_options(args=(number,), delay=1 + number % 2 * 60_000, **unique)
    with pytest.raises(JobNotQueued, match=rf"(?i)\b{command}\b"):
        broker.send_many(note.message(number) for number in range(1200))
    broker.close()
    assert 0 == server.client.dbsize()


def test_every_command_of_every_script_is_known() -> None:
    """Rights are asked for by what stands in the scripts: no call may be written in another way."""
    folders = [Path(str(room.__file__)).parent for room in (osmod.jobs, osmod.kue)]
    for path in (path for folder in folders for path in folder.rglob("*.lua")):
        text = re.sub(r"--.*", "", path.read_text())
        calls = re.findall(r"\b(?:call|pcall|try)\((.{1,30})", text)
        assert [] == [one for one in calls if not re.match(r"'[A-Za-z]+'", one)], path


@pytest.mark.parametrize("command", ["eval", "blpop", "zpopmin", "zscore", "lpush"])
def test_a_worker_waits_for_its_rights(
    server: Server, caplog: pytest.LogCaptureFixture, command: str
) -> None:
    """It complains in one line, takes no job, and works as soon as the right is given."""
    ran: list[int] = []
    sender = JobBroker(url=server.url)
    dramatiq.set_broker(sender)
    dramatiq.actor(actor_name="note")(ran.append).send(1)
    sender.close()
    broker = JobBroker(url=url_of(server, make_user(server.client, "worker", f"-{command}")))
    broker.emit_after("process_boot")
    dramatiq.set_broker(broker)
    note = dramatiq.actor(actor_name="note")(ran.append)
    with working(broker):
        until(
            lambda: (
                f"allow user 'osmod-worker' what the queue needs ({command.upper()}" in caplog.text
                or f"'{command}' command" in caplog.text
            )
        )
        make_user(server.client, "worker")
        note.send(2)
        until(lambda: 2 in ran)
    broker.close()
    assert [1, 2] == sorted(ran)
    assert "Traceback" not in caplog.text
    assert 1 == sum(bool(NAMED.search(line)) for line in caplog.text.splitlines()), caplog.text


def test_a_right_taken_away_while_a_job_runs(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """How the job ended is told once the right is back; it does not run again."""
    ran: list[int] = []
    broker = JobBroker(url=url_of(server, make_user(server.client, "worker")))
    broker.emit_after("process_boot")
    dramatiq.set_broker(broker)

    @dramatiq.actor
    def take() -> None:
        make_user(server.client, "worker", "-evalsha", "-eval")
        ran.append(1)

    with working(broker):
        take.send()
        until(lambda: ran and NAMED.search(caplog.text))
        make_user(server.client, "worker")
        until(lambda: server.client.zcard("dramatiq:{default}:done") == 1)
    broker.close()
    assert [1] == ran
    assert "Traceback" not in caplog.text


def test_a_job_over_its_rate_is_not_run_uncounted(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """While the limit cannot be asked, the job waits."""
    ran: list[int] = []
    broker = JobBroker(url=server.url)
    broker.emit_after("process_boot")
    dramatiq.set_broker(broker)
    note = dramatiq.actor(actor_name="note", rate_limit="1000/second")(ran.append)
    server.client.set("dramatiq:{rate:note}:passes", "another program's")
    with working(broker):
        note.send(1)
        until(lambda: "its rate is not known" in caplog.text)
        assert [] == ran
        server.client.delete("dramatiq:{rate:note}:passes")
        until(lambda: ran == [1])
    broker.close()


def test_the_check_says_what_is_missing(server: Server) -> None:
    """An error if the user may not send; a warning if it may send and not work; nothing of the sort to a worker."""

    def found(role: str, *further: str) -> list[Finding]:
        url = url_of(server, make_user(server.client, role, *further))
        findings = check_redis(replace(get_settings(), redis_url=url), ask_config=False)
        return [one for one in findings if "this user" in one.message]

    assert [] == found("worker")
    (one,) = found("sender", "+info")
    assert Level.WARNING is one.level
    assert "does not let this user work on jobs (it forbids DEL, HDEL, HMGET, " in one.message
    (one,) = found("worker", "-zrandmember")
    assert Level.ERROR is one.level
    assert (
        "does not let this user send jobs (it forbids ZRANDMEMBER on keys that begin with dramatiq:)"
        in one.message
    )


@pytest.mark.parametrize("role", ROLES)
def test_in_a_cluster(own_server: Callable[..., Server], caplog: pytest.LogCaptureFixture, role: str) -> None:
    """With what the page adds for it, and no less."""
    server = own_server("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    server.client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    until(lambda: "cluster_state:ok" in server.ask("CLUSTER", "INFO"))
    further = "+cluster|slots", "+command"
    assert f"`{' '.join(further)}`" in PAGE.read_text()
    url = f"redis+cluster://{make_user(server.client, role, *further)}@127.0.0.1:{server.port}"
    ROLES[role](url, lambda: bool(NAMED.search(caplog.text)))
    assert [] == [(row["object"], row["context"]) for row in server.client.acl_log()]
    for command in further:
        make_user(server.client, "sender", *further, f"-{command[1:]}")
        with pytest.raises((JobNotQueued, RedisUnusable), match=re.escape(command[1:])):
            ROLES["sender"](url.replace(f"osmod-{role}", "osmod-sender"), lambda: False)


def test_behind_sentinels(sentinels: SentinelSet, caplog: pytest.LogCaptureFixture) -> None:
    """The Sentinels' own user finds the master; a wrong password of it is told as such."""
    (rules,) = re.findall(r"^ACL SETUSER osmod on >password (.+)$", PAGE.read_text(), re.MULTILINE)
    for sentinel in sentinels.sentinels:
        sentinel.ask("ACL", "SETUSER", "osmod", "reset", "on", ">password", *rules.split())
        sentinel.ask("ACL", "LOG", "RESET")
    login = make_user(sentinels.master.client, "worker")
    url = sentinels.url.replace("://", f"://{login}@") + "?sentinel_username=osmod&sentinel_password="
    try:
        ROLES["worker"](url + "password", lambda: bool(NAMED.search(caplog.text)))
        refused = {
            row[row.index("object") + 1] for one in sentinels.sentinels for row in one.ask("ACL", "LOG")
        }
        assert refused <= {"client|setinfo"}
        with pytest.raises(JobNotQueued, match="Sentinels at .* refuse the login: correct sentinel_username"):
            ROLES["sender"](url + "wrong", lambda: False)
    finally:
        sentinels.master.ask("ACL", "DELUSER", "osmod-worker")
        for sentinel in sentinels.sentinels:
            sentinel.ask("ACL", "DELUSER", "osmod")
