"""The asyncio client."""

from __future__ import annotations

import asyncio
import inspect
import logging
from dataclasses import dataclass
from types import TracebackType
from typing import (
    Any,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Set,
    Tuple,
    Type,
    TypeVar,
    Union,
)

from .backoff import Backoff
from .book import Book
from .errors import ConnectionLost, Refused, TickwireError
from .inbox import Inbox
from .messages import Connected, Disconnected, Draining, Notice, Rejected, Slow, Status, Subscribed
from .quote import Quote, Update
from .transport import Transport
from .websocket import WebSocketTransport

_log = logging.getLogger("tickwire")

Token = Union[str, Callable[[], Union[str, Awaitable[str]]]]
"""A token, or what gives the present one."""

_Self = TypeVar("_Self", bound="Client")

# twice the longest symbol and its position, as a resuming subscribe carries them
_BYTES_PER_SYMBOL = 160
# seconds after which a connection without an answer counts as dead
_ANSWER_WITHIN = 30.0
# seconds to wait where the server says that something was too much at once
_PAUSE = 1.0
_PRICES = frozenset(["snapshot", "price_update", "batch_update"])


@dataclass
class Stats:
    """What happened on the way; all counts are since the client was made."""

    connections: int = 0
    gaps: int = 0
    """Updates that did not follow and were repaired by a snapshot."""
    duplicates: int = 0
    """Updates that came again and were left out."""
    conflated: int = 0
    """Updates left out because ``updates()`` was read too slowly."""


@dataclass(frozen=True)
class _Options:
    mode: str
    compression: str
    batch: bool
    fields: Optional[Tuple[str, ...]]
    max_frequency: Optional[float]

    def to_wire(self) -> Dict[str, Any]:
        wire: Dict[str, Any] = {"mode": self.mode, "compression": self.compression, "batch": self.batch}
        if self.fields is not None:
            wire["fields"] = list(self.fields)
        if self.max_frequency is not None:
            wire["maxFrequency"] = self.max_frequency
        return wire


class Client:
    """Subscribes, merges what travels into whole quotes, repairs gaps, and comes back where it was after a disconnect.

    Make it inside a coroutine, and connect it once.

    ::

        async with Client("ws://127.0.0.1:3000/ws") as client:
            await client.subscribe(["NSE:RELIANCE"])
            async for update in client.updates():
                print(update.symbol, update.quote.price)
    """

    def __init__(
        self,
        url: str,
        *,
        token: Optional[Token] = None,
        format: str = "json",
        connect_timeout: float = 10.0,
        buffer: int = 10_000,
        on_notice: Optional[Callable[[Notice], None]] = None,
        backoff: Optional[Backoff] = None,
        transport: Optional[Transport] = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """
        :param url: ``ws://host:3000/ws``; ``http://host:3000`` will do
        :param token: where the server asks for one; a function is called before each connection and before a token ends
        :param format: ``json``, ``msgpack`` or ``compact``, the smallest
        :param connect_timeout: seconds to try for the first connection; later ones are tried for ever
        :param buffer: updates that may wait for ``updates()`` before only the newest of each symbol are kept
        :param on_notice: told of everything that is not a price; must not block
        """
        self.stats = Stats()
        self._token = token
        self._connect_timeout = connect_timeout
        self._on_notice = on_notice
        self._backoff = backoff if backoff is not None else Backoff()
        self._transport: Transport = transport if transport is not None else WebSocketTransport(url, format)
        self._sleep = sleep
        self._book = Book()
        self._buffer = buffer
        self._inbox = Inbox(buffer)
        self._wanted: Dict[str, _Options] = {}
        self._epoch = ""
        self._symbols_per_message = 100
        self._ready = asyncio.Event()
        self._refusal: Optional[Refused] = None
        self._end_reason = "the server did not answer"
        self._reconnect_after = 0.0
        self._failure: Optional[TickwireError] = None
        self._running: Optional[asyncio.Task[None]] = None
        self._tasks: Set[asyncio.Task[None]] = set()
        self._is_repairing = False

    async def __aenter__(self: _Self) -> _Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self.close()

    async def connect(self) -> None:
        """Opens the first connection.

        :raises Refused: if the server does not want this client
        :raises ConnectionError: if there was none within ``connect_timeout``
        """
        if self._running is not None:
            raise RuntimeError("a client is connected once")
        self._running = asyncio.create_task(self._run())
        try:
            await asyncio.wait_for(self._until_ready(), self._connect_timeout)
        except asyncio.TimeoutError:
            await self.close()
            raise ConnectionError(f"no connection within {self._connect_timeout} s: {self._end_reason}") from None
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Ends the connection and, once it is read to its end, ``updates()``."""
        if self._failure is None:
            self._failure = ConnectionLost("the client is closed")
        self._ready.set()
        self._inbox.end()
        for task in [self._running, *self._tasks]:
            if task is not None:
                task.cancel()
        if self._running is not None:
            await asyncio.gather(self._running, *self._tasks, return_exceptions=True)
        await self._transport.close()

    async def subscribe(
        self,
        symbols: Sequence[str],
        *,
        mode: str = "quote",
        fields: Optional[Iterable[str]] = None,
        max_frequency: Optional[float] = None,
        compression: str = "delta",
        batch: bool = True,
    ) -> Subscribed:
        """Subscribes, or replaces the options of what is subscribed; lasts over disconnects.

        :param mode: ``quote``, or ``ltp`` for the price alone
        :param fields: names as on the wire (``price``, ``bidSize``); all when left out
        :param max_frequency: updates of one symbol a second at most
        :param compression: how updates travel, ``delta`` or ``none``; quotes are whole either way
        :param batch: whether the updates of a window travel together
        :returns: what the server took, and what it did not
        :raises Refused: if it took nothing, because the options are wrong
        """
        options = _Options(mode, compression, batch, None if fields is None else tuple(fields), max_frequency)
        before = {symbol: self._wanted.get(symbol) for symbol in symbols}
        for symbol, old in before.items():
            if old is not None and old != options:
                self._book.await_snapshot(symbol)
            self._wanted[symbol] = options
        taken: List[str] = []
        rejected: List[Rejected] = []
        capped: Optional[float] = None
        try:
            for part in self._parts(list(before)):
                answer = await self._request("subscribe", {"symbols": part, **options.to_wire()})
                taken += answer["symbols"]
                rejected += _rejections(answer)
                capped = answer.get("maxFrequency", capped)
        except Refused:
            self._put_back(before, taken)
            raise
        for rejection in rejected:
            self._forget(rejection.symbol)
        return Subscribed(tuple(taken), tuple(rejected), capped)

    async def unsubscribe(self, symbols: Optional[Sequence[str]] = None) -> Tuple[str, ...]:
        """Ends subscriptions, all when none are named.

        :returns: those that were
        """
        names = list(self._wanted) if symbols is None else list(symbols)
        for symbol in names:
            self._forget(symbol)
        ended: List[str] = []
        for part in self._parts(names):
            ended += (await self._request("unsubscribe", {"symbols": part}))["symbols"]
        return tuple(ended)

    async def authenticate(self, token: str) -> Mapping[str, Any]:
        """Shows a newer token on the connection that is open; later connections use it too.

        :returns: the server's answer
        :raises Refused: if it is not good
        """
        answer = await self._request("authenticate", {"token": token})
        self._token = token
        return answer

    async def ping(self) -> int:
        """The server's clock, Unix ms."""
        return int((await self._request("ping", {}))["serverTime"])

    def quote(self, symbol: str) -> Optional[Quote]:
        """The last known quote of a subscribed symbol, also while disconnected; ``None`` before its snapshot."""
        return self._book.quote(symbol)

    async def updates(self) -> AsyncIterator[Update]:
        """Every step of every subscribed symbol since ``connect``, each once and in order. For one reader.

        Ends with ``close``.

        :raises Refused: if the server does not want this client any more
        """
        while True:
            update = await self._inbox.get()
            if update is None:
                return
            if update.symbol in self._wanted:
                yield update

    async def _until_ready(self) -> None:
        await self._ready.wait()
        if self._failure is not None:
            raise self._failure

    async def _run(self) -> None:
        while True:
            self._end_reason = await self._one_connection()
            self._ready.clear()
            await self._transport.close()
            if self._refusal is not None and self._is_final(self._refusal):
                return self._fail(self._refusal)
            wait = self._reconnect_after + self._backoff.next()
            self._reconnect_after = 0.0
            self._tell(Disconnected(self._end_reason, wait))
            await self._sleep(wait)

    async def _one_connection(self) -> str:
        """Serves one connection to its end, and says why it ended."""
        self._refusal = None
        try:
            await self._transport.open(await self._present_token())
            async for message in self._transport.messages():
                self._receive(message)
        except Refused as error:
            self._refusal = self._refusal or error
        except (OSError, asyncio.TimeoutError) as error:
            return str(error) or type(error).__name__
        except (KeyError, TypeError, ValueError) as error:
            _log.warning("a message could not be read: %r", error)
            return f"a message could not be read: {error!r}"
        return str(self._refusal) if self._refusal else "the connection ended"

    async def _present_token(self) -> Optional[str]:
        if self._token is None or isinstance(self._token, str):
            return self._token
        token = self._token()
        return await token if inspect.isawaitable(token) else token

    def _is_final(self, refusal: Refused) -> bool:
        # a function may have a better token the next time
        if refusal.code in ("UNAUTHENTICATED", "TOKEN_EXPIRED") and callable(self._token):
            return False
        return not refusal.retryable

    def _fail(self, failure: TickwireError) -> None:
        self._failure = failure
        self._ready.set()  # who waits for a connection finds the failure
        self._inbox.end(failure)

    def _receive(self, message: Mapping[str, Any]) -> None:
        kind = message["type"]
        if kind in _PRICES:
            if kind == "snapshot":
                self._epoch = message["epoch"]  # one may begin while the connection lasts
            for update in self._book.apply(message):
                if update.symbol not in self._wanted:  # on its way when it was unsubscribed
                    self._book.remove(update.symbol)
                    continue
                self.stats.conflated += self._inbox.put(update)
        elif kind == "missed":
            self._book.miss(message["symbol"])
        elif kind == "connected":
            self._start(message)
        elif kind == "error":
            self._receive_error(Refused.from_wire(message))
        elif kind == "draining":
            self._reconnect_after = message["reconnectAfter"] / 1000
            self._tell(Draining(message["reconnectAfter"]))
        elif kind == "status":
            self._tell(Status(message["symbol"], message["state"], message.get("age"), message.get("source")))
        elif kind == "slow":
            self._tell(Slow(message["dropped"], message["resumed"]))
        self.stats.duplicates, self.stats.gaps = self._book.duplicates, self._book.missed
        self._start_repair()

    def _receive_error(self, error: Refused) -> None:
        if not self._ready.is_set() or (error.category == "connection" and not error.retryable):
            self._refusal = error  # why there is no greeting, or why the connection is about to end
        elif error.code == "TOKEN_EXPIRED" and callable(self._token):
            self._spawn(self._renew())
        elif error.symbol in self._wanted and not error.retryable:
            self._lose(Rejected(error.symbol, error.code, error.message))
        else:
            _log.warning("the server says: %s", error)

    async def _renew(self) -> None:
        """Shows a newer token before the present one ends."""
        try:
            await self._once("authenticate", {"token": await self._present_token()})
        except ConnectionLost:
            return  # the next connection asks for a token anyway
        except Refused as error:
            _log.error("the newer token is refused: %s", error)

    def _start(self, message: Mapping[str, Any]) -> None:
        self.stats.connections += 1
        self._epoch = message["epoch"]
        limits = message["limits"]
        self._symbols_per_message = max(
            1, min(limits["maxSymbolsPerMessage"], limits["maxMessageBytes"] // _BYTES_PER_SYMBOL)
        )
        self._ready.set()
        self._tell(Connected(message["clientId"], self._epoch))
        self._spawn(self._resume())

    async def _resume(self) -> None:
        """Asks for everything wanted, from where it was."""
        try:
            for options, symbols in self._by_options(list(self._wanted)):
                for part in self._parts(symbols):
                    sequences = self._book.positions(self._epoch, part)
                    resume = {"resume": {"epoch": self._epoch, "sequences": sequences}} if sequences else {}
                    answer = await self._once("subscribe", {"symbols": part, **options.to_wire(), **resume})
                    self._take_rejected(answer)
            self._backoff.reset()
            self._start_repair()
        except ConnectionLost:
            return  # the next connection starts over
        except Refused as error:
            _log.error("what was subscribed is not taken any more: %s", error)

    def _start_repair(self) -> None:
        if self._book.gaps and not self._is_repairing:
            self._is_repairing = True
            self._spawn(self._repair())

    async def _repair(self) -> None:
        """Asks for snapshots of what has missed updates, until all are on their way."""
        try:
            while self._book.gaps:
                symbols = [symbol for symbol in self._book.gaps if symbol in self._wanted]
                self._book.gaps.clear()
                for options, group in self._by_options(symbols):
                    for part in self._parts(group):
                        self._take_rejected(await self._once("subscribe", {"symbols": part, **options.to_wire()}))
                if self._book.gaps:
                    await self._sleep(_PAUSE)
        except ConnectionLost:
            return  # without a position, the next connection starts with a snapshot
        except Refused as error:
            _log.error("a gap is not repaired: %s", error)
        finally:
            self._is_repairing = False

    async def _request(self, action: str, payload: Mapping[str, Any]) -> Dict[str, Any]:
        """Asks again on the next connection if this one ends before the answer."""
        while True:
            await self._until_ready()
            try:
                return await self._once(action, payload)
            except ConnectionLost:
                continue

    async def _once(self, action: str, payload: Mapping[str, Any]) -> Dict[str, Any]:
        while True:
            try:
                return await asyncio.wait_for(self._transport.request(action, payload), _ANSWER_WITHIN)
            except asyncio.TimeoutError:
                self._ready.clear()
                await self._transport.close()
                raise ConnectionLost(f"no answer within {_ANSWER_WITHIN} s") from None
            except Refused as error:
                if error.code != "RATE_LIMITED":
                    raise
                await self._sleep(_PAUSE)

    def _by_options(self, symbols: List[str]) -> Iterator[Tuple[_Options, List[str]]]:
        groups: Dict[_Options, List[str]] = {}
        for symbol in symbols:
            groups.setdefault(self._wanted[symbol], []).append(symbol)
        yield from groups.items()

    def _parts(self, symbols: List[str]) -> Iterator[List[str]]:
        """As many symbols as one message may name."""
        for start in range(0, len(symbols), self._symbols_per_message):
            yield symbols[start : start + self._symbols_per_message]

    def _take_rejected(self, answer: Mapping[str, Any]) -> None:
        """Of what was subscribed before, gives up only what the server will not have later either."""
        for rejection in _rejections(answer):
            if rejection.code == "RATE_LIMITED":
                self._book.want_snapshot(rejection.symbol)
            else:
                self._lose(rejection)

    def _lose(self, rejection: Rejected) -> None:
        self._forget(rejection.symbol)
        self._tell(rejection)

    def _forget(self, symbol: str) -> None:
        self._wanted.pop(symbol, None)
        self._book.remove(symbol)

    def _put_back(self, before: Mapping[str, Optional[_Options]], taken: List[str]) -> None:
        for symbol in before.keys() - set(taken):
            options = before[symbol]
            if options is None:
                self._forget(symbol)
            else:
                self._wanted[symbol] = options
                self._book.want_snapshot(symbol)

    def _tell(self, notice: Notice) -> None:
        if self._on_notice is not None:
            self._on_notice(notice)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _rejections(answer: Mapping[str, Any]) -> List[Rejected]:
    return [Rejected(item["symbol"], item["code"], item["message"]) for item in answer["rejected"]]
