"""Logging that does not hold up who logs: a pipe that nobody reads, or a disk that hangs, may take for ever."""

from __future__ import annotations

import logging
import threading
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue

#: Seconds that what was logged last gets to be written.
LAST_WORDS = 1.0


class LogThread:
    """Has what this process logs from now on written by a thread of its own."""

    def __init__(self) -> None:
        self._root = logging.getLogger()
        self._handlers = self._root.handlers[:]
        records: SimpleQueue[logging.LogRecord] = SimpleQueue()
        self._listener = QueueListener(records, *self._handlers, respect_handler_level=True)
        self._root.handlers[:] = [QueueHandler(records)]
        self._listener.start()

    def stop(self) -> bool:
        """Log as before. False if the thread hangs; then an ordinary exit would, too."""
        self._root.handlers[:] = self._handlers
        last = threading.Thread(target=self._listener.stop, daemon=True)
        last.start()
        last.join(LAST_WORDS)
        return not last.is_alive()
