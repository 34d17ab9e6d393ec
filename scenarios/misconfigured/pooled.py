"""Sends a request, and after so many seconds another on the same connection; `never`: only reads.

Keep-alive probes the peer after 20 s. Prints the errno with which the connection ends, and exits
with 1; or "answered", and 0.
"""
import errno
import socket
import sys
import time

host, port, pause = sys.argv[1], int(sys.argv[2]), sys.argv[3]
request = f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
sock = socket.create_connection((host, port))
sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 20)
try:
    sock.sendall(request)
    sock.recv(4096)
    if pause != "never":
        time.sleep(float(pause))
        sock.sendall(request)
    sock.recv(4096)
    print("answered")
except OSError as error:
    print(errno.errorcode[error.errno])
    sys.exit(1)
