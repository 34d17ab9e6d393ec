"""Reads an event stream and says by how much its latest event was late.

Each event carries the moment of its sending; both programs run on one machine and read one clock.
"""
import sys
import time
import urllib.request

late = []
with urllib.request.urlopen(sys.argv[1]) as stream:
    for line in stream:
        if line.startswith(b"data: "):
            late.append(time.monotonic() - float(line[6:]))
print(f"{len(late)} events, the latest {max(late) * 1000:.0f} ms late")
