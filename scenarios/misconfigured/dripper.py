"""A server that takes ten seconds for an answer of 1000 bytes: 100 bytes a second."""
import http.server
import sys
import time


class Dripper(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response_only(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(10):
            self.wfile.write(b"x" * 100)
            self.wfile.flush()
            time.sleep(1)

    def log_message(self, *_):
        pass


http.server.HTTPServer(("", int(sys.argv[1])), Dripper).serve_forever()
