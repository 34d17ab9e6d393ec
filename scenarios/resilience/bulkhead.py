"""A service with two things behind it, each with a pool of four threads of its own: /slow and /fast.

With the argument `shared` there is one pool of four for both, which is the bug.
"""
import concurrent.futures
import http.server
import sys
import urllib.request

slow = concurrent.futures.ThreadPoolExecutor(4)
fast = slow if sys.argv[1] == "shared" else concurrent.futures.ThreadPoolExecutor(4)


def fetch(url, trace):
    request = urllib.request.Request(url, headers={"X-Etimedout-Call": trace})
    return urllib.request.urlopen(request, timeout=5).read()


class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        pool, url = (slow, "http://a:9000/") if self.path == "/slow" else (fast, "http://b:9000/")
        try:
            body = pool.submit(fetch, url, self.headers.get("X-Etimedout-Call", "")).result()
            self.send_response(200)
        except OSError:
            body = b"no answer\n"
            self.send_response(504)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 8080), Service).serve_forever()
