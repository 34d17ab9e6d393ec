"""Asks the cache what it is told on one connection, and prints how each command ended and when.

    [CACHE=HOST] cache.py SOCKET_TIMEOUT COMMAND...

A number as a command is a pause of so many seconds. SOCKET_TIMEOUT 0 is none.
"""
import os
import sys
import time

import redis

begin = time.monotonic()
timeout = float(sys.argv[1]) or None
host = os.environ.get("CACHE", "cache")
connection = redis.Connection(host=host, socket_timeout=timeout, socket_connect_timeout=timeout)
code = 0
for command in sys.argv[2:]:
    if command.isdigit():
        time.sleep(int(command))
        continue
    try:
        connection.send_command(*command.split())
        end = connection.read_response()
    except redis.RedisError as error:
        end = f"{type(error).__name__}: {error}"
        code = 1
    print(f"{time.monotonic() - begin:.1f} s: {end}", flush=True)
sys.exit(code)
