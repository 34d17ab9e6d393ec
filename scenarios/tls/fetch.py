"""Fetches URL, with a timeout of 20 s; says what became of it."""
import sys
import urllib.request

try:
    with urllib.request.urlopen(sys.argv[1], timeout=20) as answer:
        print("status", answer.status)
except OSError as error:
    print(error)
    sys.exit(1)
