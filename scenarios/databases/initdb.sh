# Makes /srv/db a PostgreSQL cluster with one table, as all scenarios here begin. Argument: its programs' folder.
set -e
"$1/initdb" -D /srv/db --auth=trust --locale=C --encoding=UTF8 --no-sync --wal-segsize=1
cat >>/srv/db/postgresql.conf <<END
listen_addresses = '*'
unix_socket_directories = '/tmp'
max_connections = 20
shared_buffers = 8MB
huge_pages = off
jit = off
autovacuum = off
fsync = off
bgwriter_delay = 10s
wal_writer_delay = 10s
min_wal_size = 2MB
max_wal_size = 8MB
log_timezone = 'UTC'
timezone = 'UTC'
END
echo 'host all all all trust' >>/srv/db/pg_hba.conf
"$1/postgres" --single -D /srv/db postgres <<END
CREATE TABLE accounts (id int PRIMARY KEY, balance int)
INSERT INTO accounts VALUES (1, 100), (2, 100)
END
