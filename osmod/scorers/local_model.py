"""The model of alt-profanity-check, loaded once, at its first use or before (1 second, 100 MB)."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

PACKAGE = "profanity_check"


def is_installed() -> bool:
    """Whether the extra `local` is there. Loads nothing."""
    return importlib.util.find_spec(PACKAGE) is not None


def load() -> None:
    """Have it loaded: for processes that are forked from this one, too."""
    _predictor()


def predict(texts: Sequence[str]) -> list[float]:
    """How toxic each text is, 0 to 1."""
    return [float(probability) for probability in _predictor()(list(texts))] if texts else []


@cache
def _predictor() -> Callable[[list[str]], Any]:
    """What the package's own `predict_prob` computes, without scikit-learn's checks of every step.

    The checks take 5 milliseconds a call, the model itself half of one. A model built otherwise than that of
    the version pinned in pyproject.toml is asked in the package's own way.
    """
    from profanity_check import predict_prob
    from profanity_check.profanity_check import model, vectorizer

    try:
        import numpy

        folds = [(fold.estimator, *fold.calibrators) for fold in model.calibrated_classifiers_]
        weights = numpy.stack([estimator.coef_[0] for estimator, _ in folds], axis=1)
        intercepts = numpy.array([estimator.intercept_[0] for estimator, _ in folds])
        slopes = numpy.array([calibrator.a_ for _, calibrator in folds])
        offsets = numpy.array([calibrator.b_ for _, calibrator in folds])
    except (AttributeError, ImportError, IndexError, TypeError, ValueError):
        return predict_prob  # type: ignore[no-any-return]

    def predicted(texts: list[str]) -> Any:
        decisions = vectorizer.transform(texts) @ weights + intercepts
        return (1 / (1 + numpy.exp(slopes * decisions + offsets))).mean(axis=1)

    return predicted
