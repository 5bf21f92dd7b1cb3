"""Follows symbols until a line comes in, and says everything as JSON lines. Run by test/e2e/python.spec.ts.

python follow.py {json|msgpack|compact|socket.io} URL SYMBOL...

TOKENS in the environment are shown one after the other, separated by spaces.
"""

import asyncio
import dataclasses
import json
import os
import sys

from tickwire import Backoff, Client
from tickwire.socket_io import SocketIoClient


def say(kind, **rest):
    print(json.dumps({"kind": kind, **rest}), flush=True)


async def main(door, url, symbols):
    tokens = iter(os.environ.get("TOKENS", "").split())
    options = {
        "token": (lambda: next(tokens)) if "TOKENS" in os.environ else None,
        "backoff": Backoff(first=0.05, longest=0.4),
        "on_notice": lambda notice: say(type(notice).__name__, **dataclasses.asdict(notice)),
    }
    client = SocketIoClient(url, **options) if door == "socket.io" else Client(url, format=door, **options)
    async with client:

        async def read():
            async for update in client.updates():
                place = {"symbol": update.symbol, "epoch": update.epoch, "seq": update.seq}
                say("update", **place, isSnapshot=update.is_snapshot, data=update.quote.to_wire())

        reader = asyncio.ensure_future(read())
        await client.subscribe(symbols)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        say("end", stats=dataclasses.asdict(client.stats), quotes=[client.quote(symbol).to_wire() for symbol in symbols])
    await reader


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
