"""How long to wait before the next attempt."""

from __future__ import annotations

import random
from typing import Callable


class Backoff:
    """Full jitter: each wait is anywhere between nothing and a ceiling that doubles, so that clients do not return in step."""

    def __init__(
        self, first: float = 0.5, longest: float = 30.0, chance: Callable[[], float] = random.random
    ) -> None:
        """``first`` and ``longest`` are ceilings in seconds; ``chance`` gives numbers from 0 up to 1."""
        self._first = first
        self._longest = longest
        self._chance = chance
        self._ceiling = first

    def next(self) -> float:
        """Seconds to wait now."""
        wait = self._chance() * self._ceiling
        self._ceiling = min(self._ceiling * 2, self._longest)
        return wait

    def reset(self) -> None:
        """After an attempt that held."""
        self._ceiling = self._first
