# A row of docs/witnesses.md from the event log of one fault's example: which counters moved at which
# node while the fault was there. That one moved before is an error: then it proves nothing.
#
#   awk -f witnesses.awk -v header=1
#   awk -f witnesses.awk -v kind=KIND events.jsonl

BEGIN {
    counters = split("TcpExtListenOverflows TcpExtTCPReqQFullDrop TcpExtTCPReqQFullDoCookies " \
                     "TcpInCsumErrors TcpOutRsts TcpExtTCPToZeroWindowAdv TcpExtTCPWinProbe " \
                     "IpOutNoRoutes", name, " ")
    if (header) {
        printf "| fault | its witness |"
        for (i = 1; i <= counters; ++i) printf " %s |", name[i]
        printf "\n|---|---|"
        for (i = 1; i <= counters; ++i) printf "---|"
        printf "\n"
        exit
    }
}

function value_of(key,    at, rest) {
    at = index($0, "\"" key "\":")
    if (at == 0) return ""
    rest = substr($0, at + length(key) + 3)
    if (substr(rest, 1, 1) == "\"") {
        rest = substr(rest, 2)
        return substr(rest, 1, index(rest, "\"") - 1)
    }
    match(rest, /^[0-9]+/)
    return substr(rest, 1, RLENGTH)
}

/"event":"counters"/ {
    node = value_of("node")
    for (i = 1; i <= counters; ++i) {
        found = value_of(name[i])
        if (found == "") continue
        if (armed) {
            if (found + 0 > last[node, i] + 0) moved[i] = moved[i] (seen[node, i]++ ? "" : (moved[i] == "" ? "" : ", ") node)
        } else if (found + 0 > last[node, i] + 0) {
            early = early " " name[i]
        }
        last[node, i] = found
    }
}

/"event":"fault_armed"/ { armed = 1 }

/"event":"fault_witness"/ {
    witness = value_of("fired") + 0 > 0 ? "moved" : (value_of("matched") + 0 > 0 ? "met" : "")
}

END {
    if (header) exit
    if (early != "") { print kind ": moved before the fault was there:" early > "/dev/stderr"; exit 1 }
    printf "| `%s` | %s |", kind, witness
    for (i = 1; i <= counters; ++i) printf " %s |", moved[i]
    printf "\n"
}
