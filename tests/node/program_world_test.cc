// Programs in nodes: start, readiness, output, log files, end, restart.
#include <algorithm>
#include <csignal>
#include <filesystem>

#include <fmt/format.h>

#include "simulator/base/error.hh"
#include "simulator/node/known_programs.hh"
#include "simulator/node/process_group.hh"
#include "simulator/node/program.hh"
#include "simulator/node/usage.hh"
#include "tests/node/world_fixture.hh"

namespace etimedout {

namespace {

class ProgramWorldTest : public WorldFixture {
protected:
    ProgramPlan plan(const std::string& run) const {
        ProgramPlan made;
        made.node = "gateway";
        made.spec.run = run;
        return made;
    }
    ProgramWorld surroundings() { return {here_, clock_, sink_, watcher_}; }

    std::string start_error(ProgramPlan given) {
        Program program{std::move(given), surroundings()};
        try {
            program.start();
        } catch (const Error& problem) {
            return problem.what();
        }
        return "no error";
    }

    // All lines of one source so far, and all events from then on are new.
    static std::vector<std::string> lines(const EventLog& events, const std::string& source) {
        std::vector<std::string> result;
        for (const auto& event : events) {
            const auto* line = std::get_if<LogLine>(&event.what);
            if (line != nullptr && line->source == source) result.push_back(line->text);
        }
        return result;
    }
    template <class Kind>
    static std::vector<Kind> all(const EventLog& events) {
        std::vector<Kind> result;
        for (const auto& event : events) {
            if (const auto* found = std::get_if<Kind>(&event.what)) result.push_back(*found);
        }
        return result;
    }
    void wait_for_end(const Program& program) const {
        for (int i = 0; i < 6000 && program.running(); ++i) clock_.sleep_until(clock_.now() + 10ms);
    }

    WorldClock clock_{};
    MemorySink sink_{};
    WatchThread watcher_{};
    NodeNamespaces here_ = node("gateway");
};

constexpr auto server =
    "import socket,sys,time\n"
    "time.sleep(0.25)\n"
    "s=socket.socket(); s.setsockopt(1,2,1); s.bind(('127.0.0.1',8080)); s.listen(5)\n"
    "print('listening', flush=True)\n"
    "while True:\n"
    "  c,_=s.accept(); c.recv(4096)\n"
    "  c.sendall(b'HTTP/1.1 204 No Content\\r\\nContent-Length: 0\\r\\n\\r\\n'); c.close()\n";

// The system's own Python, not one that a user put before it in PATH.
constexpr auto python = "/usr/bin/python3";

TEST_F(ProgramWorldTest, OutputBecomesLogLinesBeforeTheEnd) {
    // Whatever a program wrote before it died is in the log before its end is.
    Program program{plan("printf 'a\\nb'; echo err >&2; exit 4"), surroundings()};
    program.start();
    wait_for_end(program);
    EXPECT_EQ(program.exit_code(), 4);
    const auto events = sink_.take();
    EXPECT_EQ(lines(events, "stdout"), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(lines(events, "stderr"), (std::vector<std::string>{"err"}));
    ASSERT_FALSE(events.empty());
    const auto* begin = std::get_if<ProcessBegin>(&events.front().what);
    const auto ends = all<ProcessEnd>(events);
    ASSERT_NE(begin, nullptr);
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].exit_code, 4);
    EXPECT_FALSE(ends[0].expected);
}

TEST_F(ProgramWorldTest, GarbageIsKeptAsItIs) {
    // Bytes that are no UTF-8 are the writer's concern, and not lost here.
    Program program{plan("printf '\\377\\200ok\\n'"), surroundings()};
    program.start();
    wait_for_end(program);
    EXPECT_EQ(lines(sink_.take(), "stdout"), (std::vector<std::string>{"\377\200ok"}));
}

TEST_F(ProgramWorldTest, ReadyMeansThatAConnectionSucceeds) {
    // The server sleeps 250 ms before it listens: earlier attempts are refused and repeated.
    auto given = plan(fmt::format("{} server.py", python));
    given.spec.files["server.py"] = server;
    given.spec.ready = ReadySpec{.tcp = Port{8080}};
    Program program{given, surroundings()};
    const Duration begin = clock_.now();
    program.start();
    EXPECT_GE(clock_.now() - begin, 250ms);
    EXPECT_TRUE(program.running());
    EXPECT_EQ(all<ProcessReady>(sink_.take()).size(), 1U);
    const auto usage = usage_of("gateway", here_);
    EXPECT_EQ(usage.processes, 1);
    EXPECT_GE(usage.fds, 4);
    EXPECT_GT(usage.memory, 1 << 20);
    program.stop();
    EXPECT_EQ(program.exit_code(), 128 + SIGTERM);
    EXPECT_EQ(usage_of("gateway", here_).processes, 0);
    const auto ends = all<ProcessEnd>(sink_.take());
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_TRUE(ends[0].expected);
}

TEST_F(ProgramWorldTest, OtherReadyChecks) {
    // HTTP by its status, a line of output, a file, a command.
    auto given = plan(fmt::format("{} server.py", python));
    given.spec.files["server.py"] = server;
    given.http_port = Port{8080};
    for (const auto& ready :
         {ReadySpec{.http = "/health"}, ReadySpec{.log = "listening"},
          ReadySpec{.exec = "grep -q ':1F90 00000000:0000 0A' /proc/net/tcp"}}) {
        given.spec.ready = ready;
        Program program{given, surroundings()};
        const Duration begin = clock_.now();
        program.start();
        EXPECT_GE(clock_.now() - begin, 250ms);
    }
    auto file = plan("sleep 0.2; touch here; sleep 1000");
    file.spec.ready = ReadySpec{.file = "here"};
    Program program{file, surroundings()};
    const Duration begin = clock_.now();
    program.start();
    EXPECT_GE(clock_.now() - begin, 200ms);
}

TEST_F(ProgramWorldTest, NotReadyInTimeSaysWhatWasSeen) {
    // Nobody ever listens.
    auto given = plan("echo starting; exec sleep 1000");
    given.spec.ready = ReadySpec{.tcp = Port{81}, .within = 300ms};
    EXPECT_EQ(start_error(given),
              "process gateway was not ready within 300.0ms: nobody listens on "
              "port 81\n  starting\n");
    given.spec.ready = ReadySpec{.log = "up", .within = 300ms};
    EXPECT_EQ(start_error(given),
              "process gateway was not ready within 300.0ms: its output has no "
              "`up`\n  starting\n");
}

TEST_F(ProgramWorldTest, AnEndBeforeReadinessIsReportedAtOnce) {
    // Waiting out `within` for a program that is gone would only cost time.
    auto given = plan("echo cannot bind >&2; exit 3");
    given.spec.ready = ReadySpec{.tcp = Port{82}, .within = 3600s};
    const Duration begin = clock_.now();
    EXPECT_EQ(start_error(given),
              "process gateway exited with 3 before it was ready\n  cannot bind\n");
    EXPECT_LT(clock_.now() - begin, 60s);
}

TEST_F(ProgramWorldTest, AProgramThatIsNotInstalledIsNamed) {
    // By its package where it is known.
    EXPECT_EQ(start_error(plan("no-such-program --x")),
              "process gateway: no-such-program is not installed");
    auto user = plan("true");
    user.spec.user = "no-such-user";
    EXPECT_EQ(start_error(user), "process gateway: start /bin/sh: there is no user `no-such-user`");
}

TEST_F(ProgramWorldTest, LogFilesAreFollowed) {
    // Appended, truncated, replaced: as logrotate does, and as programs that create it late do.
    // Each change waits until the one before was seen, since a truncated line is gone.
    auto given = plan(
        "await() { while ! test -e /tmp/$1; do sleep 0.01; done; }\n"
        "cd /var/log/app; echo one > a.log; echo two >> a.log\n"
        "await 2; : > a.log; echo 3 >> a.log\n"
        "await 3; mv a.log a.log.1; echo four > a.log; printf five >> a.log");
    given.spec.logs = {"/var/log/app/a.log"};
    Program program{given, surroundings()};
    program.start();
    std::vector<std::string> seen;
    const auto await_lines = [&](std::size_t count) {
        for (int i = 0; i < 6000 && seen.size() < count; ++i) {
            for (auto& line : lines(sink_.take(), "/var/log/app/a.log")) seen.push_back(line);
            clock_.sleep_until(clock_.now() + 10ms);
        }
        shell(here_, fmt::format("touch /tmp/{}", count));
    };
    await_lines(2);
    await_lines(3);
    await_lines(5);
    EXPECT_EQ(seen, (std::vector<std::string>{"one", "two", "3", "four", "five"}));
    EXPECT_FALSE(program.running());
}

TEST_F(ProgramWorldTest, StreamsDoNotMixWithinALine) {
    // Two writers that alternate in the middle of lines.
    Program program{plan("printf a; printf x >&2; printf 'b\\n'; printf 'y\\n' >&2"),
                    surroundings()};
    program.start();
    wait_for_end(program);
    const auto events = sink_.take();
    EXPECT_EQ(lines(events, "stdout"), (std::vector<std::string>{"ab"}));
    EXPECT_EQ(lines(events, "stderr"), (std::vector<std::string>{"xy"}));
}

TEST_F(ProgramWorldTest, AFloodDoesNotStopTheProgram) {
    // Nobody is blocked by a full pipe, and the log is bounded.
    Program program{plan("yes | head -n 150000"), surroundings()};
    program.start();
    wait_for_end(program);
    const auto events = sink_.take();
    EXPECT_EQ(program.exit_code(), 0);
    EXPECT_EQ(lines(events, "stdout").size(), 100'000U);
    EXPECT_EQ(
        lines(events, "etimedout"),
        (std::vector<std::string>{"50000 more lines left out: a program's log ends after 100000"}));
}

TEST_F(ProgramWorldTest, RestartKeepsTheFilesAndBeginsAnew) {
    // One node, two runs: the second finds what the first wrote.
    auto given = plan("echo run >> count; wc -l < count; exec sleep 1000");
    given.spec.ready = ReadySpec{.log = ""};
    given.spec.files["count"] = "";
    Program program{given, surroundings()};
    program.start();
    const pid_t first = program.pid();
    program.restart();
    EXPECT_NE(program.pid(), first);
    program.stop();
    program.stop();
    const auto events = sink_.take();
    EXPECT_EQ(lines(events, "stdout"), (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(all<ProcessBegin>(events).size(), 2U);
    EXPECT_EQ(all<ProcessReady>(events).size(), 2U);
    EXPECT_EQ(all<ProcessEnd>(events).size(), 2U);
}

TEST_F(ProgramWorldTest, AProgramThatIgnoresItsSignalIsKilled) {
    // After `within`, and the whole group with it.
    auto given = plan("trap '' TERM; echo up; while :; do sleep 1000; done");
    given.spec.stop.within = 200ms;
    given.spec.ready = ReadySpec{.log = "up"};
    Program program{given, surroundings()};
    program.start();
    const Duration begin = clock_.now();
    program.stop();
    EXPECT_GE(clock_.now() - begin, 200ms);
    EXPECT_EQ(program.exit_code(), 128 + SIGKILL);
    EXPECT_EQ(usage_of("gateway", here_).processes, 0);
}

TEST_F(ProgramWorldTest, ASignalFromOutsideIsNoExpectedEnd) {
    // A crash that a scenario asks for is still a crash.
    Program program{plan("sleep 1000"), surroundings()};
    program.start();
    program.signal(SIGSEGV);
    wait_for_end(program);
    const auto ends = all<ProcessEnd>(sink_.take());
    ASSERT_EQ(ends.size(), 1U);
    EXPECT_EQ(ends[0].exit_code, 128 + SIGSEGV);
    EXPECT_FALSE(ends[0].expected);
}

TEST_F(ProgramWorldTest, ItsProcessGroupIsWhatItStarted) {
    // Two of three were started by the first; all are stopped by one signal, and go on by another.
    Program program{plan("sleep 1000 & sleep 1000 & exec sleep 1000"), surroundings()};
    program.start();
    const auto in_state = [&](char state) {
        const auto all = processes_of_group(program.pid());
        return all.size() == 3 && std::all_of(all.begin(), all.end(), [&](const auto& process) {
                   return process.state == state;
               });
    };
    const auto eventually_in_state = [&](char state) {
        for (int i = 0; i < 1000 && !in_state(state); ++i) clock_.sleep_until(clock_.now() + 10ms);
        return in_state(state);
    };
    EXPECT_TRUE(eventually_in_state('S'));
    program.signal(SIGSTOP);
    EXPECT_TRUE(eventually_in_state('T'));
    program.signal(SIGCONT);
    EXPECT_TRUE(eventually_in_state('S'));
    const std::vector<int> open = descriptors_of(program.pid());
    EXPECT_GE(open.size(), 3u);
    EXPECT_EQ(open.front(), 0);
    program.signal(SIGKILL);
    wait_for_end(program);
    EXPECT_TRUE(processes_of_group(program.pid()).empty());
}

TEST_F(ProgramWorldTest, LimitsAndEnvironmentReachTheProgram) {
    // And nothing of this process's own environment does.
    auto given = plan("ulimit -n; env | sort");
    given.spec.limits.fds = 20;
    given.env = {{"FROM_WORLD", "w"}, {"X", "world"}};
    given.spec.env = {{"X", "scenario"}};
    Program program{given, surroundings()};
    program.start();
    wait_for_end(program);
    EXPECT_EQ(
        lines(sink_.take(), "stdout"),
        (std::vector<std::string>{
            "20", "FROM_WORLD=w", "HOME=/run/home", "LANG=C.UTF-8", "LOGNAME=root",
            "PATH=/run/etimedout:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "PWD=/scenario", "SHELL=/bin/sh", "TERM=dumb", "TMPDIR=/tmp", "TZ=UTC", "USER=root",
            "X=scenario"}));
}

TEST_F(ProgramWorldTest, AnotherUserMayWriteToItsOwnOutput) {
    // Programs reopen /dev/stderr after they have changed their user.
    auto given = plan("id -un; echo again > /dev/stdout");
    given.spec.user = "nobody";
    if (!maps_all_users()) {
        const std::string problem = start_error(given);
        EXPECT_NE(problem.find("user `nobody` does not exist in this user namespace"),
                  std::string::npos)
            << problem;
        return;
    }
    Program program{given, surroundings()};
    program.start();
    wait_for_end(program);
    EXPECT_EQ(lines(sink_.take(), "stdout"), (std::vector<std::string>{"nobody", "again"}));
}

TEST_F(ProgramWorldTest, NginxRunsUnmodifiedAsItsOwnUser) {
    // A master as root, workers as www-data, its own folders, its access log followed.
    if (!find_program("nginx"))
        GTEST_SKIP() << "nginx is not installed: apt-get install nginx-light";
    if (!maps_all_users()) GTEST_SKIP() << "www-data does not exist in this user namespace";
    auto given = plan("nginx -g 'daemon off;' -c /scenario/nginx.conf");
    given.spec.files["nginx.conf"] =
        "user www-data; worker_processes 1; events {}\n"
        "http { server { listen 80; location / { return 200 'hi'; } } }\n";
    given.spec.ready = ReadySpec{.http = "/"};
    given.http_port = Port{80};
    given.spec.logs = {"/var/log/nginx/access.log"};
    Program program{given, surroundings()};
    program.start();
    EXPECT_EQ(shell(here_, "ps -o user= -C nginx | sort | uniq -c | tr -s ' '").output,
              " 1 root\n 1 www-data\n");
    EXPECT_EQ(usage_of("gateway", here_).processes, 2);
    program.stop();
    const auto events = sink_.take();
    const auto log = lines(events, "/var/log/nginx/access.log");
    ASSERT_EQ(log.size(), 1U);
    EXPECT_NE(log[0].find("\"GET / HTTP/1.1\" 200"), std::string::npos) << log[0];
    EXPECT_EQ(program.exit_code(), 0);
}

TEST_F(ProgramWorldTest, NodeThreadsPassTheirErrorsOn) {
    // A failure inside a node is the caller's, with its own type.
    EXPECT_THROW(run_in_node(here_, [] { throw Error{"inside"}; }), Error);
    EXPECT_EQ(run_in_node(here_, [] { return 42; }), 42);
    NodeThread thread{here_, [] { throw Error{"inside"}; }};
    EXPECT_THROW(thread.join(), Error);
}

}  // namespace

}  // namespace etimedout
