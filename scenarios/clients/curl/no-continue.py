"""Takes a request whose body comes late: it never says 100 Continue, reads the body, and answers."""
import re
import socket

listener = socket.create_server(("", 80))
while True:
    connection, _ = listener.accept()
    with connection:
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                break
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: *([0-9]+)", head, re.IGNORECASE)
        while length and len(body) < int(length[1]):
            more = connection.recv(65536)
            if not more:
                break
            body += more
        if length:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
