"""Does SQL statements on one connection, one after the other, and prints how each ended and when.

    sql.py "CONNECTION STRING" STATEMENT...

A number as a statement is a pause of so many seconds, with the connection left as it is.
"""
import sys
import time

import psycopg2

begin = time.monotonic()


def say(text):
    print(f"{time.monotonic() - begin:.1f} s: {' '.join(text.split())}", flush=True)


try:
    connection = psycopg2.connect(sys.argv[1])
    connection.autocommit = True  # transactions are what the statements say
    cursor = connection.cursor()
    for statement in sys.argv[2:]:
        if statement.isdigit():
            time.sleep(int(statement))
            continue
        cursor.execute(statement)
        say(cursor.statusmessage)
except psycopg2.Error as error:
    say(f"{type(error).__name__}: {error}")
    sys.exit(1)
