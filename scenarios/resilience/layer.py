"""A layer of services: asks the next one, up to so many times, and passes on what it gets.

Arguments: its port, the next one's URL, and how often it asks.
"""
import http.server
import sys
import urllib.request

port, url, attempts = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])


class Layer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        trace = {"X-Etimedout-Call": self.headers.get("X-Etimedout-Call", "")}
        status = 503
        for _ in range(attempts):
            try:
                urllib.request.urlopen(urllib.request.Request(url, headers=trace), timeout=5).read()
                status = 200
                break
            except OSError:
                pass
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", port), Layer).serve_forever()
