"""The quotes of one client and the positions they are at. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Mapping, Optional, Set

from .quote import Quote, Update


@dataclass
class _Entry:
    epoch: str
    seq: int
    data: Dict[str, Any]
    quote: Quote


class Book:
    """Applies snapshots and deltas in order; what does not follow is never applied but named in ``gaps``."""

    def __init__(self) -> None:
        self.gaps: Set[str] = set()
        """Symbols whose next snapshot has to be asked for."""
        self.missed = 0
        """How often an update did not follow the one before."""
        self.duplicates = 0
        """Updates that were already known and were left out."""
        self._entries: Dict[str, _Entry] = {}
        self._waiting: Set[str] = set()

    def quote(self, symbol: str) -> Optional[Quote]:
        """The last known quote; also while its connection is away."""
        entry = self._entries.get(symbol)
        return entry.quote if entry else None

    def positions(self, epoch: str, symbols: List[str]) -> Dict[str, int]:
        """Sequences from which the symbols may be resumed in this epoch."""
        return {
            symbol: entry.seq
            for symbol in symbols
            if symbol not in self._waiting
            for entry in [self._entries.get(symbol)]
            if entry is not None and entry.epoch == epoch
        }

    def want_snapshot(self, symbol: str) -> None:
        """Ignores updates of a symbol until its next snapshot, which has to be asked for."""
        self._waiting.add(symbol)
        self.gaps.add(symbol)

    def await_snapshot(self, symbol: str) -> None:
        """Ignores updates of a symbol until its next snapshot, which is asked for already."""
        self._waiting.add(symbol)

    def remove(self, symbol: str) -> None:
        self._entries.pop(symbol, None)
        self._waiting.discard(symbol)
        self.gaps.discard(symbol)

    def apply(self, message: Mapping[str, Any]) -> Iterator[Update]:
        """The steps that a ``snapshot``, ``price_update`` or ``batch_update`` makes; none for what is already known."""
        kind = message["type"]
        if kind == "snapshot":
            updates = [self._snapshot(message)]
        elif kind == "price_update":
            updates = [self._update(message, message["compression"], message["timestamp"])]
        else:
            updates = [
                self._update(update, message["compression"], message["timestamp"]) for update in message["updates"]
            ]
        return (update for update in updates if update is not None)

    def miss(self, symbol: str) -> None:
        """An update of the symbol does not follow the one before."""
        self.missed += 1
        self.want_snapshot(symbol)

    def _snapshot(self, message: Mapping[str, Any]) -> Optional[Update]:
        symbol, epoch, seq = message["symbol"], message["epoch"], message["seq"]
        quote = Quote.from_wire(symbol, message["data"])
        before = self._entries.get(symbol)
        self._waiting.discard(symbol)
        self.gaps.discard(symbol)
        self._entries[symbol] = _Entry(epoch, seq, dict(message["data"]), quote)
        if before is not None and (before.epoch, before.seq, before.quote) == (epoch, seq, quote):
            self.duplicates += 1
            return None
        return Update(symbol, epoch, seq, quote, True, message["timestamp"])

    def _update(self, update: Mapping[str, Any], compression: str, sent_at: int) -> Optional[Update]:
        symbol, seq = update["symbol"], update["seq"]
        entry = self._entries.get(symbol)
        if symbol in self._waiting or entry is None:
            return None
        if seq <= entry.seq:
            self.duplicates += 1
            return None
        if update.get("prev", seq - 1) > entry.seq:
            self.miss(symbol)
            return None
        if compression == "delta":
            for name, value in update["data"].items():
                if value is None:
                    entry.data.pop(name, None)
                else:
                    entry.data[name] = value
        else:
            entry.data = dict(update["data"])
        entry.seq = seq
        entry.quote = Quote.from_wire(symbol, entry.data)
        return Update(symbol, entry.epoch, seq, entry.quote, False, sent_at)
