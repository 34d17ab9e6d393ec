// Stub: an upstream server that answers, or misbehaves, as it was made to.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulator/base/clock.hh"
#include "simulator/stub/spec.hh"

namespace etimedout {

struct StubRecord {
    std::int64_t connections = 0;  // accepted
    std::int64_t requests = 0;     // read to their ends (HTTP)
    std::string trouble{};         // what went wrong inside the stub; must be empty
    // What a pool of workers has done to requests (HTTP) or connections (TCP).
    std::int64_t waiting = 0;  // now, for a worker
    std::int64_t waited = 0;   // that found none free, those included that still wait
    Duration longest_wait{};   // those included, too
    std::int64_t refused = 0;  // 503 as the queue was full
};

// What a stub is told of the world around it.
struct StubPlace {
    std::uint64_t seed = 1;
    std::vector<std::string> names{"localhost"};      // under which it is called
    std::vector<std::string> addresses{"127.0.0.1"};  // at which it is called
};

// Where a stub listens: on all addresses of its host, on its loopback alone, or not at all.
enum class Listening { everywhere, loopback, nowhere };

// Serves from construction to destruction on a thread of its own.
//
// HTTP: keep-alive, pipelining in order, HTTP/1.0 and 1.1, bodies read and thrown away. A path
// without a route gets `all`; the default answer is 200, text/plain, "ok\n". A swallowed request
// stays unanswered for ever, and so do later ones on its connection. TCP: echoes, unless it has a
// body, which it sends on accept; see tcp_session.cc. LLM: see llm.hh. Any of them over TLS.
class Stub {
public:
    // Opens the listening sockets, IPv4 and (where the system has it) IPv6, in the network
    // namespace of the calling thread. Port 0: one that is free, see port(). The clock outlives
    // the stub. Throws Error naming the stub and the port.
    Stub(std::string name, StubSpec spec, const WorldClock& clock, StubPlace place = {});
    Stub(const Stub&) = delete;
    Stub& operator=(const Stub&) = delete;
    // Closes everything it holds, without waiting for anyone.
    ~Stub();

    std::uint16_t port() const;

    // While it does not, connections stay in the kernel's accept queue. Any thread; in effect when
    // it returns, but for a connection that is being taken at that moment.
    void set_accepting(bool accepting);

    // Closes its listening sockets and opens others, in the network namespace of the calling
    // thread; connections it has go on. Any thread. Throws Error when the port is taken; then it
    // listens nowhere.
    void listen_at(Listening place, std::uint16_t port);

    // Until go_on() its one thread does nothing at all: it accepts, reads and answers nothing, as a
    // server in a deadlock. Both are for one thread at a time.
    void stand_still();
    void go_on();
    // Keeps so many workers busy with something else, or all of them (also of a stub that has any
    // number), until they are released: requests are read, and wait. A worker that serves a request
    // is occupied when it has done so. Any thread; in effect when it returns.
    void occupy_workers(std::optional<std::int64_t> count = std::nullopt);
    void release_workers();

    StubRecord record() const;

private:
    class Server;
    std::unique_ptr<Server> server_;
};

}  // namespace etimedout
