"""A quote and one step of it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Mapping, Optional

WIRE_NAMES = {
    "symbol": "symbol",
    "company_name": "companyName",
    "price": "price",
    "change": "change",
    "change_percent": "changePercent",
    "volume": "volume",
    "open": "open",
    "high": "high",
    "low": "low",
    "previous_close": "previousClose",
    "bid": "bid",
    "ask": "ask",
    "bid_size": "bidSize",
    "ask_size": "askSize",
    "last_size": "lastSize",
    "average_price": "averagePrice",
    "open_interest": "openInterest",
    "timestamp": "timestamp",
    "source": "source",
    "stale": "stale",
}


@dataclass(frozen=True)
class Quote:
    """All that is known of one instrument; what is not known is ``None``, never 0.

    Prices are in the instrument's currency, sizes in units. ``timestamp`` is the exchange's event time, ISO 8601 UTC;
    ``source`` the vendor; ``stale`` whether the price is no longer confirmed.
    """

    symbol: str
    company_name: Optional[str] = None
    price: Optional[float] = None
    change: Optional[float] = None
    change_percent: Optional[float] = None
    volume: Optional[int] = None
    open: Optional[float] = None
    high: Optional[float] = None
    low: Optional[float] = None
    previous_close: Optional[float] = None
    bid: Optional[float] = None
    ask: Optional[float] = None
    bid_size: Optional[int] = None
    ask_size: Optional[int] = None
    last_size: Optional[int] = None
    average_price: Optional[float] = None
    open_interest: Optional[int] = None
    timestamp: Optional[str] = None
    source: Optional[str] = None
    stale: Optional[bool] = None

    @classmethod
    def from_wire(cls, symbol: str, data: Mapping[str, Any]) -> Quote:
        """Reads a whole quote with the wire's names; names it does not know are left out."""
        known = {name: data[wire] for name, wire in WIRE_NAMES.items() if data.get(wire) is not None}
        known["symbol"] = symbol
        return cls(**known)

    def to_wire(self) -> dict[str, Any]:
        """The known fields under the wire's names."""
        values = ((WIRE_NAMES[field.name], getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in values if value is not None}


@dataclass(frozen=True)
class Update:
    """One step of one symbol.

    ``quote`` is whole, whatever travelled. ``seq`` counts the changes of the symbol within one ``epoch`` of the server.
    ``is_snapshot`` says that steps before it may have been left out. ``sent_at`` is the server's clock, Unix ms.
    """

    symbol: str
    epoch: str
    seq: int
    quote: Quote
    is_snapshot: bool
    sent_at: int
