// Diagnose: from an event log, or a capture alone, to the root cause of each call that failed.
#pragma once

#include <vector>

#include "harness/diagnose/root_cause.hh"
#include "simulator/events/event.hh"
#include "simulator/wire/bytes.hh"

namespace etimedout {

// Of each call that failed or timed out, in the order of their begin; where the log has no calls,
// of each exchange that failed. Uses what was seen, counted and logged; not the records of steps
// and faults, the scenario's text, or any name or address beyond whether two are the same.
std::vector<CaseDiagnosis> diagnose(const EventLog& log);

// The events of one capture in libpcap's classic format, from t = 0 at its first packet. Throws
// Error for what is none, saying how to convert it.
EventLog log_of_capture(ByteView pcap);

}  // namespace etimedout
