"""A service with a pool of five connections to its database; each order holds one for as long as it takes.

POOL_WAIT is how long a request waits for a connection before it is answered 503; without it, for ever.
LOCK_TIMEOUT is the database's, for its statements.
"""
import http.server
import os
import threading

import psycopg2
import psycopg2.pool

options = f"-c lock_timeout={os.environ.get('LOCK_TIMEOUT', '0')}"
pool = psycopg2.pool.ThreadedConnectionPool(5, 5, host="db", user="postgres", options=options)
free = threading.BoundedSemaphore(5)
patience = float(os.environ["POOL_WAIT"]) if os.environ.get("POOL_WAIT") else None


class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if not free.acquire(timeout=patience):
            self.answer(503, "no connection left\n")
            return
        connection = pool.getconn()
        try:
            with connection, connection.cursor() as cursor:
                row = 1 if self.path == "/order" else 2
                cursor.execute("UPDATE accounts SET balance = balance - 1 WHERE id = %s", (row,))
            self.answer(200, "done\n")
        except psycopg2.Error as error:
            self.answer(500, str(error))
        finally:
            pool.putconn(connection)
            free.release()

    def answer(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", 8080), Shop).serve_forever()
