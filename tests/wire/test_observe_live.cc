// Captures and samples on a real kernel, in network namespaces of the test's own.
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "harness/observe/capture.hh"
#include "harness/observe/counters.hh"
#include "simulator/wire/facts.hh"
#include "tests/wire/namespaces.hh"

namespace etimedout {
namespace {

using namespace test;
namespace fs = std::filesystem;

sockaddr_in socket_address(const std::string& address, std::uint16_t port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(port);
    ::inet_pton(AF_INET, address.c_str(), &result.sin_addr);
    return result;
}

Fd tcp_socket() { return Fd{checked("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))}; }

Fd listen_at(const std::string& address, std::uint16_t port, int backlog) {
    Fd listener = tcp_socket();
    const auto at = socket_address(address, port);
    checked("bind", ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at));
    checked("listen", ::listen(listener.get(), backlog));
    return listener;
}

Fd connect_to(const std::string& address, std::uint16_t port) {
    Fd socket = tcp_socket();
    const auto at = socket_address(address, port);
    checked("connect", ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at));
    return socket;
}

void send_all(const Fd& socket, std::string_view text) {
    checked("send", ::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL));
}

// Everything up to the end of the stream.
std::string receive_all(const Fd& socket) {
    std::string text;
    std::array<char, 65536> piece{};
    for (;;) {
        const auto size = checked("recv", ::recv(socket.get(), piece.data(), piece.size(), 0));
        if (size == 0) return text;
        text.append(piece.data(), static_cast<std::size_t>(size));
    }
}

std::string read_file(const fs::path& path) {
    std::ifstream in{path, std::ios::binary};
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

class ObserveLive : public ::testing::Test {
protected:
    void SetUp() override {
        if (!network_refused().empty()) GTEST_SKIP() << network_refused();
        folder_ = fs::temp_directory_path() / fmt::format("etimedout-observe-{}", ::getpid());
        fs::create_directories(folder_);
    }
    void TearDown() override { fs::remove_all(folder_); }

    CapturePlan plan(const std::string& end, const std::string& interface) const {
        return {.link = "l",
                .end = end,
                .interface = interface,
                .file = folder_ / ("l." + end + ".pcap"),
                .ring = Bytes{16 << 20}};
    }
    CaptureFacts facts(const std::string& end) const {
        const std::string bytes = read_file(folder_ / ("l." + end + ".pcap"));
        return facts_of_capture(as_byte_view(bytes), {.link = "l", .end = end},
                                clock_.wall_begin());
    }

    fs::path folder_{};
    WorldClock clock_{};
};

ConnectionSummary summary_of(const CaptureFacts& facts) {
    for (const Event& event : facts.events) {
        if (const auto* summary = std::get_if<ConnectionSummary>(&event.what)) return *summary;
    }
    ADD_FAILURE() << "no connection was captured";
    return {};
}

// A client that asks over `address` and a server that answers and closes.
void converse(const std::string& address, std::uint16_t port, const std::string& answer) {
    const Fd listener = listen_at(address, port, 1);
    const Fd client = connect_to(address, port);
    const Fd server{checked("accept", ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC))};
    send_all(client, "question");
    ::shutdown(client.get(), SHUT_WR);
    EXPECT_EQ(receive_all(server), "question");
    send_all(server, answer);
    ::shutdown(server.get(), SHUT_WR);
    EXPECT_EQ(receive_all(client).size(), answer.size());
}

TEST_F(ObserveLive, AConversationIsCapturedWholeAndOnTheWorldsTime) {
    // Over the loopback: handshake, a question, an answer, two FINs; every packet once.
    inside(make_namespace(), [this] {
        set_up("lo");
        CaptureSet captures{clock_};
        captures.add(plan("near", "lo"));
        captures.start();
        const Duration before = clock_.now();
        converse("127.0.0.1", 8080, std::string(1000, 'a'));
        const Duration after = clock_.now();
        const EventLog ends = captures.finish();
        ASSERT_EQ(ends.size(), 1U);
        const auto& end = std::get<CaptureEnd>(ends[0].what);
        const CaptureFacts seen = facts("near");
        EXPECT_EQ(end.dropped, 0);
        EXPECT_EQ(end.packets, seen.packets);
        EXPECT_FALSE(seen.truncated);
        EXPECT_EQ(seen.damaged, 0);
        const ConnectionSummary one = summary_of(seen);
        EXPECT_EQ(one.server, "127.0.0.1:8080");
        EXPECT_EQ(one.syns, 1);
        EXPECT_EQ(one.bytes_up, 8);
        EXPECT_EQ(one.bytes_down, 1000);
        EXPECT_EQ(one.retransmissions, 0);
        EXPECT_EQ(one.closed_by, "client");
        EXPECT_EQ(one.closed_how, "fin");
        ASSERT_TRUE(one.established);
        EXPECT_GE(one.began, before - 1ms);  // two clocks were read one after the other
        EXPECT_LE(*one.established, after + 1ms);
    });
}

TEST_F(ObserveLive, BothEndsOfAPairSeeTheSameAndSurviveBeingDown) {
    // A veth between two namespaces, captured at both ends; it goes down and comes up again, which
    // a capture must not take for its end.
    const Fd far = make_namespace();
    const Fd near = make_namespace();
    inside(near, [&] { make_veth("veth0", "veth0", far); });
    for (const auto& [where, text] : {std::pair{&near, "10.9.0.1"}, {&far, "10.9.0.2"}}) {
        inside(*where, [&, address = text] {
            set_up("lo");
            set_up("veth0");
            set_address("veth0", address);
        });
    }
    CaptureSet captures{clock_};
    inside(near, [&] { captures.add(plan("near", "veth0")); });
    inside(far, [&] { captures.add(plan("far", "veth0")); });
    captures.start();
    for (const bool up : {false, true}) inside(near, [&] { set_up("veth0", up); });
    Fd listener;
    inside(far, [&] { listener = listen_at("10.9.0.2", 80, 1); });
    Fd client;
    inside(near, [&] { client = connect_to("10.9.0.2", 80); });
    const Fd server{checked("accept", ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC))};
    const std::string body(300'000, 'b');
    inside(near, [&] {
        send_all(client, "q");
        ::shutdown(client.get(), SHUT_WR);
    });
    EXPECT_EQ(receive_all(server), "q");
    std::thread sender{[&] {
        send_all(server, body);
        ::shutdown(server.get(), SHUT_WR);
    }};
    EXPECT_EQ(receive_all(client).size(), body.size());
    sender.join();
    for (const Event& event : captures.finish()) {
        EXPECT_EQ(std::get<CaptureEnd>(event.what).dropped, 0);
    }
    for (const std::string end : {"near", "far"}) {
        const CaptureFacts seen = facts(end);
        const ConnectionSummary one = summary_of(seen);
        EXPECT_EQ(one.client.substr(0, 9), "10.9.0.1:") << end;
        EXPECT_EQ(one.bytes_up, 1) << end;
        EXPECT_EQ(one.bytes_down, static_cast<std::int64_t>(body.size())) << end;
        EXPECT_EQ(seen.damaged, 0) << end;
    }
}

TEST_F(ObserveLive, TheRingIsNotInherited) {
    // A copy of the ring in a child made by fork() crashes the virtual kernel.
    inside(make_namespace(), [this] {
        set_up("lo");
        const Capture capture{plan("near", "lo")};
        const auto rings = [] {
            const std::string maps = read_file("/proc/self/maps");
            return maps.find("socket:[") != std::string::npos;
        };
        EXPECT_TRUE(rings());
        const pid_t child = ::fork();
        if (child == 0) ::_exit(rings() ? 1 : 0);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
    });
}

TEST_F(ObserveLive, AnInterfaceThatIsNotThereIsNamed) {
    // Which interface, which link, and what the kernel said.
    inside(make_namespace(), [this] {
        try {
            const Capture capture{plan("near", "nowhere")};
            FAIL() << "no error";
        } catch (const Error& error) {
            EXPECT_TRUE(std::string_view{error.what()}.starts_with(
                "cannot capture on nowhere (near end of link `l`): "))
                << error.what();
        }
    });
}

// The event of a kind in a sample; nothing when the sample has none.
template <class Kind>
std::optional<Kind> find_in(const std::vector<EventVariant<AllEvents>::type>& sample) {
    for (const auto& what : sample) {
        if (const auto* found = std::get_if<Kind>(&what)) return *found;
    }
    return std::nullopt;
}

TEST_F(ObserveLive, ASamplerSeesItsOwnNodeAndOnlyWhatChanged) {
    // Made on a thread inside the namespace, asked from one outside.
    const Fd node = make_namespace();
    std::unique_ptr<NodeSampler> sampler;
    inside(node, [&] {
        set_up("lo");
        sampler = std::make_unique<NodeSampler>("n");
    });
    const auto first = sampler->sample();
    const Counters at_first = find_in<Counters>(first).value();
    EXPECT_EQ(at_first.node, "n");
    EXPECT_EQ(at_first.values.count("TcpActiveOpens"), 0U);  // it is 0
    EXPECT_FALSE(find_in<Sockets>(first));                   // there are none
    EXPECT_TRUE(sampler->sample().empty());

    Fd listener;
    Fd client;
    inside(node, [&] {
        listener = listen_at("127.0.0.1", 8080, 7);
        client = connect_to("127.0.0.1", 8080);
        send_all(client, "unread");
    });
    const auto second = sampler->sample();
    const Counters connected = find_in<Counters>(second).value();
    EXPECT_EQ(connected.values.at("TcpActiveOpens"), 1);
    EXPECT_EQ(connected.values.count("TcpRtoMin"), 0U);  // a constant
    const Sockets sockets = find_in<Sockets>(second).value();
    EXPECT_EQ(sockets.states, (std::map<std::string, std::int64_t>{{"ESTAB", 2}, {"LISTEN", 1}}));
    EXPECT_EQ(sockets.listeners, (std::vector<Listener>{{8080, 1, 7}}));
    EXPECT_EQ(sockets.receive_queue, 6);
    EXPECT_TRUE(sampler->sample().empty());

    client.reset();
    EXPECT_EQ(find_in<Sockets>(sampler->sample()).value().states.at("CLOSE-WAIT"), 1);
}

}  // namespace
}  // namespace etimedout

int main(int argc, char** argv) {
    ::testing::InitGoogleTest(&argc, argv);
    etimedout::test::enter_own_network();
    return RUN_ALL_TESTS();
}
