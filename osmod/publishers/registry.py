"""Which kinds of publishers there are besides webhooks: by the group of the user that owns the comments."""

from __future__ import annotations

from osmod.publishers.contract import MakePublisher

_makers: dict[str, MakePublisher] = {}


def register_publisher(group: str, make: MakePublisher) -> None:
    """Tell every decision on a comment whose owner is of `group`, and has no webhook, to what `make` makes.

    Call it in a module of `actors/`: servers and workers both must know. One a group; the last counts.

    Parameters:
      group: OSMod's group of the owner, as "youtube".
      make: called with the owner's user id and `users.extra` before each attempt; raises
        `BadPublisherConfig` where these cannot be used.
    """
    _makers[group] = make


def is_registered(group: str) -> bool:
    """Whether owners of a group are told."""
    return group in _makers


def maker_of(group: str) -> MakePublisher | None:
    """What makes the publishers of a group."""
    return _makers.get(group)
