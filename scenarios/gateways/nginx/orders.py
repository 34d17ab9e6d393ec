"""A service behind the gateway: asks its database, for 10 s at the most, and says 503 without it."""
import http.server
import sys
import urllib.request


class Orders(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            with urllib.request.urlopen(sys.argv[2], timeout=10) as answer:
                self.answer(200, answer.read())
        except OSError as error:
            print(f"no database: {error}", flush=True)
            self.answer(503, b"try again later\n")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Orders).serve_forever()
