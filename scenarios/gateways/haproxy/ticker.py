"""Sends 20 events, 300 ms apart, in chunks; each says at which moment it was sent."""
import http.server
import time


class Ticker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(20):
            self.chunk(f"data: {time.monotonic():.6f}\n\n")
            time.sleep(0.3)
        self.chunk("")

    def chunk(self, text):
        self.wfile.write(f"{len(text):x}\r\n{text}\r\n".encode())

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 9000), Ticker).serve_forever()
