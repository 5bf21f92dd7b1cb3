"""The compact form of docs/protocol.md, read into the same messages that JSON carries."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, List, Optional

_FIELDS: Dict[int, str] = {
    0: "price",
    1: "volume",
    2: "bid",
    3: "ask",
    4: "bidSize",
    5: "askSize",
    6: "timestamp",
    7: "lastSize",
    8: "averagePrice",
    9: "high",
    10: "low",
    13: "openInterest",
    14: "open",
    15: "previousClose",
    16: "stale",
    17: "source",
}
_PRICES = frozenset(["price", "bid", "ask", "averagePrice", "high", "low", "open", "previousClose"])
_HAS_REMOVED = 1 << 18
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class BadFrame(ValueError):
    """Bytes that are no frame of the compact form; nothing after them can be trusted."""


@dataclass
class _Instrument:
    symbol: str
    seq: int
    decimals: int
    values: Dict[str, Any]
    is_lost: bool = False


class _Bytes:
    def __init__(self, frame: bytes) -> None:
        self._frame = frame
        self._at = 0

    @property
    def is_at_end(self) -> bool:
        return self._at == len(self._frame)

    def u8(self) -> int:
        return self._take(1)[0]

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def signed(self) -> int:
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def text(self) -> str:
        return self._take(self.u8()).decode("utf-8")

    def time(self) -> int:
        return int.from_bytes(self._take(6), "big")

    def _take(self, count: int) -> bytes:
        part = self._frame[self._at : self._at + count]
        if len(part) < count:
            raise BadFrame("the frame ends too early")
        self._at += count
        return part


class CompactReader:
    """Reads the frames of one connection, in order."""

    def __init__(self) -> None:
        self._instruments: Dict[int, _Instrument] = {}

    def read(self, frame: bytes) -> List[Dict[str, Any]]:
        """The messages of a frame: a ``snapshot``, or a ``batch_update`` with deltas.

        An update that does not follow the one before gives ``{"type": "missed", "symbol": ...}`` once; what comes after
        it is skipped until the instrument's next snapshot.

        :raises BadFrame: if the bytes are no frame
        """
        data = _Bytes(frame)
        kind = data.u8()
        if kind == 2:
            messages = [self._snapshot(data)]
        elif kind == 1:
            messages = self._batch(data)
        else:
            raise BadFrame(f"unknown frame {kind}")
        if not data.is_at_end:
            raise BadFrame("bytes after the end of the frame")
        return messages

    def _snapshot(self, data: _Bytes) -> Dict[str, Any]:
        number, seq, decimals = data.varint(), data.varint(), data.u8()
        epoch, symbol, company_name = data.text(), data.text(), data.text()
        sent_at = data.time()
        instrument = _Instrument(symbol, seq, decimals, {})
        self._instruments[number] = instrument
        instrument.values = _read_values(data, data.varint(), {}, sent_at)
        quote = {"symbol": symbol, "companyName": company_name, **_shown(instrument, instrument.values)}
        return {
            "type": "snapshot",
            "symbol": symbol,
            "epoch": epoch,
            "seq": seq,
            "data": {**quote, **_derived(instrument)},
            "timestamp": sent_at,
        }

    def _batch(self, data: _Bytes) -> List[Dict[str, Any]]:
        count, sent_at = data.varint(), data.time()
        read = [self._update(data, sent_at) for _ in range(count)]
        updates = [update for update in read if update is not None and "seq" in update]
        batch = {"type": "batch_update", "updates": updates, "compression": "delta", "timestamp": sent_at}
        return [batch, *(missed for missed in read if missed is not None and "seq" not in missed)]

    def _update(self, data: _Bytes, sent_at: int) -> Optional[Dict[str, Any]]:
        instrument = self._instruments.get(data.varint())
        if instrument is None:
            raise BadFrame("an update of an instrument without a snapshot")
        low_seq, mask = data.u8(), data.varint()
        changed = _read_values(data, mask & ~_HAS_REMOVED, instrument.values, sent_at)
        removed = data.varint() if mask & _HAS_REMOVED else 0
        if instrument.is_lost:
            return None
        if low_seq != (instrument.seq + 1) & 0xFF:
            instrument.is_lost = True
            return {"type": "missed", "symbol": instrument.symbol}
        instrument.seq += 1
        instrument.values.update(changed)
        fields = _shown(instrument, changed)
        for bit, name in _FIELDS.items():
            if removed >> bit & 1:
                instrument.values.pop(name, None)
                fields[name] = None
        return {"symbol": instrument.symbol, "seq": instrument.seq, "data": {**fields, **_derived(instrument)}}


def _read_values(data: _Bytes, mask: int, base: Dict[str, Any], sent_at: int) -> Dict[str, Any]:
    """Values as they travel: prices in units of the last decimal, times in Unix ms."""
    values: Dict[str, Any] = {}
    for bit, name in _FIELDS.items():
        if not mask >> bit & 1:
            continue
        if name == "source":
            values[name] = data.text()
        elif name == "stale":
            values[name] = data.u8() == 1
        elif name == "timestamp":
            values[name] = sent_at + data.signed()
        else:
            values[name] = base.get(name, 0) + data.signed()
    return values


def _shown(instrument: _Instrument, values: Dict[str, Any]) -> Dict[str, Any]:
    """Values as JSON carries them."""
    scale = 10**instrument.decimals
    return {
        name: value / scale if name in _PRICES else _iso(value) if name == "timestamp" else value
        for name, value in values.items()
    }


def _derived(instrument: _Instrument) -> Dict[str, Any]:
    """The two fields that never travel; ``None`` where they cannot be known."""
    price, close = instrument.values.get("price"), instrument.values.get("previousClose")
    if price is None or close is None:
        return {"change": None, "changePercent": None}
    scale = 10**instrument.decimals
    change = (price - close) / scale
    percent = _half_up(change / (close / scale) * 10_000) / 100 if close > 0 else None
    return {"change": change, "changePercent": percent}


def _half_up(value: float) -> int:
    whole = math.floor(value)
    return whole + 1 if value - whole >= 0.5 else whole


def _iso(time: int) -> str:
    return (_EPOCH + timedelta(milliseconds=time)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
