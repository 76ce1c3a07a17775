"""What can run. Each module here is a family of tasks; a new file is a new family, nothing else to touch.

`from actors import accept_comments` gives server code the actor; `accept_comments.send(comment_id=12)`
queues it. Importing this opens no connection.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

import dramatiq

from osmod.jobs.actor import JobActor
from osmod.jobs.setup import ensure_broker

ensure_broker()

__all__: list[str] = []
for _found in iter_modules(__path__, prefix=f"{__name__}."):
    for _name, _value in vars(import_module(_found.name)).items():
        if isinstance(_value, dramatiq.Actor) and _value.fn.__module__ == _found.name:
            globals()[_name] = _value
            __all__ += [_name]

if TYPE_CHECKING:

    def __getattr__(name: str) -> JobActor[..., Any]:
        """Every actor of every module here, under its function's name."""
