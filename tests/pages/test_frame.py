"""What all pages stand in: signing in and out, forms, what is shown in trouble."""

from __future__ import annotations

import html
import re

import pytest
import redis
from dramatiq.errors import BrokerConnectionError
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from osmod.access.links import make_code
from osmod.access.roles import Role
from osmod.jobs.broker import JobBroker
from osmod.jobs.queue.minutes import note_minute
from osmod.moderation.database import open_session
from osmod.moderation.models import AccessToken, User, now
from osmod.web.pages.frame.session import CSRF, csrf_of
from tests.pages.conftest import SignIn
from tests.web.conftest import USERS, MakeToken

#: Name and value of a hidden field.
INPUTS = re.compile(r'type="hidden" name="(\w+)" value="([^"]*)"')

pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.only_on("valkey")]


def test_signing_in_and_out(client: TestClient, token: MakeToken, queue: JobBroker, engine: Engine) -> None:
    """On to the page that was wanted; the session is a token like any other, and signing out revokes it."""
    asked = client.get("/ui/overview?queue=a", headers={"Accept": "text/html"})
    assert 401 == asked.status_code
    assert 'name="back" value="/ui/overview?queue=a"' in asked.text
    given = {"token": token("admin"), "back": "/ui/overview?queue=a"}
    answer = client.post("/ui/sign-in", data=given, follow_redirects=False)
    assert (303, "/ui/overview?queue=a") == (answer.status_code, answer.headers["location"])
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
    page = client.get("/ui").text
    assert "Signed in as <b>admin</b>, admin" in page
    csrf = re.search(r'name="csrf" value="(\w+)"', page)
    assert csrf
    client.post("/ui/sign-out", data={CSRF: csrf[1]})
    with open_session(engine) as session:
        (row,) = session.query(AccessToken).all()
    assert row.revoked_at is not None
    stale = {"Cookie": f"osmod={answer.cookies['osmod']}"}
    assert 401 == client.get("/ui/overview", headers=stale).status_code


def test_a_link_signs_in_once(client: TestClient, engine: Engine) -> None:
    """To look at it does not use it up; the second who uses it is told what to do."""
    with open_session(engine) as session:
        code = make_code(session, session.get_one(User, USERS["admin"]), Role.VIEWER)
        session.commit()
    for _ in range(2):
        assert f'value="{code}"' in client.get("/ui/sign-in", params={"code": code}).text
    assert 303 == client.post("/ui/sign-in", data={"code": code}, follow_redirects=False).status_code
    again = client.post("/ui/sign-in", data={"code": code})
    assert (401, True) == (again.status_code, "was used already" in again.text)


def test_a_link_that_is_over(client: TestClient, engine: Engine) -> None:
    """Signs nobody in."""
    with open_session(engine) as session:
        code = make_code(session, session.get_one(User, USERS["admin"]))
        session.query(AccessToken).update({"expires_at": now()})
        session.commit()
    assert 401 == client.post("/ui/sign-in", data={"code": code}).status_code


def test_forms_of_others(client: TestClient, sign_in: SignIn, engine: Engine) -> None:
    """Do nothing: neither another site's, nor one without the proof of this session."""
    csrf = sign_in("admin")
    elsewhere = {"Origin": "https://evil.example"}
    assert 403 == client.post("/ui/sign-out", data={CSRF: csrf}, headers=elsewhere).status_code
    crossing = {"Sec-Fetch-Site": "cross-site"}
    assert 403 == client.post("/ui/sign-out", data={CSRF: csrf}, headers=crossing).status_code
    for nowhere in ({"Origin": "http://[evil"}, {"Origin": "", "Host": ""}):
        assert 403 == client.post("/ui/sign-out", data={CSRF: csrf}, headers=nowhere).status_code
    assert 401 == client.post("/ui/sign-out", data={CSRF: "0" * 32}).status_code
    assert 200 == client.get("/ui/static/app.css").status_code
    with open_session(engine) as session:
        assert session.query(AccessToken).filter(AccessToken.revoked_at.is_not(None)).count() == 0


def test_a_session_that_ends_in_mid_act(client: TestClient, token: MakeToken) -> None:
    """What was sent is kept, and offered once the reader has signed in; its texts stay texts."""
    kept = client.post("/ui/theme", data={"theme": "dark", "back": '"><b>&x=1', CSRF: "old"})
    assert 401 == kept.status_code
    fields = dict(re.findall(r'name="(kept\w*|back)" value="([^"]*)"', kept.text))
    assert "/ui/theme" == fields["kept_path"]
    given = {name: value.replace("&amp;", "&") for name, value in fields.items()}
    offered = client.post("/ui/sign-in", data={**given, "token": token("admin")})
    assert "do it as <b>admin</b>, admin" in offered.text
    assert '<input type="hidden" name="back" value="&#34;&gt;&lt;b&gt;&amp;x=1">' in offered.text
    csrf = re.search(r'name="csrf" value="(\w+)"', offered.text)
    assert csrf
    done = client.post("/ui/theme", data={"theme": "dark", CSRF: csrf[1]}, follow_redirects=False)
    assert (303, "dark") == (done.status_code, done.cookies["osmod_theme"])


def test_the_way_back_after_it_is_sent_again(
    client: TestClient, token: MakeToken, queue: JobBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leads to the page that the form stands on: neither to where one signed in, nor to the address of the act."""
    stood_on = {"Referer": "http://testserver/ui/overview?later"}
    note_minute(queue, ["default"])
    kept = client.post("/ui/queues/default/pause", data={CSRF: "old"}, headers=stood_on)
    given = {name: html.unescape(value) for name, value in INPUTS.findall(kept.text)}
    offered = client.post("/ui/sign-in", data={**given, "token": token("admin")})
    again = dict(INPUTS.findall(offered.text.partition("<h1>")[2]))
    there = {"Referer": "http://testserver/ui/sign-in"}
    done = client.post("/ui/queues/default/pause", data=again, headers=there, follow_redirects=False)
    assert (303, "/ui/overview?later") == (done.status_code, done.headers["location"])

    def away(*_given: object, **_more: object) -> None:
        raise BrokerConnectionError("Redis is away")

    with monkeypatch.context() as patch:
        patch.setattr("osmod.web.pages.overview.known_queues", away)
        failed = client.post("/ui/queues/default/resume", data={CSRF: again[CSRF]}, headers=stood_on)
    assert 503 == failed.status_code
    again = dict(INPUTS.findall(failed.text.partition("<h1>")[2]))
    there = {"Referer": "http://testserver/ui/queues/default/resume"}
    done = client.post("/ui/queues/default/resume", data=again, headers=there, follow_redirects=False)
    assert (303, "/ui/overview?later") == (done.status_code, done.headers["location"])


def test_nobody_is_led_elsewhere(client: TestClient, token: MakeToken) -> None:
    """By whatever a link to the form says."""
    for back in ("https://evil.example", "//evil.example", "/ui\\@evil.example", "/uix"):
        given = {"token": token("admin"), "back": back}
        answer = client.post("/ui/sign-in", data=given, follow_redirects=False)
        assert "/ui" == answer.headers["location"], back


def test_a_token_of_osmod_signs_out(client: TestClient, token: MakeToken) -> None:
    """It has no row that could be revoked; the browser forgets it. What leads back may be no address."""
    client.cookies.set("osmod", token("admin"))
    proof, odd = {CSRF: csrf_of(token("admin"))}, {"Referer": "http://[odd"}
    assert 303 == client.post("/ui/theme", data=proof, headers=odd, follow_redirects=False).status_code
    answer = client.post("/ui/sign-out", data=proof, headers=odd, follow_redirects=False)
    assert (303, True) == (answer.status_code, "Max-Age=0" in answer.headers["set-cookie"])


def test_htmx_is_told_on_the_open_page(client: TestClient) -> None:
    """A session that is over asks to sign in where one is."""
    answer = client.post("/ui/sign-out", headers={"HX-Request": "true"})
    assert (401, "#dialog") == (answer.status_code, answer.headers["HX-Retarget"])
    assert "<html" not in answer.text
    here = {"HX-Request": "true", "HX-Current-URL": "http://testserver/ui/moderate?comment=1"}
    assert 'name="back" value="/ui/moderate?comment=1"' in client.get("/ui/session", headers=here).text


def test_redis_away(
    client: TestClient, sign_in: SignIn, queue: JobBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page stays, and says so where its figures were."""
    sign_in("admin")

    def away(*_: object) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr("osmod.web.pages.overview.known_queues", away)
    page = client.get("/ui/overview")
    assert (200, True) == (page.status_code, "comes back by itself" in page.text)


def test_nothing_but_ours_runs(client: TestClient, sign_in: SignIn, queue: JobBroker) -> None:
    """Neither scripts nor styles stand in a page, nothing comes from elsewhere, and the browser is told so."""
    sign_in("admin")
    page = client.get("/ui/overview")
    assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]
    assert [] == re.findall(r"<style|\sstyle=|\son\w+=|<script(?! src=\"/ui/static/)", page.text)
    assert [] == re.findall(r'(?:src|href|action)="(?!/ui|#|\?)[^"]*"', page.text)


def test_loading_anew_without_scripts(client: TestClient, sign_in: SignIn, queue: JobBroker) -> None:
    """Keeps what the address asks for, as does ending it."""
    sign_in(Role.VIEWER)
    page = client.get("/ui/jobs?q=actor:askScorer&q=state:failed").text
    there = "/ui/jobs?q=actor%3AaskScorer&amp;q=state%3Afailed"
    assert f'<a href="{there}&amp;refresh=10">Load anew every 10 seconds' in page
    page = client.get("/ui/jobs?refresh=30&q=actor:askScorer&q=state:failed").text
    assert f'<a href="{there}">Do not load anew' in page


def test_static_files(client: TestClient) -> None:
    """Kept for ever under an address that names just this content."""
    page = client.get("/ui/sign-in").text
    for address in re.findall(r'"(/ui/static/[^"]+)"', page):
        answer = client.get(address)
        assert (200, True) == (answer.status_code, "immutable" in answer.headers["cache-control"])
    assert "no-cache" == client.get("/ui/static/app.css?v=old").headers["cache-control"]
    assert 404 == client.get("/ui/static/..%2fpage.py").status_code
