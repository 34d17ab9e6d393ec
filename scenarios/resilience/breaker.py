"""A gateway with a circuit breaker before a service that it waits 0.9 s for.

After so many failures in a row (the argument) it answers 503 by itself for 5 s. Then one request is
let through: if that fails, it is open for 5 s more; if it succeeds, it is closed again.
"""
import http.server
import sys
import threading
import time
import urllib.request

THRESHOLD, OPEN_FOR = int(sys.argv[1]), 5.0
lock = threading.Lock()
failures, opened_at, trying = 0, None, False


def enter():
    """Whether a request may pass: "closed", "trial", or None."""
    global trying
    with lock:
        if opened_at is None:
            return "closed"
        if trying or time.monotonic() - opened_at < OPEN_FOR:
            return None
        trying = True
        return "trial"


def leave(kind, good):
    global failures, opened_at, trying
    with lock:
        if kind == "closed" and opened_at is not None:
            return  # it began before the breaker opened, and says nothing new
        failures = 0 if good else failures + 1
        trying = False
        if good:
            opened_at = None
        elif kind == "trial" or failures >= THRESHOLD:
            opened_at = time.monotonic()


class Gateway(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        kind = enter()
        if kind is None:
            return self.answer(503, b"not now\n")
        trace = {"X-Etimedout-Call": self.headers.get("X-Etimedout-Call", "")}
        try:
            request = urllib.request.Request("http://service:9000/", headers=trace)
            body = urllib.request.urlopen(request, timeout=0.9).read()
        except OSError:
            leave(kind, False)
            return self.answer(504, b"too late\n")
        leave(kind, True)
        self.answer(200, body)

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 8080), Gateway).serve_forever()
