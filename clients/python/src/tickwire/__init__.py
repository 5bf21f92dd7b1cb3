"""Client of the Tickwire market-data gateway: merged quotes, gaps repaired, connections resumed."""

from .backoff import Backoff
from .client import Client, Stats
from .errors import ConnectionLost, Refused, TickwireError
from .messages import Connected, Disconnected, Draining, Notice, Rejected, Slow, Status, Subscribed
from .quote import Quote, Update

__all__ = [
    "Backoff",
    "Client",
    "Connected",
    "ConnectionLost",
    "Disconnected",
    "Draining",
    "Notice",
    "Quote",
    "Refused",
    "Rejected",
    "Slow",
    "Stats",
    "Status",
    "Subscribed",
    "TickwireError",
    "Update",
]
