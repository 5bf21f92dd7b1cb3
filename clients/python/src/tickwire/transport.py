"""What the client needs of a connection."""

from __future__ import annotations

from typing import Any, AsyncIterator, Dict, Mapping, Optional, Protocol


class Transport(Protocol):
    """One connection at a time; opened again after each end."""

    async def open(self, token: Optional[str]) -> None:
        """Connects.

        :raises OSError: if there is no connection to be had now
        :raises Refused: if the server said why there is none
        """

    async def request(self, action: str, payload: Mapping[str, Any]) -> Dict[str, Any]:
        """Sends an action and gives its answer.

        :raises Refused: if the answer is an error
        :raises ConnectionLost: if the connection ends first
        """

    def messages(self) -> AsyncIterator[Dict[str, Any]]:
        """What the server says beside answers, each with its ``type``; ends with the connection.

        An update that does not follow the one before may come as ``{"type": "missed", "symbol": ...}``.

        :raises ValueError: if a message cannot be read
        """

    async def close(self) -> None:
        """Ends the connection, if there is one."""
