"""The same over Socket.IO: python watch_socketio.py [--url http://127.0.0.1:3000] NSE:RELIANCE NSE:TCS"""

import argparse
import asyncio

from tickwire.socket_io import SocketIoClient


async def watch(url: str, symbols: list) -> None:
    async with SocketIoClient(url) as client:
        await client.subscribe(symbols)
        async for update in client.updates():
            print(update.symbol, update.quote.price, flush=True)


parser = argparse.ArgumentParser()
parser.add_argument("--url", default="http://127.0.0.1:3000")
parser.add_argument("symbols", nargs="*", default=["NSE:RELIANCE", "NSE:TCS"])
arguments = parser.parse_args()
try:
    asyncio.run(watch(arguments.url, arguments.symbols))
except KeyboardInterrupt:
    pass
