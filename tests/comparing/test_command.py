"""`osmod scorers compare`, from the question to the rules and back."""

from __future__ import annotations

import _thread
import json
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from osmod.cli import main, scorers_compare
from osmod.cli.compare_asking import cost, seconds_for
from osmod.moderation.models import ModerationRule, User
from osmod.scorers import Limits
from tests.comparing.scene import Site, build
from tests.comparing.scorers import FakeScorer
from tests.immediate import immediately
from tests.moderation.world import World

Run = Callable[..., Result]


@pytest.fixture
def site(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Site:
    """A site with two rules, on the database of the settings; scorer 1 is the old one, 2 the new one."""
    monkeypatch.setenv("OSMOD_HOME", str(tmp_path / "home"))
    immediately(world.engine, monkeypatch)

    def decided(luck: random.Random, number: int, score: float) -> tuple[str, str]:
        by_rule = number % 2 and score >= 0.8
        return ("Rule", "Reject") if by_rule else ("User", "Reject" if luck.random() < score else "Accept")

    one = build(world, 300, new={"extra": {"endpointType": "local"}}, decided=decided)
    world.rule(one.toxicity, 0.8, 1, "Reject")
    world.rule(one.toxicity, 0, 0.3, "Accept")
    return one


@pytest.fixture
def scorer(monkeypatch: pytest.MonkeyPatch) -> FakeScorer:
    """What asks the new one: a scorer that puts comments in the same order, on another scale."""
    fake = FakeScorer(lambda score: score**3, Limits(per_minute=60, concurrency=4))
    monkeypatch.setattr(scorers_compare, "scorer_for", lambda *_: fake)
    return fake


def run(*words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, ("scorers", "compare", *words), prog_name="osmod")


def ranges(world: World) -> list[tuple[float, float]]:
    """The rules as they are."""
    return [(rule.lower_threshold, rule.upper_threshold) for rule in world.all(ModerationRule)]


def test_its_cost_is_said_first(site: Site, scorer: FakeScorer) -> None:
    """How many requests, how long they take, what goes where; nobody said yes, so nothing is asked."""
    result = run("1", "2", "--sample", "200")
    assert 4 == result.exit_code
    assert re.search(
        r"^user \d+ \(scorer 2\) is asked once a comment, 4 at a time; at its limits that takes 3 min at least\.\n"
        r"The text of each comment goes nowhere outside, .*\n"
        r"Nothing is written to the database\.\n"
        r"200 requests would be made\. Add --yes to do it\.\n$",
        result.output,
    )
    assert not scorer.asked


def test_texts_that_leave_are_said_to() -> None:
    """Where its type says where it is asked, and its config does not: in whatever form that is stored."""
    config = {"endpointType": "openai-moderation", "apiKey": "sk-1"}
    for extra in (config, json.dumps(config)):
        sentences = cost(User(id=9, name="OpenAI", extra=extra), Limits(), 5)
        assert sentences[1].startswith(
            "The text of each comment goes to https://api.openai.com/v1/moderations, "
        )
        assert not any("sk-1" in sentence for sentence in sentences)


def test_a_comparison_changes_nothing(site: Site, scorer: FakeScorer) -> None:
    """Figures by attribute, by rule, and of all rules; the database is as before."""
    before = site.world.dump()
    result = run("1", "2", "--yes")
    assert 0 == result.exit_code
    assert before == site.world.dump()
    for line in (
        r"Compared: 300 comments\.",
        r"TOXICITY +300 +\d+ +\d+ +1\.00 +0\.\d\d",
        r"TOXICITY +0\.\d\d \(0\.\d\d to 0\.\d\d\) +0\.\d\d \(.*\) +\+0\.00 \(\+0\.00 to \+0\.00\)",
        r"1: Reject by TOXICITY",
        r"  today +0\.8 to 1 +\d+ +\d+\.\d% +\d+ +\d+% \(\d+% to \d+%\)",
        r"  unchanged +0\.8 to 1 ",
        r"  precision +0\.5\d* to 1 ",
        r"  share +0 to 0\.0\d+ ",
        r"  today +\d+\.\d% .* 100\.0% ",
        r"  share +\d+\.\d% .* 100\.0% ",
    ):
        assert re.search(f"^{line}", result.output, re.MULTILINE), line


def test_as_json(site: Site, scorer: FakeScorer) -> None:
    """The same figures, with where they come from."""
    found = json.loads(run("1", "2", "--yes", "--json").stdout)
    assert (300, 0, 0) == (found["compared"], found["unscorable"], found["unanswered"])
    assert 300 == sum(kind["drawn"] for kind in found["comments"].values())
    (toxicity,) = found["attributes"]
    assert toxicity["auc"]["old"] == toxicity["auc"]["new"]
    reject, accept = found["rules"]
    assert (0.8, 1) == (reject["today"]["range"]["lower"], accept["id"] - reject["id"])
    assert found["outcomes"]["share"]["same"] == pytest.approx(1)


def test_ctrl_c_and_on(site: Site, scorer: FakeScorer) -> None:
    """What was answered is kept, and not asked again; the figures are those of a run without a break."""

    def interrupt() -> None:
        if len(scorer.asked) >= 100:
            scorer.before, scorer.silent = lambda: None, True
            _thread.interrupt_main()

    scorer.before = interrupt
    stopped = run("1", "2", "--yes")
    assert 130 == stopped.exit_code
    left = re.search(
        r"Error: stopped\. (\d+) comments left; the answers are kept in (\S+): run it again", stopped.output
    )
    assert left
    asked = set(scorer.asked)
    lines = Path(left[2]).read_text().splitlines()
    assert 300 - int(left[1]) == len(lines) - 1
    scorer.asked.clear()
    scorer.silent = False
    again = run("1", "2", "--yes")
    assert 0 == again.exit_code
    assert int(left[1]) == scorer.asked.total()
    assert len(asked & set(scorer.asked)) <= 4  # those whose answers were on their way
    scorer.asked.clear()
    assert again.stdout == run("1", "2").stdout
    assert not scorer.asked


def test_the_way_there_and_back(site: Site, scorer: FakeScorer) -> None:
    """Rules get the ranges, after a question; a second time is refused; `restore-rules` leads back."""
    assert 4 == run("1", "2", "--sample", "300", "--apply").exit_code
    run("1", "2", "--yes")
    declined = run("1", "2", "--apply")
    assert (4, "2 rules would be changed. Add --yes to do it.") == (
        declined.exit_code,
        declined.output.splitlines()[-1],
    )
    assert [(0.8, 1), (0, 0.3)] == ranges(site.world)

    applied = run("1", "2", "--apply", "--yes")
    assert 0 == applied.exit_code
    (reject, accept) = ranges(site.world)
    assert (0.5 < reject[0] < 0.55, 1, 0, 0.02 < accept[1] < 0.04) == (True, reject[1], accept[0], True)
    assert f"rule 1: TOXICITY 0.8 to 1 -> TOXICITY {reject[0]:g} to 1\n" in applied.stderr
    back = re.search(r"^the way back: osmod scorers restore-rules (\S+)$", applied.stderr, re.MULTILINE)
    assert back
    assert "now switch over: osmod scorers disable 1 && osmod scorers enable 2\n" in applied.stderr

    # What is seen is still what the rules were on the old scores, not the new ranges on them.
    again = run("1", "2", "--apply", "--yes")
    assert (1, applied.stdout) == (again.exit_code, again.stdout)
    assert "Rules have the ranges of an earlier --apply" in again.stderr
    assert f"first: osmod scorers restore-rules {back[1]}" in again.stderr
    assert [reject, accept] == ranges(site.world)

    restored = CliRunner().invoke(main, ["scorers", "restore-rules", back[1], "--yes"])
    assert (0, [(0.8, 1), (0, 0.3)]) == (restored.exit_code, ranges(site.world))


def test_another_model_behind_the_scorer(
    site: Site, scorer: FakeScorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answers are not mixed with the old ones'; --anew asks again."""
    run("1", "2", "--yes", "--sample", "30")
    site.world.dump()
    with site.world.engine.begin() as connection:
        connection.exec_driver_sql('UPDATE users SET extra = \'{"endpointType": "other"}\' WHERE id = 2')
    refused = run("1", "2", "--yes", "--sample", "30")
    assert 1 == refused.exit_code
    assert "add --anew to forget them and ask again.\n" in refused.output
    assert 0 == run("1", "2", "--yes", "--sample", "30", "--anew").exit_code
    assert {2} == set(scorer.asked.values())


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("1", "1"), 2, "OLD and NEW are the same scorer."),
        (("1", "7"), 1, "there is no scorer 7: `osmod scorers list` shows all."),
        (("2", "1"), 3, "There is no comment that scorer 2 scored and that is decided."),
        (
            ("1", "2", "--map", "TOXICITY"),
            2,
            "'TOXICITY' is not of the form OLD=NEW, such as TOXICITY=toxic.",
        ),
        (("1", "2", "--map", "A=B=C"), 2, "'A=B=C' is not of the form OLD=NEW, such as TOXICITY=toxic."),
        (
            ("1", "2", "--map", "TOXIC=toxic"),
            2,
            "--map TOXIC=toxic: scorer 1 gave no TOXIC; it gave TOXICITY.",
        ),
        (("1", "2", "--apply", "--category", "1"), 2, "--apply is for all categories"),
        (
            ("1", "2", "--no-ask"),
            1,
            "of the 300 comments drawn scorer 2 has answered about none; leave --no-ask out",
        ),
        (
            ("1", "2", "--no-ask", "--apply", "--yes"),
            1,
            "scorer 2 has answered about none; leave --no-ask out",
        ),
    ],
)
def test_refused(site: Site, scorer: FakeScorer, words: tuple[str, ...], code: int, said: str) -> None:
    """With a sentence."""
    result = run(*words)
    assert (code, True) == (result.exit_code, said in result.output), result.output


def test_a_scorer_that_cannot_be_asked(site: Site) -> None:
    """Is named with what is wrong, before anything is read."""
    with site.world.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE users SET extra = NULL WHERE id = 2")
    result = run("1", "2")
    assert (1, True) == (result.exit_code, "scorer 2: users.extra is empty" in result.output)


@pytest.mark.parametrize(
    ("limits", "count", "seconds"),
    [
        (Limits(), 1000, 0),
        (Limits(per_second=1), 1000, 999),
        (Limits(per_second=1, per_minute=60), 1000, 999),
        (Limits(per_minute=60), 1000, 960),
        (Limits(per_minute=60), 60, 0),
    ],
)
def test_how_long_it_takes(limits: Limits, count: int, seconds: float) -> None:
    """By the limit that is the narrower: the first requests go at once."""
    assert seconds == seconds_for(limits, count)
