"""A service that holds a request's body in memory for as long as it waits for its upstream."""
import http.server
import urllib.request


class Service(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            urllib.request.urlopen("http://upstream:9000/", timeout=20).read()
            status = 200
        except OSError:
            status = 504
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("X-Held", str(len(body)))
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 8080), Service).serve_forever()
