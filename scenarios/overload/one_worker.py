"""A server that serves one connection after the other."""
import http.server
import sys


class Worker(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response_only(200)
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_):
        pass


http.server.HTTPServer(("", int(sys.argv[1])), Worker).serve_forever()
