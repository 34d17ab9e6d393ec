"""Agrees to become a WebSocket, and sends every byte back that it gets from then on."""
import base64
import hashlib
import re
import socket
import threading


def echo(connection):
    with connection:
        head = b""
        while b"\r\n\r\n" not in head:
            more = connection.recv(4096)
            if not more:
                return
            head += more
        key = re.search(rb"sec-websocket-key: *(\S+)", head, re.IGNORECASE)[1]
        accept = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()  # RFC 6455, 1.3
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(accept) + b"\r\n\r\n")
        while data := connection.recv(4096):
            connection.sendall(data)


listener = socket.create_server(("", 9000))
while True:
    threading.Thread(target=echo, args=(listener.accept()[0],), daemon=True).start()
