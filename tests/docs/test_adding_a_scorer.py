"""The example of docs/adding-a-scorer.md scores, by one line in the table."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

import osmod.scorers
from osmod.loop import run
from osmod.scorers import BadAnswer, Question, Scored, scorer_for
from tests.docs.blocks import ROOT, blocks_of
from tests.scorers.fake import serving

PAGE = ROOT / "docs" / "adding-a-scorer.md"


def test_the_example_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file and its line as they are printed, against a server that answers as the page says."""
    (block,) = (block for block in blocks_of(PAGE) if block.language == "python")
    file = block.text.partition("\n")[0].removeprefix("# ")
    name = file.removesuffix(".py").replace("/", ".")
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(block.text, file, "exec"), vars(module))
    (line,) = (line for line in PAGE.read_text().splitlines() if line.startswith('`"spam-service"'))
    endpoint_type, place = (part.strip('`," ') for part in line.split('": "'))
    monkeypatch.setattr(osmod.scorers, "ENDPOINT_TYPES", {endpoint_type: place})

    with serving() as fake:
        fake.next({"spam": 0.4}, {"spam": 4})
        scorer = scorer_for(71, {"endpointType": "spam-service", "endpoint": fake.url, "apiKey": "our-key"})
        spans = {"SPAM": [{"score": 0.4, "begin": 0, "end": 3}]}
        assert Scored({"scores": spans, "summaryScores": {"SPAM": 0.4}}) == run(
            scorer.score(Question(1, "Buy", 3))
        )
        assert "Bearer our-key" == fake.asked[0].headers["authorization"]
        with pytest.raises(
            BadAnswer, match="answered with spam = 4: Input should be less than or equal to 1"
        ):
            run(scorer.score(Question(2, "Buy", 3)))
