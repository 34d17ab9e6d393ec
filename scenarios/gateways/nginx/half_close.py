"""Sends a request, half a second later says that it has no more to say (shutdown), and reads on; prints the status."""
import socket
import sys
import time

with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
    connection.sendall(f"GET {sys.argv[3]} HTTP/1.1\r\nHost: gateway\r\n\r\n".encode())
    time.sleep(0.5)
    connection.shutdown(socket.SHUT_WR)
    head = connection.makefile("rb").readline().decode()
    print(head.strip() or "nothing came")
