"""Updates on their way from the connection to the reader."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Deque, Dict, Optional

from .quote import Update


class Inbox:
    """Keeps order and every step while the reader is in time; of a late reader's symbols only the newest step survives."""

    def __init__(self, limit: int) -> None:
        """``limit`` is how many updates may wait before they are conflated."""
        self._limit = limit
        self._room = limit
        self._queue: Deque[Update] = deque()
        self._filled = asyncio.Event()
        self._has_ended = False
        self._failure: Optional[Exception] = None

    def put(self, update: Update) -> int:
        """Adds an update.

        :returns: how many older ones were left out for it
        """
        dropped = self._conflate() if len(self._queue) >= self._room else 0
        self._queue.append(update)
        self._filled.set()
        return dropped

    def end(self, failure: Optional[Exception] = None) -> None:
        """Nothing more will come; ``failure`` says why, if it is one. The first end counts."""
        if not self._has_ended:
            self._has_ended, self._failure = True, failure
            self._filled.set()

    async def get(self) -> Optional[Update]:
        """The next update; at the end ``None``, or the failure raised."""
        while not self._queue:
            if self._failure is not None:
                raise self._failure
            if self._has_ended:
                return None
            self._filled.clear()
            await self._filled.wait()
        return self._queue.popleft()

    def _conflate(self) -> int:
        newest: Dict[str, Update] = {}
        for update in self._queue:
            newest.pop(update.symbol, None)
            newest[update.symbol] = update
        dropped = len(self._queue) - len(newest)
        self._queue = deque(newest.values())
        # as many again may come before the next pass, so that a pass costs little per update
        self._room = max(self._limit, 2 * len(newest))
        return dropped
