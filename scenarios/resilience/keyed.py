"""Pays with an idempotency key, and asks once more after a timeout of 2 s.

The key is the second argument; `each` is the bug: a key for each attempt.
"""
import sys
import urllib.request

url, key = sys.argv[1], sys.argv[2]
for attempt in (1, 2):
    this = f"attempt-{attempt}" if key == "each" else key
    request = urllib.request.Request(url, data=b"10 EUR", headers={"Idempotency-Key": this})
    try:
        print(urllib.request.urlopen(request, timeout=2).status)
        break
    except OSError as error:
        print(error)
