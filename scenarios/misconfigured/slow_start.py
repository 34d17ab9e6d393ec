"""A service that takes WARM_UP seconds (25) before it can answer: it loads a model, fills a cache.

It listens when it is warm, or with LISTEN_FIRST=1 at once, and says 503 at /ready until then.
"""
import http.server
import os
import threading
import time

warm = threading.Event()
seconds = float(os.environ.get("WARM_UP", "25"))


def warm_up():
    time.sleep(seconds)
    warm.set()
    print("warm", flush=True)


class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/ready" and not warm.is_set():
            self.send_error(503)
            return
        warm.wait()
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_):
        pass


if os.environ.get("LISTEN_FIRST"):
    threading.Thread(target=warm_up).start()
else:
    warm_up()
http.server.ThreadingHTTPServer(("", 80), Service).serve_forever()
