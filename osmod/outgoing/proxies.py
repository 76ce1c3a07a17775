"""Proxies of the environment: who is asked in a server's place, and how."""

from __future__ import annotations

import base64
import urllib.request
from dataclasses import dataclass
from functools import lru_cache

import httpx
from yarl import URL

from osmod.outgoing.no_answer import refused_by_proxy


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy. It may be on our own network: whoever set it up decides what it reaches.

    Attributes:
      url: its own, without login.
      login: headers that tell it of us.
    """

    url: URL
    login: dict[str, str]


def proxy_for(url: httpx.URL) -> Proxy | None:
    """The proxy that the environment (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) names; None for none.

    The environment is looked at once for each host.

    Raises:
      NoAnswer: it cannot be used.
    """
    return look_up(url.scheme, url.host)


@lru_cache(maxsize=256)
def look_up(scheme: str, host: str) -> Proxy | None:
    """The same for all URLs of a host."""
    proxies = urllib.request.getproxies()
    named = proxies.get(scheme) or proxies.get("all") or ""
    if not named or urllib.request.proxy_bypass(host):
        return None
    try:
        url = httpx.URL(named if "://" in named else f"http://{named}")
    except httpx.InvalidURL:
        url = httpx.URL()
    if not url.host:
        raise refused_by_proxy("its URL cannot be used")
    if url.scheme not in ("http", "https"):
        raise refused_by_proxy(f"it is of a kind that is not known here, {url.scheme}; use an HTTP proxy")
    login = {"Proxy-Authorization": basic(url)} if url.userinfo else {}
    return Proxy(URL(str(url.copy_with(userinfo=b"")), encoded=True), login)


def basic(url: httpx.URL) -> str:
    """User and password of a URL, as a header says them."""
    return f"Basic {base64.b64encode(f'{url.username}:{url.password}'.encode()).decode()}"
