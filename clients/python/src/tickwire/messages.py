"""What the server says beside prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Tuple, Union


@dataclass(frozen=True)
class Connected:
    """A connection is open. ``epoch`` names the server's life: another epoch, other sequences."""

    client_id: str
    epoch: str


@dataclass(frozen=True)
class Disconnected:
    """The connection ended; ``wait`` seconds until the next attempt."""

    reason: str
    wait: float


@dataclass(frozen=True)
class Status:
    """``state`` is ``live``, ``delayed``, ``stale`` or ``closed``; ``age`` is in ms."""

    symbol: str
    state: str
    age: Optional[float]
    source: Optional[str]


@dataclass(frozen=True)
class Slow:
    """The server left out ``dropped`` updates because this client reads too slowly; ``resumed`` ends that."""

    dropped: int
    resumed: bool


@dataclass(frozen=True)
class Draining:
    """The server is leaving; the client returns after ``reconnect_after`` ms."""

    reconnect_after: float


@dataclass(frozen=True)
class Rejected:
    """A symbol that was not subscribed, and why."""

    symbol: str
    code: str
    message: str


Notice = Union[Connected, Disconnected, Status, Slow, Draining, Rejected]
"""A ``Rejected`` among them names a symbol that was subscribed and is not taken again after a reconnect."""


@dataclass(frozen=True)
class Subscribed:
    """The answer to ``subscribe``; ``max_frequency`` is there where the server allows fewer updates than asked for."""

    symbols: Tuple[str, ...]
    rejected: Tuple[Rejected, ...]
    max_frequency: Optional[float] = None
