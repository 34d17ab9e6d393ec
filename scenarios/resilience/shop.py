"""Makes 60 calls, one a second, each with up to three attempts, within a budget for retries.

The budget (Finagle's, gRPC's) lets retries be at most so many percent of the calls: each call pays
into an account, each retry takes a whole unit out of it.
"""
import sys
import time
import urllib.request

url, percent = sys.argv[1], int(sys.argv[2])
calls, good, retries, account = 60, 0, 0, 0  # the account in percent of a retry
for call in range(calls):
    account += percent
    for attempt in range(3):
        try:
            urllib.request.urlopen(url, timeout=5).read()
            good += 1
            break
        except OSError:
            if attempt == 2 or account < 100:
                break
            account -= 100
            retries += 1
            time.sleep(0.1)
    time.sleep(1)
print(f"{good} of {calls} good, {retries} retries")
