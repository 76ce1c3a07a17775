"""What Prometheus reads."""

from __future__ import annotations

from prometheus_client.openmetrics.parser import text_string_to_metric_families

OPEN_METRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


class Scrape:
    """The samples of one answer."""

    def __init__(self, text: str) -> None:
        self.samples = {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def __call__(self, name: str, *labels: str) -> float | None:
        """A sample by its name and its labels' values."""
        return self.samples.get((name, *sorted(labels)))
