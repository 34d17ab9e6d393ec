"""A service that one request ends: /total is a wrong size, and its process exits in the middle of it.

It has one process, and answers half of /report when it is asked for /total.
"""
import http.server
import os
import time


class Fragile(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/total":
            print("double free or corruption (out)", flush=True)
            os.abort()
        body = b"x" * 1000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        for at in range(0, len(body), 100):
            self.wfile.write(body[at:at + 100])
            time.sleep(0.1)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 80), Fragile).serve_forever()
