"""Asks for a URL with urllib, or requests where told so; prints the whole error, as it would be logged."""
import sys

url, library = sys.argv[1], sys.argv[2]
try:
    if library == "requests":
        import requests

        print(len(requests.get(url).content), "bytes")
    else:
        import urllib.request

        print(len(urllib.request.urlopen(url).read()), "bytes")
except Exception as error:
    sys.exit(print(f"{type(error).__module__}.{type(error).__name__}: {error}") or 1)
