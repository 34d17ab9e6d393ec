"""Upgrades a connection, sends a byte every EVERY seconds for LASTING seconds, and says when it broke.

  upgrade_client.py PORT PATH EVERY LASTING
"""
import socket
import sys
import time

port, path, every, lasting = int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
with socket.create_connection(("gateway", port)) as connection:
    connection.sendall(
        f"GET {path} HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode())
    assert b" 101 " in connection.recv(4096)
    begin = time.monotonic()
    while (left := begin + lasting - time.monotonic()) > 0:
        connection.settimeout(min(every, left))
        try:
            if not connection.recv(4096):
                sys.exit(print(f"closed after {time.monotonic() - begin:.0f} s") or 1)
        except TimeoutError:
            connection.sendall(b"x")
print(f"open after {lasting:.0f} s")
