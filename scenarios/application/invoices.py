"""A service that makes an invoice for each POST, which takes it SECONDS (8), and says so in its log.

It does not notice that nobody waits any more. With KEYS=1 it answers a request whose
Idempotency-Key it has met with the invoice that it made, or is making.
"""
import http.server
import os
import threading
import time

seconds = float(os.environ.get("SECONDS", "8"))
made, lock = {}, threading.Lock()
numbers = iter(range(1, 1000))


def make():
    with lock:
        number = next(numbers)
    time.sleep(seconds)
    print(f"invoice {number} made", flush=True)
    return number


class Invoices(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        key = self.headers.get("Idempotency-Key") if os.environ.get("KEYS") else None
        with lock:
            known = made.get(key)
            if known is None:
                known = made[key] = {"done": threading.Event()}
                first = True
            else:
                first = False
        if first or key is None:
            known["number"] = make()
            known["done"].set()
        known["done"].wait()
        body = f"invoice {known['number']}\n".encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 80), Invoices).serve_forever()
