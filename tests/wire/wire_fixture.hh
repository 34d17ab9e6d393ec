// What the tests of captures share: a capture's events as short lines that read like a story.
#pragma once

#include <string>
#include <vector>

#include "simulator/wire/facts.hh"
#include "tests/wire/packet_builder.hh"

namespace etimedout::test {

// "1ms #1 client syn", "2ms #1 GET /x 1", …: everything but summaries.
std::vector<std::string> story(const CaptureBuilder& capture);

std::vector<ConnectionSummary> summaries(const CaptureBuilder& capture);
std::vector<HttpMessage> messages(const CaptureBuilder& capture);

// Link "l", end "near", the world's beginning at 0.
CaptureFacts facts(const CaptureBuilder& capture);

}  // namespace etimedout::test
