#!/usr/bin/env python3
"""Runs direct loopback, HAProxy and the proxy side by side and prints tables in Markdown.

    ninja -C build/release etimedout proxy_load && tests/bench/proxy_against_haproxy.py

Needs HAProxy (apt-get install haproxy) and 20,000 descriptors. Everything is on loopback, at free
ports; what it starts ends with it, also when it is killed.
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
TICK = 1 / os.sysconf("SC_CLK_TCK")
HAPROXIES = ("HAProxy", "HAProxy, splicing")
DELAY_MS = 50
RATES = (200, 2_000, 10_000, 50_000)

# what, mode, where in the answer of proxy_load, scale, is more better
MEASURES = (
    ("ping-pong p50, µs", "pingpong", ("round_trip_us", "p50"), 1, False),
    ("ping-pong p99, µs", "pingpong", ("round_trip_us", "p99"), 1, False),
    ("one stream, GB/s", "stream 1", ("bytes_per_second",), 1e-9, True),
    ("eight streams, GB/s", "stream 8", ("bytes_per_second",), 1e-9, True),
    ("connections per second", "connections", ("per_second",), 1, True),
)
CPU = (  # what, mode, scale, of how many
    ("µs per round trip", "pingpong", 1e6, "rounds"),
    ("s per GB, one stream", "stream 1", 1e9, "bytes"),
    ("s per GB, eight streams", "stream 8", 1e9, "bytes"),
    ("µs per connection", "connections", 1e6, "finished"),
)


def fail(what, advice):
    sys.exit(f"proxy_against_haproxy: {what}\n  {advice}")


def free_address():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{s.getsockname()[1]}"


def start(stack, command, **how):
    """A child that the kernel ends when this script is gone, and `stack` when it is done."""
    child = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *map(str, command)], **how)

    def end():
        child.kill()
        child.wait()

    stack.callback(end)
    return child


def wait_until_listening(child, address, name):
    host, port = address.split(":")
    for _ in range(500):
        if child.poll() is not None:
            fail(f"{name} ended at once, with {child.returncode}", "run it by hand to see why")
        with contextlib.suppress(OSError):
            socket.create_connection((host, int(port)), 1).close()
            return
        time.sleep(0.01)
    fail(f"{name} does not listen at {address} after 5 s", "run it by hand to see why")


class Target:
    """Something to measure: an address, and the process behind it (none: direct)."""

    def __init__(self, name, address, child=None):
        self.name, self.address, self.child = name, address, child

    def cpu_seconds(self):
        if not self.child:
            return 0.0
        stat = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(stat[11]) + int(stat[12])) * TICK

    def memory(self):
        """Pss and RSS in bytes."""
        text = pathlib.Path(f"/proc/{self.child.pid}/smaps_rollup").read_text()
        kb = {line.split(":")[0]: int(line.split()[1]) for line in text.splitlines()[1:]}
        return kb["Pss"] * 1024, kb["Rss"] * 1024


def start_upstream(stack, load):
    child = start(stack, [load, "serve", "127.0.0.1:0", "--for", 3600],
                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return child.stdout.readline().strip()


def start_haproxy(stack, name, configuration, upstream):
    address = free_address()
    child = start(stack, ["haproxy", "-db", "-f", HERE / configuration],
                  env={**os.environ, "LISTEN": address, "UPSTREAM": upstream},
                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until_listening(child, address, name)
    return Target(name, address, child)


def start_etimedout(stack, options, upstream, delay_ms=0):
    address, api = free_address(), free_address()
    if options.engine:
        command = [options.engine, address, upstream, delay_ms]
    else:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        config = pathlib.Path(folder) / "proxies.json"
        config.write_text(json.dumps([{"name": "bench", "listen": address, "upstream": upstream}]))
        host, port = api.split(":")
        command = [options.etimedout, "proxy", "--host", host, "--port", port, "--config", config]
    child = start(stack, command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                  env={**os.environ, "LOG_LEVEL": "error"})
    wait_until_listening(child, address, "etimedout")
    if delay_ms and not options.engine:
        add_latency(api, delay_ms)
    name = f"latency of {delay_ms} ms" if delay_ms else "etimedout proxy"
    return Target(name, address, child)


def add_latency(api, delay_ms):
    connection = http.client.HTTPConnection(api, timeout=10)
    body = {"type": "latency", "stream": "downstream", "attributes": {"latency": delay_ms}}
    connection.request("POST", "/proxies/bench/toxics", json.dumps(body))
    answer = connection.getresponse()
    if answer.status != 200:
        fail(f"adding a latency toxic was answered {answer.status}", answer.read().decode())


def load(options, mode, address, *more):
    name, *connections = mode.split()
    command = [options.load, name, address, *map(str, more)]
    if connections:
        command += ["--connections", connections[0]]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120)
    if done.returncode:
        fail(f"{' '.join(map(str, command))} failed", "what it says is above")
    return json.loads(done.stdout)


def measure_speed(options, targets):
    """{(target, mode): [(answer, CPU seconds of the proxy)]}; rounds are interleaved."""
    seconds = 0.2 if options.quick else options.seconds
    modes = {"pingpong": "pingpong", "stream 1": "stream 1", "stream 8": "stream 8",
             "connections": "connections 32"}
    results = {}
    for turn in range(options.rounds):
        print(f"round {turn + 1} of {options.rounds}", file=sys.stderr)
        for key, mode in modes.items():
            for i in range(len(targets)):  # another one is first in each round
                target = targets[(turn + i) % len(targets)]
                before = target.cpu_seconds()
                answer = load(options, mode, target.address, "--for", seconds)
                used = target.cpu_seconds() - before
                results.setdefault((target.name, key), []).append((answer, used))
    return results


def measure_memory(options, target):
    """Bytes per idle connection (Pss, RSS), and the Pss that is left when they are closed."""
    count = 500 if options.quick else options.idle
    before = target.memory()
    child = subprocess.Popen(
        [options.load, "idle", target.address, "--connections", str(count), "--for", "60"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        if child.stdout.readline().strip() != "ready":
            fail(f"{target.name} did not take {count} connections", "raise ulimit -n to 20000")
        time.sleep(0.5)
        during = target.memory()
    finally:
        child.communicate()
    time.sleep(1)
    return [(during[i] - before[i]) / count for i in (0, 1)] + [target.memory()[0] - before[0]]


def table(header, rows):
    print("| " + " | ".join(header) + " |")
    print("|---" * len(header) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


def number(value):
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def spread(values):
    return f"{number(statistics.median(values))} ({number(min(values))} to {number(max(values))})"


def ratios(ours, theirs, more_is_better):
    """Of each round, so that what the machine did meanwhile falls out; above 1 we are better."""
    return [(a / b if more_is_better else b / a) for a, b in zip(ours, theirs)]


def print_speed(results, targets):
    names = [t.name for t in targets]
    header = ["median of rounds (min to max)", *names]
    compare = names[-1] not in HAPROXIES and len(names) > 3
    if compare:
        header.append("against the better HAProxy; above 1 is better")
    rows = []
    for title, key, path, scale, more_is_better in MEASURES:
        values = {}
        for name in names:
            values[name] = []
            for answer, _ in results[name, key]:
                for part in path:
                    answer = answer[part]
                values[name].append(answer * scale)
        row = [title, *(spread(values[name]) for name in names)]
        if compare:
            best = (max if more_is_better else min)(
                HAPROXIES, key=lambda n: statistics.median(values[n]))
            row.append(spread(ratios(values[names[-1]], values[best], more_is_better)))
        rows.append(row)
    table(header, rows)


def print_cpu(results, targets):
    names = [t.name for t in targets if t.child]
    rows = []
    for title, key, scale, units in CPU:
        rows.append([title, *(spread([used * scale / answer[units]
                                      for answer, used in results[name, key]]) for name in names)])
    table(["CPU of the proxy", *names], rows)


def print_memory(options, targets):
    rows = []
    for target in targets:
        if target.child:
            pss, rss, left = measure_memory(options, target)
            rows.append([target.name, number(pss), number(rss), number(left / 1024)])
    table(["idle connections", "Pss, bytes each", "RSS, bytes each", "Pss left after, KB"], rows)


def measure_delays(options, targets):
    """{(target, rate): [(answer, CPU seconds of the proxy)]}; repetitions are interleaved."""
    results = {}
    for _ in range(1 if options.quick else options.rounds):
        for rate in RATES:
            for target in targets:
                before = target.cpu_seconds()
                answer = load(options, "delay", target.address, "--rate", rate, "--asked",
                              DELAY_MS if target.child else 0, "--for",
                              0.3 if options.quick else options.seconds)
                used = target.cpu_seconds() - before
                results.setdefault((target.name, rate), []).append((answer, used))
    return results


def print_delays(results):
    rows = []
    for (name, rate), found in sorted(results.items(), key=lambda item: item[0][1]):
        def of(what, percentile):
            return [answer[what][percentile] for answer, _ in found]

        beyond = [e - t for e, t in zip(of("error_us", "p99"), of("timer_us", "p99"))]
        cpu = [used * 1e6 / answer["messages"] for answer, used in found]
        rows.append([f"{rate:,}", name, spread(of("error_us", "p50")), spread(of("error_us", "p99")),
                     spread(of("timer_us", "p50")), spread(of("timer_us", "p99")), spread(beyond),
                     number(min(answer["least_us"] for answer, _ in found)),
                     number(statistics.median(cpu))])
    table(["messages per second", "through", "error p50, µs", "error p99, µs",
           "timer error p50, µs", "timer error p99, µs", "p99 beyond the timer's, µs",
           "smallest error, µs", "CPU of the proxy, µs per message"], rows)


def parse_options():
    build = HERE.parents[1] / "build/release"
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few seconds, to see that it works")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1, help="for each measurement")
    parser.add_argument("--idle", type=int, default=9000, help="idle connections")
    parser.add_argument("--load", default=build / "tests/bench/proxy_load", type=pathlib.Path)
    parser.add_argument("--etimedout", default=build / "harness/cli/etimedout", type=pathlib.Path)
    parser.add_argument("--engine", type=pathlib.Path,
                        help="engine_bench instead of etimedout: LISTEN UPSTREAM DELAY_MS")
    parser.add_argument("--without-etimedout", action="store_true", help="HAProxy alone")
    options = parser.parse_args()
    if options.quick:
        options.rounds = 1
    for program in (options.load, options.engine or
                    (options.load if options.without_etimedout else options.etimedout)):
        if not program.exists():
            fail(f"{program} is missing", f"ninja -C build/release {program.name}")
    return options


def main():
    options = parse_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with contextlib.ExitStack() as stack:
        upstream = start_upstream(stack, options.load)
        targets = [
            Target("direct", upstream),
            start_haproxy(stack, HAPROXIES[0], "haproxy.cfg", upstream),
            start_haproxy(stack, HAPROXIES[1], "haproxy_splice.cfg", upstream),
        ]
        delays = [Target("direct, no delay", upstream)]
        if not options.without_etimedout:
            targets.append(start_etimedout(stack, options, upstream))
            delays.append(start_etimedout(stack, options, upstream, DELAY_MS))
        results = measure_speed(options, targets)
        print_speed(results, targets)
        print_cpu(results, targets)
        print_memory(options, targets)
        print_delays(measure_delays(options, delays))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
