"""What can go wrong, with the server's stable codes."""

from __future__ import annotations

from typing import Any, Mapping, Optional


class TickwireError(Exception):
    """Base of all errors of this package."""


class ConnectionLost(TickwireError):
    """The connection ended before an answer came; the client is already coming back."""


class Refused(TickwireError):
    """The server's ``error`` message.

    ``code`` is stable (``INVALID_MESSAGE``, ``UNAUTHENTICATED``, ...), ``category`` is ``connection``, ``message``
    or ``data``; ``retryable`` says whether the same request may succeed later.
    """

    def __init__(self, code: str, category: str, message: str, retryable: bool, symbol: Optional[str] = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.category = category
        self.message = message
        self.retryable = retryable
        self.symbol = symbol

    @classmethod
    def from_wire(cls, message: Mapping[str, Any]) -> Refused:
        symbol = message.get("symbol")
        return cls(
            code=str(message.get("code", "UNKNOWN")),
            category=str(message.get("category", "message")),
            message=str(message.get("message", "")),
            retryable=message.get("retryable") is True,
            symbol=symbol if isinstance(symbol, str) else None,
        )
