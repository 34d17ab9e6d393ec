"""A service whose report holds the one lock of its data for SECONDS (8) while it adds everything up.

With SNAPSHOT=1 the report takes a copy under the lock, and adds up without it.
"""
import http.server
import os
import threading
import time

seconds = float(os.environ.get("SECONDS", "8"))
lock = threading.Lock()


class Ledger(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with lock:
            if self.path == "/report" and not os.environ.get("SNAPSHOT"):
                time.sleep(seconds)
        if self.path == "/report" and os.environ.get("SNAPSHOT"):
            time.sleep(seconds)
        body = b"balance 7\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 80), Ledger).serve_forever()
