import asyncio
import unittest

from tickwire import Client

A, B = "NSE:A", "NSE:B"
LIMITS = {"maxSymbols": 10, "maxSymbolsPerMessage": 1, "maxMessageBytes": 16384, "messagesPerSecond": 10}


def connected(epoch):
    return {"type": "connected", "clientId": "c", "epoch": epoch, "limits": LIMITS, "timestamp": 1}


def snapshot(symbol, seq, epoch):
    return {"type": "snapshot", "symbol": symbol, "epoch": epoch, "seq": seq, "data": {"price": seq}, "timestamp": 1}


class Script:
    """A server that says what the test says, and answers when the test lets it."""

    def __init__(self):
        self.asked = asyncio.Queue()
        self.said = asyncio.Queue()
        self.may_answer = asyncio.Semaphore(2)

    async def open(self, token):
        return None

    async def request(self, action, payload):
        await self.asked.put(payload)
        await self.may_answer.acquire()
        return {"type": "subscribed", "symbols": payload["symbols"], "rejected": []}

    async def messages(self):
        while True:
            message = await self.said.get()
            if message is None:
                return
            yield message

    async def close(self):
        await self.said.put(None)


async def no_pause(seconds):
    await asyncio.sleep(0)


class AnEpochThatBeginsWhileConnected(unittest.IsolatedAsyncioTestCase):
    async def test_ends_all_positions_and_is_the_one_that_is_resumed(self):
        script = Script()
        await script.said.put(connected("e1"))
        async with Client("ws://server", transport=script, sleep=no_pause) as client:
            updates = client.updates()
            await client.subscribe([A, B])
            self.assertEqual([(await self.ask(script))["symbols"] for _ in range(2)], [[A], [B]])
            for message in (snapshot(A, 40, "e1"), snapshot(B, 50, "e1"), None, connected("e1")):
                await script.said.put(message)
            self.assertEqual((await self.ask(script))["resume"], {"epoch": "e1", "sequences": {A: 40}})
            await script.said.put(snapshot(A, 1, "e2"))
            seen = [await asyncio.wait_for(updates.__anext__(), 30) for _ in range(3)]
            self.assertEqual([(one.epoch, one.seq) for one in seen], [("e1", 40), ("e1", 50), ("e2", 1)])
            script.may_answer.release()
            self.assertNotIn("resume", await self.ask(script))
            script.may_answer.release()
            for message in (snapshot(B, 2, "e2"), None, connected("e2")):
                await script.said.put(message)
            self.assertEqual((await self.ask(script))["resume"], {"epoch": "e2", "sequences": {A: 1}})

    async def ask(self, script):
        return await asyncio.wait_for(script.asked.get(), 30)
