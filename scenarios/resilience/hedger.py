"""A gateway before two replicas: if the first has not answered after 50 ms (the argument, in seconds),
it asks the second too, takes the answer that comes first, and closes the other connection.
"""
import http.client
import http.server
import queue
import socket
import sys
import threading

AFTER = float(sys.argv[1])


def ask(replica, trace, connections, answers):
    connection = http.client.HTTPConnection(replica, 9000, timeout=10)
    connections.append(connection)
    try:
        connection.request("GET", "/", headers={"X-Etimedout-Call": trace})
        answers.put((connection, connection.getresponse().read()))
    except (OSError, http.client.HTTPException):
        answers.put((connection, None))


class Gateway(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        trace = self.headers.get("X-Etimedout-Call", "")
        connections, answers = [], queue.Queue()
        body = None
        for replica, patience in (("one", AFTER), ("two", 10)):
            threading.Thread(target=ask, args=(replica, trace, connections, answers)).start()
            try:
                _, body = answers.get(timeout=patience)
                break
            except queue.Empty:
                pass
        for connection in connections:
            if connection.sock is not None:
                connection.sock.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads
            connection.close()
        self.send_response(200 if body else 504)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 8080), Gateway).serve_forever()
