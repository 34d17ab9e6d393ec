"""A payment service: writes down each payment it carries out."""
import http.server
import sys


class Ledger(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        amount = self.rfile.read(int(self.headers["Content-Length"])).decode()
        print(f"paid: {amount}", flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Ledger).serve_forever()
