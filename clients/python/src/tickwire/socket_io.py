"""The Socket.IO door, for those who have python-socketio (``pip install "tickwire[socketio]"``)."""

from __future__ import annotations

import asyncio
from typing import Any, AsyncIterator, Dict, Mapping, Optional

import socketio

from .client import Client
from .errors import ConnectionLost, Refused


class SocketIoTransport:
    """Speaks to ``/socket.io``; python-socketio carries, the client above it resumes."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._socket: Optional[Any] = None
        self._ended = asyncio.Event()
        self._refusal: Optional[Mapping[str, Any]] = None
        self._queue: asyncio.Queue[Optional[Dict[str, Any]]] = asyncio.Queue()

    async def open(self, token: Optional[str]) -> None:
        queue: asyncio.Queue[Optional[Dict[str, Any]]] = asyncio.Queue()
        ended = asyncio.Event()
        socket = socketio.AsyncClient(reconnection=False)
        self._queue, self._ended, self._socket, self._refusal = queue, ended, socket, None

        def receive(event: str, payload: Dict[str, Any]) -> None:
            queue.put_nowait({"type": event, **payload})

        def end(*_: Any) -> None:
            ended.set()
            queue.put_nowait(None)

        def refuse(error: Any = None) -> None:
            self._refusal = error.get("data") if isinstance(error, dict) else None

        socket.on("*", receive)
        socket.on("disconnect", end)
        socket.on("connect_error", refuse)
        auth = None if token is None else {"token": token}
        try:
            await socket.connect(self._url, transports=["websocket"], auth=auth)
        except socketio.exceptions.ConnectionError as error:
            if isinstance(self._refusal, dict) and "code" in self._refusal:
                raise Refused.from_wire(self._refusal) from error
            raise ConnectionError(str(error)) from error

    async def request(self, action: str, payload: Mapping[str, Any]) -> Dict[str, Any]:
        socket, ended = self._socket, self._ended
        if socket is None or not socket.connected:
            # the end is on its way to `messages`
            await ended.wait()
            raise ConnectionLost("there is no connection")
        answer: asyncio.Future[Dict[str, Any]] = asyncio.get_running_loop().create_future()

        def settle(message: Dict[str, Any]) -> None:
            if not answer.done():
                answer.set_result(message)

        await socket.emit(action, dict(payload), callback=settle)
        end: asyncio.Future[Any] = asyncio.ensure_future(ended.wait())
        try:
            await asyncio.wait({answer, end}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            end.cancel()
        if not answer.done():
            raise ConnectionLost("the connection ended before the answer")
        message = answer.result()
        if message["type"] == "error":
            raise Refused.from_wire(message)
        return message

    async def messages(self) -> AsyncIterator[Dict[str, Any]]:
        while True:
            message = await self._queue.get()
            if message is None:
                return
            yield message

    async def close(self) -> None:
        socket, self._socket = self._socket, None
        self._ended.set()
        if socket is not None:
            await socket.disconnect()


class SocketIoClient(Client):
    """A ``Client`` over Socket.IO: ``SocketIoClient("http://127.0.0.1:3000")``."""

    def __init__(self, url: str, **options: Any) -> None:
        """Takes what ``Client`` takes, but no ``format``."""
        super().__init__(url, transport=SocketIoTransport(url), **options)
