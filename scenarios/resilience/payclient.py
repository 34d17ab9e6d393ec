"""A client that pays: up to three attempts, with pauses of 100 ms and 200 ms between them."""
import sys
import time
import urllib.error
import urllib.request

url = sys.argv[1]
for pause in (0.1, 0.2, None):
    try:
        with urllib.request.urlopen(url, data=b"10 EUR", timeout=5) as response:
            print(f"status {response.status}")
            break
    except OSError as error:  # a refusal, a reset, a timeout or an error status
        print(error)
        if pause is None:
            sys.exit(1)
        time.sleep(pause)
