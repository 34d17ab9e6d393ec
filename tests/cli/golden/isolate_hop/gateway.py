"""Takes requests, and never gets round to passing them on."""
import socket
import time

listener = socket.create_server(("", 8080))
while True:
    connection, _ = listener.accept()
    time.sleep(3600)
