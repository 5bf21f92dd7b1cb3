"""Reads hex frames, one a line, and says the messages in them as JSON lines. Run by test/e2e/python.spec.ts."""

import json
import sys

from tickwire.compact import CompactReader

reader = CompactReader()
for line in sys.stdin:
    print(json.dumps(reader.read(bytes.fromhex(line.strip()))))
