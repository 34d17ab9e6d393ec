"""A service with a pool of connections, which passes each request on and waits for 1 s.

The bug: a connection is given back to the pool after an answer, and after a timeout to nobody. It
stays among those in use, open, for as long as the service runs.
"""
import http.client
import http.server

UPSTREAM = ("upstream", 9000)
idle, in_use = [], []


class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        connection = idle.pop() if idle else http.client.HTTPConnection(*UPSTREAM, timeout=1)
        in_use.append(connection)
        try:
            connection.request("GET", "/")
            body = connection.getresponse().read()
        except OSError:
            self.send_error(504)  # and nothing is done about `connection`
            return
        in_use.remove(connection)
        idle.append(connection)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.HTTPServer(("", 8080), Service).serve_forever()
