// Diagnose: logs and captures to cases.
#include "harness/diagnose/diagnose.hh"

#include <algorithm>

#include "harness/diagnose/detective.hh"
#include "simulator/wire/facts.hh"
#include "simulator/wire/pcap_file.hh"

namespace etimedout {

namespace {

bool begins_with(ByteView bytes, std::initializer_list<int> magic) {
    std::size_t i = 0;
    for (const int byte : magic) {
        if (i >= bytes.size() || bytes[i] != std::byte(byte)) return false;
        ++i;
    }
    return true;
}

}  // namespace

std::vector<CaseDiagnosis> diagnose(const EventLog& log) {
    const Scene scene{log};
    return Detective{scene}.cases();
}

EventLog log_of_capture(ByteView pcap) {
    if (begins_with(pcap, {0x0a, 0x0d, 0x0d, 0x0a})) {
        throw Error{"this capture is in the format pcapng, which is not read",
                    "convert it: `editcap -F pcap FILE.pcapng FILE.pcap`, or "
                    "`tcpdump -r FILE.pcapng -w FILE.pcap`"};
    }
    PcapReader reader = PcapReader::open(pcap).value();
    const auto first = reader.next();
    CaptureFacts facts = facts_of_capture(pcap, {"capture", "near", {}}, first ? first->time : 0);
    Duration end{};
    for (const Event& event : facts.events) end = std::max(end, event.t);
    facts.events.push_back(
        {end,
         CaptureEnd{.link = "capture", .end = "near", .packets = facts.packets, .dropped = 0}});
    return std::move(facts.events);
}

}  // namespace etimedout
