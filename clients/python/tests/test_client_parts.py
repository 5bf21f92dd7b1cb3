import asyncio
import unittest

from tickwire import Backoff, Quote, Update
from tickwire.inbox import Inbox


def step(symbol, seq):
    return Update(symbol, "e1", seq, Quote(symbol, price=seq), False, 0)


class ABackoff(unittest.TestCase):
    def test_waits_anywhere_up_to_a_ceiling_that_doubles(self):
        chances = iter([1, 0.5, 1, 0, 1, 1])
        backoff = Backoff(1, 6, lambda: next(chances))
        self.assertEqual([backoff.next() for _ in range(5)], [1, 1, 4, 0, 6])
        backoff.reset()
        self.assertEqual(backoff.next(), 1)


class AnInbox(unittest.IsolatedAsyncioTestCase):
    async def test_keeps_every_step_for_a_reader_in_time(self):
        inbox = Inbox(3)
        for seq in (1, 2, 3):
            inbox.put(step("A", seq))
        self.assertEqual([(await inbox.get()).seq for _ in range(3)], [1, 2, 3])

    async def test_keeps_the_newest_of_each_symbol_for_a_late_one(self):
        inbox = Inbox(4)
        dropped = [inbox.put(step(symbol, seq)) for seq, symbol in enumerate("ABAAB")]
        inbox.end()
        self.assertEqual(dropped, [0, 0, 0, 0, 2])
        self.assertEqual([(await inbox.get()).seq for _ in range(3)], [1, 3, 4])
        self.assertIsNone(await inbox.get())

    async def test_wakes_a_reader_that_waits(self):
        inbox = Inbox(4)
        reader = asyncio.create_task(inbox.get())
        await asyncio.sleep(0)
        inbox.put(step("A", 1))
        self.assertEqual((await reader).seq, 1)

    async def test_raises_the_failure_after_the_last_step(self):
        inbox = Inbox(4)
        inbox.put(step("A", 1))
        inbox.end(ValueError("over"))
        await inbox.get()
        with self.assertRaises(ValueError):
            await inbox.get()
