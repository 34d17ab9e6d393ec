// What the tests of captures share: a capture's events as short lines that read like a story.
#include "tests/wire/wire_fixture.hh"

#include <fmt/format.h>

namespace etimedout::test {

namespace {

template <class T>
std::vector<T> all_of(const CaptureBuilder& capture) {
    std::vector<T> found;
    for (const Event& event : facts(capture).events) {
        if (const auto* what = std::get_if<T>(&event.what)) found.push_back(*what);
    }
    return found;
}

std::string line(const TcpEvent& event) {
    std::string text = fmt::format("#{} {} {}", event.connection, event.by, event.what);
    if (event.retransmission > 0) text += fmt::format(" again {}", event.retransmission);
    if (!event.client.empty()) text += fmt::format(" {} -> {}", event.client, event.server);
    return text;
}
std::string line(const HttpMessage& event) {
    const std::string what = event.what == "request"
                                 ? fmt::format("{} {}", event.method, event.path)
                                 : std::to_string(event.status);
    return fmt::format("#{} {} {} {}, {} bytes, {} {}", event.connection, event.what, event.number,
                       what, event.body_bytes, event.complete ? "complete" : "cut",
                       Scalar<Duration>::write(event.ended.value_or(Duration{})));
}
std::string line(const Datagram& event) {
    return fmt::format("{} {} -> {}, {} bytes", event.what, event.from, event.to, event.bytes);
}

}  // namespace

CaptureFacts facts(const CaptureBuilder& capture) {
    return facts_of_capture(capture.file(), {.link = "l", .end = "near"}, 0);
}

std::vector<ConnectionSummary> summaries(const CaptureBuilder& capture) {
    return all_of<ConnectionSummary>(capture);
}
std::vector<HttpMessage> messages(const CaptureBuilder& capture) {
    return all_of<HttpMessage>(capture);
}

std::vector<std::string> story(const CaptureBuilder& capture) {
    std::vector<std::string> lines;
    for (const Event& event : facts(capture).events) {
        std::string text;
        if (const auto* tcp = std::get_if<TcpEvent>(&event.what)) text = line(*tcp);
        if (const auto* http = std::get_if<HttpMessage>(&event.what)) text = line(*http);
        if (const auto* datagram = std::get_if<Datagram>(&event.what)) text = line(*datagram);
        if (!text.empty()) lines.push_back(Scalar<Duration>::write(event.t) + " " + text);
    }
    return lines;
}

}  // namespace etimedout::test
