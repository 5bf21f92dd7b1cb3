import unittest

from tickwire.compact import BadFrame, CompactReader

AT = 1_700_000_000_000
TIME = AT.to_bytes(6, "big")


def text(value):
    return bytes([len(value.encode())]) + value.encode()


def snapshot(seq):
    """Number 300, two decimals: price 100.00, previous close 99.00, source "x"."""
    head = b"\x02" + b"\xac\x02" + bytes([seq]) + b"\x02" + text("e1") + text("NSE:SBIN") + text("Bank") + TIME
    # bits 0 and 15, then 17: 0x28001
    return head + b"\x81\x80\x0a" + b"\xa0\x9c\x01" + b"\xd8\x9a\x01" + text("x")


def batch(low_seq, body):
    return b"\x01\x01" + TIME + b"\xac\x02" + bytes([low_seq]) + body


class ACompactReader(unittest.TestCase):
    def setUp(self):
        self.reader = CompactReader()

    def test_reads_a_snapshot_and_derives_the_change(self):
        (message,) = self.reader.read(snapshot(7))
        self.assertEqual(
            message["data"],
            {
                "symbol": "NSE:SBIN",
                "companyName": "Bank",
                "price": 100.0,
                "previousClose": 99.0,
                "source": "x",
                "change": 1.0,
                "changePercent": 1.01,
            },
        )
        self.assertEqual((message["seq"], message["epoch"], message["timestamp"]), (7, "e1", AT))

    def test_reads_an_update_relative_to_the_value_before_and_fields_that_are_gone(self):
        self.reader.read(snapshot(7))
        # price -0.05 and bit 18; then previous close is no longer known
        (message,) = self.reader.read(batch(8, b"\x81\x80\x10" + b"\x09" + b"\x80\x80\x02"))
        gone = {"previousClose": None, "change": None, "changePercent": None}
        self.assertEqual(message["updates"], [{"symbol": "NSE:SBIN", "seq": 8, "data": {"price": 99.95, **gone}}])

    def test_names_a_symbol_once_whose_updates_do_not_follow(self):
        self.reader.read(snapshot(7))
        missed = {"type": "missed", "symbol": "NSE:SBIN"}
        self.assertEqual(self.reader.read(batch(9, b"\x01\x02"))[1:], [missed])
        self.assertEqual(self.reader.read(batch(10, b"\x01\x02"))[0]["updates"], [])
        self.reader.read(snapshot(10))
        self.assertEqual(self.reader.read(batch(11, b"\x01\x02"))[0]["updates"][0]["data"]["price"], 100.01)

    def test_refuses_bytes_that_are_no_frame(self):
        self.reader.read(snapshot(7))
        for frame in (b"", b"\x03", snapshot(7)[:-1], snapshot(7) + b"\x00", batch(8, b"\x01"), b"\x01\x01" + TIME + b"\x05"):
            with self.assertRaises(BadFrame):
                self.reader.read(frame)
