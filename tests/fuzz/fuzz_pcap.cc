// Captures that nobody meant well: whole files, and conversations with right checksums.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "simulator/events/jsonl.hh"
#include "simulator/wire/facts.hh"
#include "tests/wire/packet_builder.hh"

namespace etimedout {
namespace {

// Whatever the bytes are, the events are in order and can be written and read.
void check(std::span<const std::byte> file) {
    CaptureFacts facts;
    try {
        facts = facts_of_capture(file, {.link = "l", .end = "near"}, 0);
    } catch (const Error&) {
        return;  // not a capture: refused, as it should be
    }
    Duration last = Duration::min();
    for (const Event& event : facts.events) {
        if (event.t < last) std::abort();
        last = event.t;
        const std::string line = to_json_line(event);
        const auto back = from_json_line(line);
        if (!back || to_json_line(back.value()) != line) std::abort();
    }
}

// The input as a script: each segment takes a few bytes for its header, and then its payload, so
// that mutations are not lost to checksums.
void converse(std::span<const std::uint8_t> script) {
    test::CaptureBuilder capture;
    test::Talk talk{capture};
    Duration t{};
    while (script.size() >= 4) {
        const std::uint8_t control = script[0];
        const bool by_client = (control & 1U) != 0;
        std::uint32_t& next = by_client ? talk.client_next() : talk.server_next();
        next += static_cast<std::uint32_t>(static_cast<std::int8_t>(script[1])) *
                ((control & 2U) != 0 ? 0x01000001U : 1U);
        (by_client ? talk.client_window() : talk.server_window()) = script[3];
        const std::size_t size = std::min<std::size_t>(control >> 2U, script.size() - 4);
        const auto payload = std::as_bytes(script.subspan(4, size));
        const std::uint8_t flags = script[2] & 0x1FU;
        if (by_client) {
            talk.client_sends(t, flags, as_text(payload));
        } else {
            talk.server_sends(t, flags, as_text(payload));
        }
        script = script.subspan(4 + size);
        t += 1ms;
    }
    check(capture.file());
}

}  // namespace
}  // namespace etimedout

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span input{data, size};
    if (input.empty()) return 0;
    if (input[0] == 's') {
        etimedout::converse(input.subspan(1));
    } else {
        etimedout::check(std::as_bytes(input));
    }
    return 0;
}
