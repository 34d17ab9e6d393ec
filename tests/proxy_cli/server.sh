# For the cmd of a golden test: a proxy server on a free port, which TOXIPROXY_URL names.

# start NAME [ARGUMENT…]: runs it in the background, and returns when it says that it is ready. Its
# process is $server, its port $api_port.
start() {
    mkfifo "$1.err"
    LOG_LEVEL=${LOG_LEVEL:-error} "$@" >"$1.log" 2>"$1.err" &
    server=$!
    exec 9<>"$1.err" # stays open, so that the server may say more
    read -r ready <&9
    api_port=${ready##*http://127.0.0.1:}
    api_port=${api_port%%,*}
    export TOXIPROXY_URL=http://127.0.0.1:$api_port
}

# finish [SIGNAL]: ends the server, prints its exit code and returns when it has ended.
finish() {
    local code=0
    kill -"${1:-TERM}" "$server"
    wait "$server" || code=$?
    echo "the server ended with $code"
    rm -f ./*.err
}

# try COMMAND…: shows the command, what it says and its exit code where that is not 0.
try() {
    local code=0
    echo "\$ $*"
    "$@" 2>&1 || code=$?
    [ $code -eq 0 ] || echo "exit $code"
}

# What the kernel chooses is not compared.
ports() { sed -E -e 's/127\.0\.0\.1:[0-9]{4,5}/127.0.0.1:PORT/g' -e 's/\[::\]:[0-9]{4,5}/[::]:PORT/g'; }
