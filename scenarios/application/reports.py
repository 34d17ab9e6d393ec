"""A service that makes its reports on a pool of threads, THREADS of them (4).

The bug: a report is a task that waits for two tasks of its own, on the same pool. When as many reports
run as there are threads, none is left for what they all wait for. With APART=1 the parts have a pool of
their own.
"""
import concurrent.futures
import http.server
import os
import time

pool = concurrent.futures.ThreadPoolExecutor(int(os.environ.get("THREADS", "4")))
parts = concurrent.futures.ThreadPoolExecutor(4) if os.environ.get("APART") else pool


def part(_):
    time.sleep(0.2)
    return "part\n"


def report():
    time.sleep(0.1)  # looks up what is asked for
    return "".join(parts.map(part, range(2)))


class Reports(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = pool.submit(report).result().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 80), Reports).serve_forever()
