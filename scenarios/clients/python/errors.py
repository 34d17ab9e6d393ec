"""Asks each URL, with 3 s to connect and 5 s for each read, and prints the error as a log would have it.

urllib has one timeout for both, of 5 s; with `patient` it has none.
"""
import sys

import requests
import urllib.request

library, *urls = sys.argv[1:]
for url in urls:
    try:
        if library == "requests":
            end = f"{len(requests.get(url, timeout=(3, 5)).content)} bytes"
        else:
            with urllib.request.urlopen(url, timeout=5 if library == "urllib" else None) as answer:
                end = f"{len(answer.read())} bytes"
    except Exception as error:
        end = f"{type(error).__module__}.{type(error).__name__}: {error}"
    print(f"{url[7:].rstrip('/')}: {end}")
