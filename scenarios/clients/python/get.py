"""Asks for a URL with urllib and a timeout; says what came, or in which phase it failed."""
import sys
import urllib.error
import urllib.request

url, timeout = sys.argv[1], float(sys.argv[2])
try:
    with urllib.request.urlopen(url, timeout=timeout) as response:
        print(f"status {response.status}, {len(response.read())} bytes")
except urllib.error.URLError as error:
    sys.exit(print(f"not connected: {error.reason}") or 1)
except TimeoutError as error:
    sys.exit(print(f"not answered: {error}") or 1)
