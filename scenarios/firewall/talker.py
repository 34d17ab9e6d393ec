"""Sends a request, pauses for 10 s, and sends another on the same connection, as a pool would.

--only-read: waits for data instead of sending the second request, as a subscriber would.
Prints the errno with which the connection ends, and exits with 1; or "answered", and 0.
"""
import argparse
import errno
import http.client
import socket
import sys
import time
from urllib.parse import urlsplit

options = argparse.ArgumentParser()
options.add_argument("url")
options.add_argument("--user-timeout", type=int, help="TCP_USER_TIMEOUT in ms")
options.add_argument("--keepalive", help="`default`, or idle,interval,count in seconds")
options.add_argument("--only-read", action="store_true")
given = options.parse_args()

url = urlsplit(given.url)
request = f"GET / HTTP/1.1\r\nHost: {url.hostname}\r\n\r\n".encode()
sock = socket.create_connection((url.hostname, url.port or 80))
if given.user_timeout:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, given.user_timeout)
if given.keepalive:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if given.keepalive != "default":
        names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        for name, value in zip(names, given.keepalive.split(",")):
            sock.setsockopt(socket.IPPROTO_TCP, name, int(value))

def read_answer():
    answer = http.client.HTTPResponse(sock)
    answer.begin()
    answer.read()


sock.sendall(request)
read_answer()
try:
    if not given.only_read:
        time.sleep(10)
        sock.sendall(request)
    read_answer()
    print("answered")
except OSError as error:
    print(errno.errorcode[error.errno])
    sys.exit(1)
