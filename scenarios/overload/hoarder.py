"""A server that keeps the body of each request in memory until it has all of it."""
import http.server
import sys


class Hoarder(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(f"{len(body)} bytes\n")

    def do_GET(self):
        self.answer("ok\n")

    def answer(self, text):
        self.send_response_only(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Hoarder).serve_forever()
