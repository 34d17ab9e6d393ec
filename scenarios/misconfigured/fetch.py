"""Downloads a URL; prints its size, or what went wrong, and exits with 1."""
import http.client
import sys
import urllib.request

try:
    with urllib.request.urlopen(sys.argv[1], timeout=30) as answer:
        print(len(answer.read()), "bytes")
except (OSError, http.client.HTTPException) as error:
    print(repr(error))
    sys.exit(1)
