"""A service that raises an exception: before its answer at /before, in the middle of it at /middle.

Its framework logs the exception and closes the connection. With SAFE=1 it answers 500 in time.
"""
import http.server
import os


class Buggy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if os.environ.get("SAFE"):
            self.send_error(500)
            return
        if self.path == "/before":
            raise KeyError("customer")
        self.send_response(200)
        self.send_header("Content-Length", "2000")
        self.end_headers()
        self.wfile.write(b"x" * 1000)
        raise KeyError("page 2")

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 80), Buggy).serve_forever()
