"""A service that looks up an order in Redis, for which it waits as many seconds as its argument says."""
import http.server
import socket
import sys

PATIENCE = float(sys.argv[1])


class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            with socket.create_connection(("database", 6379), timeout=PATIENCE) as database:
                database.sendall(b"GET order\r\n")
                database.recv(1000)
            status, body = 200, b"an order\n"
        except OSError:
            status, body = 503, b"no database\n"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 9000), Service).serve_forever()
