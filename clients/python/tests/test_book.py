import unittest

from tickwire.book import Book

SBIN = "NSE:SBIN"


def snapshot(seq, epoch="e1", **data):
    return {"type": "snapshot", "symbol": SBIN, "epoch": epoch, "seq": seq, "data": data, "timestamp": 1}


def update(seq, compression="delta", prev=None, **data):
    message = {"type": "price_update", "symbol": SBIN, "seq": seq, "data": data, "timestamp": 2}
    return {**message, "compression": compression, **({} if prev is None else {"prev": prev})}


class ABook(unittest.TestCase):
    def setUp(self):
        self.book = Book()

    def prices(self, *messages):
        return [(step.seq, step.quote.price) for message in messages for step in self.book.apply(message)]

    def test_merges_deltas_and_forgets_what_is_no_longer_known(self):
        self.prices(snapshot(4, price=10.5, bid=10, stale=False), update(5, price=11, bid=None))
        quote = self.book.quote(SBIN)
        self.assertEqual(quote.to_wire(), {"symbol": SBIN, "price": 11, "stale": False})

    def test_replaces_the_quote_by_a_whole_one(self):
        self.prices(snapshot(4, price=10, bid=9), update(5, "none", price=11))
        self.assertEqual(self.book.quote(SBIN).to_wire(), {"symbol": SBIN, "price": 11})

    def test_leaves_out_what_it_has_already(self):
        steps = self.prices(snapshot(4, price=10), update(5, price=11), update(4, price=9), update(5, price=9))
        self.assertEqual(steps, [(4, 10), (5, 11)])
        self.assertEqual(self.book.duplicates, 2)
        self.assertEqual(self.prices(snapshot(5, price=11)), [])

    def test_holds_back_after_a_gap_until_the_snapshot(self):
        self.assertEqual(self.prices(snapshot(4, price=10), update(6, price=12), update(7, price=13)), [(4, 10)])
        self.assertEqual(self.book.gaps, {SBIN})
        self.assertEqual(self.book.positions("e1", [SBIN]), {})
        self.assertEqual(self.prices(snapshot(7, price=13), update(8, price=14)), [(7, 13), (8, 14)])
        self.assertEqual(self.book.gaps, set())

    def test_takes_prev_for_the_position_before(self):
        self.assertEqual(self.prices(snapshot(4, price=10), update(9, prev=3, price=11)), [(4, 10), (9, 11)])
        self.assertEqual(self.prices(update(12, prev=10, price=12)), [])
        self.assertEqual(self.book.gaps, {SBIN})

    def test_starts_over_in_another_epoch_even_at_a_lower_sequence(self):
        self.assertEqual(self.prices(snapshot(40, price=10), snapshot(1, "e2", price=11)), [(40, 10), (1, 11)])
        self.assertEqual(self.book.positions("e1", [SBIN]), {})
        self.assertEqual(self.book.positions("e2", [SBIN]), {SBIN: 1})
