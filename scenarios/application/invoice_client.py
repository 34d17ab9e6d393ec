"""Asks for one invoice, with a timeout of 5 s for each of up to three attempts; says how it ended."""
import sys
import urllib.request

for attempt in range(1, 4):
    request = urllib.request.Request(
        "http://invoices/", data=b"{}", headers={"Idempotency-Key": "order-7"})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            sys.exit(print(f"attempt {attempt}: {answer.read().decode().strip()}"))
    except TimeoutError as error:
        print(f"attempt {attempt}: {error}")
sys.exit(1)
