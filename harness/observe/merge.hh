// Merge: the world's raw events and the facts of all captures, as one log.
#pragma once

#include <string>
#include <vector>

#include "simulator/events/event.hh"
#include "simulator/wire/address.hh"

namespace etimedout {

// One capture of a run's folder, whole.
struct CaptureFile {
    std::string link{};
    std::string end{};                     // near or far
    std::string bytes{};                   // a file in libpcap's classic format
    std::vector<PacketAddress> callers{};  // see CaptureName
};

// LogBegin first and LogEnd last, the rest by time. At equal times what the world did comes first,
// in the order in which it was written, then what was seen on the links, by the link's name, near
// before far; so one run has one log. `raw` may lack its end, and must begin with LogBegin when
// there are captures, because its `start` ties their stamps to the world's clock. A capture that
// is cut, or has fewer packets than its CaptureEnd says, is marked there as having dropped the
// rest. Throws Error for what is no capture.
EventLog merge_log(EventLog raw, std::vector<CaptureFile> captures);

}  // namespace etimedout
