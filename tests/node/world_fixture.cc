// WorldFixture: nodes for tests that run as process 1 of a world.
#include "tests/node/world_fixture.hh"

#include <array>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/node/child.hh"
#include "simulator/node/users.hh"

namespace etimedout {

namespace {

std::unique_ptr<RootFileSystem>& the_root() {
    static std::unique_ptr<RootFileSystem> root;
    return root;
}

void raise_loopback() {
    const Fd socket{checked("socket", ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0))};
    ifreq request{};
    std::memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP;
    checked("raise lo", ::ioctl(socket.get(), SIOCSIFFLAGS, &request));
}

}  // namespace

void WorldFixture::set_root(RootFileSystem root) {
    the_root() = std::make_unique<RootFileSystem>(std::move(root));
}

const RootFileSystem& WorldFixture::root() { return *the_root(); }

NodeNamespaces WorldFixture::node(const std::string& name) {
    // Several tests use a node of the same name, in one world.
    static int number = 0;
    NodeRootPlan plan;
    plan.name = number++ == 0 ? name : fmt::format("{}{}", name, number);
    plan.hosts = "127.0.0.1 localhost\n10.1.0.2 upstream\n";
    auto made = NodeNamespaces::create(root(), plan);
    run_in_node(made, raise_loopback);
    return made;
}

bool WorldFixture::maps_all_users() { return resolve_user("65534").has_value(); }

WorldFixture::Outcome WorldFixture::shell(const NodeNamespaces& node, const std::string& command,
                                          const std::optional<std::string>& user) {
    return run_in_node(node, [&] {
        std::array<int, 2> ends{};
        checked("pipe", ::pipe2(ends.data(), O_CLOEXEC));
        const Fd reader{ends[0]};
        Fd writer{ends[1]};
        SpawnPlan plan;
        plan.arguments = {"/bin/sh", "-c", command};
        plan.env = default_environment();
        plan.user = user;
        plan.standard_output = writer.get();
        plan.standard_error = writer.get();
        Child child{plan};
        writer.reset();
        Outcome outcome;
        std::array<char, 4096> piece{};
        for (ssize_t got = 0; (got = ::read(reader.get(), piece.data(), piece.size())) > 0;) {
            outcome.output.append(piece.data(), static_cast<std::size_t>(got));
        }
        const WorldClock clock;
        outcome.exit_code = child.wait_until(clock, clock.now() + 60s).value_or(-1);
        return outcome;
    });
}

}  // namespace etimedout
