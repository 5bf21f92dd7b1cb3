"""What the client does with a server; runs where TICKWIRE_URL names one."""

import asyncio
import os
import unittest

from tickwire import Client, Connected, Refused
from tickwire.socket_io import SocketIoClient

URL = os.environ.get("TICKWIRE_URL", "")


async def take(client, count):
    steps = []
    async for step in client.updates():
        steps.append(step)
        if len(steps) == count:
            break
    return steps


@unittest.skipUnless(URL, "TICKWIRE_URL is not set")
class AClient(unittest.IsolatedAsyncioTestCase):
    def client(self, **options):
        return Client(URL, **options)

    async def test_says_what_was_taken_and_what_was_not(self):
        async with self.client() as client:
            answer = await client.subscribe(["NSE:TCS", "NSE:NOPE"])
            self.assertEqual(answer.symbols, ("NSE:TCS",))
            self.assertEqual([(item.symbol, item.code) for item in answer.rejected], [("NSE:NOPE", "INVALID_SYMBOL")])

    async def test_sees_whole_quotes_in_sequence_after_a_snapshot_whatever_travels(self):
        for compression, batch in [("none", False), ("none", True), ("delta", False), ("delta", True)]:
            async with self.client() as client:
                await client.subscribe(["NSE:TCS"], compression=compression, batch=batch)
                first, *others = steps = await asyncio.wait_for(take(client, 4), 30)
                self.assertEqual([step.is_snapshot for step in steps], [True, False, False, False])
                self.assertEqual([step.seq for step in others], [first.seq + 1, first.seq + 2, first.seq + 3])
                for step in steps:
                    self.assertEqual(step.quote.company_name, "Tata Consultancy Services Limited")

    async def test_hears_nothing_of_what_it_left(self):
        async with self.client() as client:
            await client.subscribe(["NSE:TCS", "NSE:INFY"])
            await asyncio.wait_for(take(client, 4), 30)
            self.assertEqual(await client.unsubscribe(["NSE:TCS"]), ("NSE:TCS",))
            self.assertIsNone(client.quote("NSE:TCS"))
            await client.ping()
            self.assertEqual({step.symbol for step in await asyncio.wait_for(take(client, 12), 30)}, {"NSE:INFY"})

    async def test_starts_over_from_a_snapshot_with_other_options(self):
        async with self.client() as client:
            await client.subscribe(["NSE:TCS"])
            await asyncio.wait_for(take(client, 2), 30)
            await client.subscribe(["NSE:TCS"], fields=["price"])
            steps = await asyncio.wait_for(take(client, 6), 30)
            self.assertTrue(steps[0].is_snapshot or steps[1].is_snapshot)
            self.assertIsNone(steps[-1].quote.bid)
            self.assertEqual(client.stats.gaps, 0)

    async def test_raises_what_the_server_refuses_and_stays_connected(self):
        async with self.client() as client:
            with self.assertRaises(Refused) as caught:
                await client.subscribe(["NSE:TCS"], fields=["prize"])
            self.assertEqual((caught.exception.code, caught.exception.retryable), ("INVALID_MESSAGE", False))
            self.assertGreater(await client.ping(), 1_600_000_000_000)

    async def test_repairs_a_gap_with_a_snapshot(self):
        async with self.client() as client:
            await client.subscribe(["NSE:TCS"])
            await asyncio.wait_for(take(client, 2), 30)
            client._book._entries["NSE:TCS"].seq -= 5
            steps = await asyncio.wait_for(take(client, 12), 30)
            self.assertEqual(client.stats.gaps, 1)
            self.assertIn(True, [step.is_snapshot for step in steps])
            repaired = [step.seq for step in steps[-5:]]
            self.assertEqual(repaired, list(range(repaired[0], repaired[0] + 5)))


class ASocketIoClient(AClient):
    def client(self, **options):
        return SocketIoClient(URL, **options)


@unittest.skipUnless(URL, "TICKWIRE_URL is not set")
class AClientThatIsNotWanted(unittest.IsolatedAsyncioTestCase):
    async def test_ends_at_once_where_the_format_is_not_known(self):
        with self.assertRaises(Refused) as caught:
            await Client(f"{URL}/ws?format=xml").connect()
        self.assertEqual(caught.exception.code, "INVALID_MESSAGE")

    async def test_gives_up_on_a_port_where_nobody_listens_after_the_time_given(self):
        with self.assertRaises(ConnectionError):
            await Client("ws://127.0.0.1:1/ws", connect_timeout=0.3).connect()

    async def test_asks_for_the_token_before_each_connection(self):
        tokens, notices = [], []

        async def token():
            tokens.append(len(tokens))
            return f"token {len(tokens)}"

        async with Client(URL, token=token, on_notice=notices.append):
            self.assertEqual(tokens, [0])
            self.assertIsInstance(notices[0], Connected)
