"""The plain WebSocket door."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from typing import Any, AsyncIterator, Callable, Dict, List, Mapping, Optional, Union
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from .compact import CompactReader
from .errors import ConnectionLost, Refused

# a snapshot frame is a few hundred bytes; a batch holds one update of every symbol a client may have
_LONGEST_MESSAGE = 64 * 1024 * 1024
_UNAUTHENTICATED = 4401


class WebSocketTransport:
    """Speaks to ``/ws`` in one of its formats: ``json``, ``msgpack`` (needs the extra of that name) or ``compact``."""

    def __init__(self, url: str, format: str = "json") -> None:
        if format not in ("json", "msgpack", "compact"):
            raise ValueError('format must be "json", "msgpack" or "compact"')
        self._url = _door(url, format)
        self._compact = CompactReader()
        self._unpack = _unpacker() if format == "msgpack" else None
        self._ids = itertools.count(1)
        self._answers: Dict[int, asyncio.Future[Dict[str, Any]]] = {}
        self._connection: Optional[ClientConnection] = None

    async def open(self, token: Optional[str]) -> None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        try:
            self._connection = await connect(
                self._url, additional_headers=headers, compression=None, max_size=_LONGEST_MESSAGE
            )
        except InvalidStatus as error:
            status = error.response.status_code
            if status == 401:
                raise Refused("UNAUTHENTICATED", "connection", "the server wants a valid token", False) from error
            if status == 403:
                raise Refused("FORBIDDEN", "connection", "the server does not let this client in", False) from error
            raise ConnectionError(f"the server answered {status}") from error
        except InvalidHandshake as error:
            raise ConnectionError(str(error)) from error

    async def request(self, action: str, payload: Mapping[str, Any]) -> Dict[str, Any]:
        connection, number = self._connection, next(self._ids)
        if connection is None:
            raise ConnectionLost("there is no connection")
        answer: asyncio.Future[Dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        try:
            # a connection that has ended makes an end of the answer in `close`
            with contextlib.suppress(ConnectionClosed):
                await connection.send(json.dumps({"action": action, "id": number, **payload}))
            message = await answer
        finally:
            self._answers.pop(number, None)
        if message["type"] == "error":
            raise Refused.from_wire(message)
        return message

    async def messages(self) -> AsyncIterator[Dict[str, Any]]:
        connection = self._connection
        if connection is None:
            return
        try:
            while True:
                for message in self._read(await connection.recv()):
                    answer = self._answers.get(message.get("id", 0))
                    if answer is None:
                        yield message
                    elif not answer.done():
                        answer.set_result(message)
        except ConnectionClosed as error:
            if error.rcvd is not None and error.rcvd.code == _UNAUTHENTICATED:
                raise Refused("UNAUTHENTICATED", "connection", error.rcvd.reason, False) from error

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(ConnectionLost("the connection ended before the answer"))
        if connection is not None:
            await connection.close()

    def _read(self, frame: Union[str, bytes]) -> List[Dict[str, Any]]:
        if isinstance(frame, bytes):
            if self._unpack is None:
                return self._compact.read(frame)
            message = self._unpack(frame)
        else:
            message = json.loads(frame)
        if not isinstance(message, dict) or not isinstance(message.get("type"), str):
            raise ValueError("a message without a type")
        if message["type"] == "connected":
            self._compact = CompactReader()
        return [message]


def _unpacker() -> Callable[[bytes], Any]:
    try:
        import msgpack
    except ImportError as error:
        raise ImportError('format="msgpack" needs: pip install "tickwire[msgpack]"') from error
    unpack: Callable[[bytes], Any] = msgpack.unpackb
    return unpack


def _door(url: str, format: str) -> str:
    """The address of the door, also from the address of the server: ``http://host:3000``."""
    parts = urlsplit(url)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    path = parts.path if parts.path not in ("", "/") else "/ws"
    query = dict(parse_qsl(parts.query))
    if format != "json":
        query["format"] = format
    return urlunsplit((scheme, parts.netloc, path, urlencode(query), ""))
