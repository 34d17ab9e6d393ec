"""A service that has 3 MB of work in memory for each request, for as long as it waits for its upstream."""
import http.server
import urllib.request


class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        work = bytearray(b"x" * 3_000_000)
        try:
            urllib.request.urlopen("http://upstream:9000/", timeout=20).read()
            status = 200
        except OSError:
            status = 504
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("X-Held", str(len(work)))
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 8080), Service).serve_forever()
