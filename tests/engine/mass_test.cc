// Many bytes and many connections: nothing is lost on the way, and nothing is left behind.
#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "tests/engine/loopback.hh"

namespace etimedout {
namespace {

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::size_t total = std::size_t{64} << 20U;  // what takes seconds takes minutes there
#else
constexpr std::size_t total = std::size_t{1} << 30U;
#endif

ProxyPlan plan_towards(const std::string& upstream) {
    ProxyPlan plan;
    plan.name = "p";
    plan.listen = "127.0.0.1:0";
    plan.upstream = upstream;
    return plan;
}

ProxyRule upward(std::string id, FlowPlan plan) {
    ProxyRule made;
    made.id = std::move(id);
    made.plan = plan;
    made.way = Way::up;
    return made;
}

// Each eight bytes say where in the stream they stand, so that no two pieces are alike.
constexpr std::size_t piece = 256U << 10U;
using Piece = std::array<std::uint64_t, piece / 8>;
void fill(Piece& words, std::uint64_t number) {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15U;
    std::uint64_t next = number * words.size();
    for (std::uint64_t& word : words) word = next++ * odd;
}

// Ends of pipes among this process's descriptors.
std::size_t open_pipes() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
        std::error_code gone;
        const auto target = std::filesystem::read_symlink(entry.path(), gone);
        if (!gone && target.string().starts_with("pipe:")) ++count;
    }
    return count;
}

TEST(Splice, AGigabyteArrivesAsItWasSentWhileFaultsComeAndGo) {
    // A fault comes or goes with every quarter of a megabyte that has arrived: half of all bytes
    // are the kernel's to move, half the faults', and each switch is one at which order could be
    // lost.
    Witnessing witness;
    Engine engine{{.workers = 2, .seed = 1}, witness};
    const Listener upstream;
    const std::size_t pipes_before = open_pipes();
    const auto proxy = engine.open(plan_towards(upstream.address()));
    const Fd client = connect_to(proxy->listen());
    const Fd server = upstream.accept();
    std::thread sender{[&client] {
        const auto words = std::make_unique<Piece>();
        for (std::uint64_t i = 0; i < total / piece; ++i) {
            fill(*words, i);
            send_all(client, {reinterpret_cast<const char*>(words->data()), piece});
        }
        say_fin(client);
    }};
    const auto wanted = std::make_unique<Piece>();
    std::uint64_t wrong = 0;
    std::uint64_t untouched = 0;  // pieces during which no fault gave anything
    std::uint64_t items = 0;
    for (std::uint64_t i = 0; i < total / piece; ++i) {
        std::vector<ProxyRule> rules;
        const std::string id = std::to_string(i);
        if (i % 4 == 1) rules.push_back(upward("d" + id, FlowDelay{.delay = 100us}));
        if (i % 4 == 3) {
            rules.push_back(upward("s" + id, FlowSlice{.average = 9000, .variation = 100}));
            rules.push_back(upward("r" + id, FlowThrottle{.bytes_per_second = 4'000'000'000}));
        }
        proxy->set_rules(std::move(rules));
        const std::string got = receive(server, piece);
        fill(*wanted, i);
        if (got.size() != piece || std::memcmp(got.data(), wanted->data(), piece) != 0) ++wrong;
        if (std::exchange(items, proxy->counters().late_items) == items) ++untouched;
    }
    EXPECT_TRUE(receive_rest(server).bytes.empty());
    sender.join();
    EXPECT_EQ(wrong, 0u);
    std::printf("%zu bytes, %llu items through faults; %llu of %zu pieces without\n", total,
                static_cast<unsigned long long>(items), static_cast<unsigned long long>(untouched),
                total / piece);
    // Both ways were taken, and the kernel's needs pipes, some of which are kept.
    EXPECT_GT(items, total / piece / 4);
    EXPECT_GT(open_pipes(), pipes_before);
}

// Remembers nothing, so that the memory seen is the engine's.
class Forgetful final : public EngineListener {
    void accepted(const std::string&, std::int64_t, const std::string&) override {}
    void connect_failed(const std::string&, std::int64_t, const std::string&,
                        const std::string&) override {}
    void closed(const std::string&, std::int64_t, const std::string&, std::uint64_t,
                std::uint64_t) override {}
    void rule_met(const std::string&, std::int64_t, const std::string&) override {}
    void accept_paused(const std::string&, const std::string&) override {}
    void accept_resumed(const std::string&) override {}
    void unreachable(const std::string&, std::int64_t, const std::string&,
                     const std::string&) override {}
};

constexpr int many = 9000;

// Both ends of all connections, in a process of its own: half of all descriptors are theirs.
class Ends {
public:
    Ends() {
        std::array<int, 2> to{};
        std::array<int, 2> from{};
        checked("pipe", ::pipe2(to.data(), O_CLOEXEC));
        checked("pipe", ::pipe2(from.data(), O_CLOEXEC));
        child_ = static_cast<pid_t>(checked("fork", ::fork()));
        const bool is_child = child_ == 0;
        asks_ = Fd{is_child ? to[0] : to[1]};
        ::close(is_child ? to[1] : to[0]);
        answers_ = Fd{is_child ? from[1] : from[0]};
        ::close(is_child ? from[0] : from[1]);
        if (is_child) be_the_ends();
    }
    Ends(const Ends&) = delete;
    Ends& operator=(const Ends&) = delete;
    ~Ends() {
        asks_.reset();
        ::waitpid(child_, nullptr, 0);
    }

    std::string upstream() { return hear(answers_); }
    // Empty, or what went wrong.
    std::string open(const std::string& proxy) {
        tell(asks_, proxy);
        return hear(answers_);
    }
    void close() {
        tell(asks_, "close");
        hear(answers_);
    }

private:
    static void tell(const Fd& pipe, std::string text) {
        text += '\n';
        checked("write", ::write(pipe.get(), text.data(), text.size()));
    }
    static std::string hear(const Fd& pipe) {
        std::string line;
        char c = 0;
        while (::read(pipe.get(), &c, 1) == 1 && c != '\n') line += c;
        return line;
    }
    [[noreturn]] void be_the_ends() {
        try {
            const Listener listener;
            tell(answers_, listener.address());
            for (std::string proxy = hear(asks_); !proxy.empty(); proxy = hear(asks_)) {
                std::vector<Fd> all;
                for (int i = 0; i < many; ++i) {
                    all.push_back(connect_to(proxy));
                    all.push_back(listener.accept());
                }
                // Each carries a byte, so that what is lazily made is there.
                for (std::size_t i = 0; i < all.size(); i += 2) {
                    send_all(all[i], "x");
                    receive(all[i + 1], 1);
                }
                tell(answers_, "");
                hear(asks_);
                all.clear();
                tell(answers_, "closed");
            }
        } catch (const Error& error) {
            tell(answers_, error.what());
        }
        ::_exit(0);
    }

    pid_t child_ = -1;
    Fd asks_;
    Fd answers_;
};

std::size_t descriptors() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    std::size_t count = 0;
    for (int fd = 0; fd < static_cast<int>(limit.rlim_cur); ++fd) {
        count += ::fcntl(fd, F_GETFD) >= 0 ? 1u : 0u;
    }
    return count;
}

// A sanitizer keeps what was freed, to find who uses it all the same.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool memory_is_its_own = false;
#else
constexpr bool memory_is_its_own = true;
#endif

std::size_t resident_kilobytes() {
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmRSS:")) return std::stoul(line.substr(6));
    }
    return 0;
}

TEST(ManyConnections, LeaveNothingBehind) {
    // Two descriptors each, here and in the other process.
    constexpr rlim_t needed = 2 * many + 300;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < needed) {
        GTEST_SKIP() << "needs " << needed << " file descriptors; the hard limit of this user is "
                     << limit.rlim_max << " (`ulimit -Hn`)";
    }
    limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur, needed);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_cur, 20'000);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    Ends ends;
    const std::string upstream = ends.upstream();
    Forgetful nobody;
    Engine engine{{.workers = 2, .seed = 1}, nobody};
    const auto proxy = engine.open(plan_towards(upstream));
    const std::size_t files_before = descriptors();
    const std::size_t memory_before = resident_kilobytes();
    std::array<std::size_t, 3> open{};
    std::array<std::size_t, 3> closed{};
    for (std::size_t round = 0; round < open.size(); ++round) {
        ASSERT_EQ(ends.open(proxy->listen()), "");
        ASSERT_TRUE(eventually([&] { return proxy->counters().open >= many; }));
        open[round] = resident_kilobytes();
        EXPECT_GE(descriptors(), files_before + 2 * many);
        ends.close();
        ASSERT_TRUE(eventually([&] { return proxy->counters().open == 0; }));
        EXPECT_TRUE(eventually([&] { return engine.connections().empty(); }));
        // A few pipes stay for the next bytes.
        EXPECT_TRUE(eventually([&] { return descriptors() <= files_before + 8; })) << descriptors();
        closed[round] = resident_kilobytes();
        std::printf("resident: %zu KB at first, %zu KB with %d connections, %zu KB after\n",
                    memory_before, open[round], many, closed[round]);
    }
    // Most of what a crowd took goes back to the system. What stays, such as the event loop's own
    // records of descriptors, is what the next crowd uses: there is no more of it than a tenth
    // above what the first one took.
    const std::size_t taken = open[0] - std::min(open[0], memory_before);
    if (memory_is_its_own) {
        for (std::size_t round = 0; round < open.size(); ++round) {
            EXPECT_LE(open[round], open[0] + taken / 10);
            EXPECT_LE(closed[round], memory_before + taken / 2);
        }
    }
}

}  // namespace
}  // namespace etimedout
