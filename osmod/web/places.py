"""Which paths are OSMod's and which are ours: the two differ in how they refuse and in how a token is shown."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

#: What lies below the path of the API and is ours; all else there is OSMod's.
OWN_FAMILIES = (
    *("ingest", "comments", "jobs", "queues", "schedules", "workers", "audit", "stats", "events"),
    *("users", "tokens", "publishers"),
)
#: What lies beside it and is ours.
OWN_PATHS = ("/healthz", "/readyz", "/metrics", "/openapi.json")


#: Where the pages lie.
PAGES = "/ui"


@dataclass(frozen=True)
class Places:
    """Where things are. `prefix`: the path of the API, `/api` or empty, without a slash at its end."""

    prefix: str

    def is_api(self, path: str) -> bool:
        """Whether a path is below that of the API."""
        return path.startswith(f"{self.prefix}/")

    def is_own(self, path: str) -> bool:
        """Whether a path is one of ours, if only by its beginning."""
        if path in OWN_PATHS:
            return True
        return self.is_api(path) and path[len(self.prefix) + 1 :].split("/", 1)[0] in OWN_FAMILIES

    def asks_for_token(self, method: str, path: str) -> bool:
        """Whether a token is asked for even where nothing is, as OSMod does: so nobody learns what there is."""
        if not self.is_api(path) or is_page(path) or path.startswith(f"{self.prefix}/auth/"):
            return False
        return self.is_own(path) or method in {"GET", "HEAD", "POST", "PATCH", "DELETE"}


def places_of(api_url: str) -> Places:
    """The places that follow from `API_URL`."""
    return Places(urlsplit(api_url).path.rstrip("/"))


def is_page(path: str) -> bool:
    """Whether a path is that of a page, wherever the API is."""
    return path == PAGES or path.startswith(f"{PAGES}/")
