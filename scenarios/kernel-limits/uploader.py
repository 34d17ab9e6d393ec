"""Connects, pauses, and sends 8 MiB; prints how that ended.

uploader.py HOST PORT TCP_USER_TIMEOUT PAUSE: in ms, 0 for none; in seconds
"""
import errno
import socket
import sys
import time

host, port, user_timeout, pause = sys.argv[1], *map(int, sys.argv[2:])
sock = socket.create_connection((host, port))
if user_timeout:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, user_timeout)
time.sleep(pause)
try:
    sock.sendall(bytes(8 << 20))
    print("sent")
except OSError as error:
    print(errno.errorcode[error.errno])
