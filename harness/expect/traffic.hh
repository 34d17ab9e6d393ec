// Traffic: what the capture at a link's near end shows, as connections and the requests on them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "simulator/events/event.hh"

namespace etimedout {

// A request and its answer. HTTP/1.1 answers in order (RFC 9112 section 9.3.2), so the n-th final
// response on a connection answers its n-th request.
struct Request {
    const HttpMessage* message = nullptr;
    const HttpMessage* response = nullptr;
    std::string call{};  // from the trace header, without the repetition; or empty
    std::int64_t connection = 0;
    Duration began{};
    Duration sent{};                     // its last byte
    Duration answered{};                 // the response's first byte, when there is one
    std::optional<Duration> finished{};  // the response's last byte, or the connection's end
    Duration last_seen{};                // `finished`, or the last that was seen of the connection
};

struct TcpMoment {
    Duration t{};
    const TcpEvent* what = nullptr;
};

struct Connection {
    std::int64_t number = 0;
    std::string client{};
    std::string server{};
    Duration began{};
    std::optional<Duration> established{};
    std::optional<Duration> closed{};
    std::string closed_by{};
    std::string closed_how{};
    std::optional<Duration> last_byte{};
    Duration last_seen{};  // closed, or the last packet that the log mentions
    std::int64_t syns = 0;
    // Segments sent again: the client's as the near end saw them, the server's as the far end did,
    // since what the link lost of these never came to the near end.
    std::int64_t retransmissions = 0;
    std::vector<Duration> sent_again{};  // when; as far as the log has single packets
    std::int64_t bytes = 0;              // both ways
    std::vector<TcpMoment> moments{};
    std::vector<Request> requests{};
    std::int64_t responses = 0;  // final ones
};

struct DatagramMoment {
    Duration t{};
    const Datagram* what = nullptr;
};

struct LinkTraffic {
    std::vector<Connection> connections{};  // by their begin
    std::vector<DatagramMoment> datagrams{};
    bool captured = false;     // the capture was opened and properly closed
    std::int64_t dropped = 0;  // packets lost by the capture
};

// The call that a trace header's value names: "c1/3" is repetition 3 of c1.
std::string call_of_trace(const std::string& value);

// Collects one link's events of the near end, in time order, and makes them connections. Of the far
// end it takes what the server sent again.
class TrafficBuilder {
public:
    void take(Duration t, const TcpEvent& event);
    void take(Duration t, const ConnectionSummary& summary);
    void take(Duration t, const HttpMessage& message);
    void take(Duration t, const Datagram& datagram);
    void take(const CaptureEnd& end);
    void take_far(Duration t, const TcpEvent& event);
    void take_far(const CaptureEnd& end);
    LinkTraffic finish() &&;

private:
    struct Parts {
        const ConnectionSummary* summary = nullptr;
        std::vector<TcpMoment> moments{};
        std::vector<std::pair<Duration, const HttpMessage*>> messages{};
    };
    static Connection assemble(std::int64_t number, Parts parts);

    void count_sent_again(Connection& connection);

    std::map<std::int64_t, Parts> parts_;
    // Of the far end: connections by number there, and by their client what was sent again.
    std::map<std::int64_t, std::string> far_clients_;
    std::map<std::string, std::vector<Duration>> far_sent_again_;
    bool far_captured_ = false;
    LinkTraffic traffic_;
};

}  // namespace etimedout
