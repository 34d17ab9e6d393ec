"""Downloads a URL with a timeout for each read; says how much came, or why it stopped."""
import sys
import urllib.request

url, read_timeout = sys.argv[1], float(sys.argv[2])
received = 0
try:
    with urllib.request.urlopen(url, timeout=read_timeout) as response:
        while piece := response.read1(65536):
            received += len(piece)
except TimeoutError:
    sys.exit(print(f"read timed out after {received} bytes") or 1)
print(f"{received} bytes")
