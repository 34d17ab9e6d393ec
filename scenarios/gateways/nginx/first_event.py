"""Reads an event stream and says after how many seconds its first event came, and its last."""
import sys
import time
import urllib.request

begin = time.monotonic()
first = None
with urllib.request.urlopen(sys.argv[1]) as stream:
    for line in stream:
        if line.startswith(b"data:") and first is None:
            first = time.monotonic() - begin
total = time.monotonic() - begin
print(f"first event after {first:.0f} s, all after {total:.0f} s")
