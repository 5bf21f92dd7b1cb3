"""Prints quotes as they move: python watch.py [--url ws://127.0.0.1:3000/ws] NSE:RELIANCE NSE:TCS"""

import argparse
import asyncio

from tickwire import Client


async def watch(url: str, symbols: list) -> None:
    async with Client(url) as client:
        answer = await client.subscribe(symbols)
        for rejected in answer.rejected:
            print(rejected.symbol, rejected.message)
        async for update in client.updates():
            quote = update.quote
            print(update.symbol, quote.price, f"{quote.change_percent}%", "(stale)" if quote.stale else "", flush=True)


parser = argparse.ArgumentParser()
parser.add_argument("--url", default="ws://127.0.0.1:3000/ws")
parser.add_argument("symbols", nargs="*", default=["NSE:RELIANCE", "NSE:TCS", "BSE:500325"])
arguments = parser.parse_args()
try:
    asyncio.run(watch(arguments.url, arguments.symbols))
except KeyboardInterrupt:
    pass
