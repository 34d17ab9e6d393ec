"""A bank with a lock for each account, which transfers money between two of them.

The bug: each transfer takes the lock of the account it takes from, and then the other. Two that meet
from both sides wait for each other, for ever. With ORDERED=1 the locks are taken in the order of
their names, whatever the direction.
"""
import http.server
import os
import threading
import time

locks = {"a": threading.Lock(), "b": threading.Lock()}


class Bank(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/health":
            accounts = self.path.strip("/").split("-")  # /a-b
            if os.environ.get("ORDERED"):
                accounts.sort()
            with locks[accounts[0]]:
                time.sleep(0.05)  # reads the balance
                with locks[accounts[1]]:
                    time.sleep(0.05)
        body = b"ok\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 80), Bank).serve_forever()
