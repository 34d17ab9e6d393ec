"""Opens so many connections to a database or a cache and keeps them for 30 s, idle: `hoard.py KIND N`."""
import sys
import time

kind, number = sys.argv[1], int(sys.argv[2])
if kind == "postgres":
    import psycopg2

    kept = [psycopg2.connect("host=db user=postgres") for _ in range(number)]
else:
    import redis

    kept = [redis.Connection(host="cache") for _ in range(number)]
    for connection in kept:
        connection.connect()
time.sleep(30)
