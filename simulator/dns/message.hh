// Messages of DNS as a resolver reads and writes them (RFC 1035, RFC 6891).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "simulator/dns/zone.hh"
#include "simulator/wire/bytes.hh"

namespace etimedout {

struct DnsQuery {
    std::vector<std::byte> bytes{};  // the message itself
    std::uint16_t id = 0;
    std::string name{};           // canonical
    std::string type{};           // A, AAAA, …
    std::size_t most_udp = 512;   // what its sender takes over UDP
    bool has_extensions = false;  // EDNS
    bool is_standard = true;      // opcode QUERY and one question
};

// Nothing for what is no query: whoever sent it gets no answer.
std::optional<DnsQuery> read_query(ByteView bytes);

// The answer to that query; with more than `most` bytes it has no records and the bit TC.
std::vector<std::byte> write_answer(const DnsQuery& query, const ZoneAnswer& answer,
                                    std::size_t most);
// An answer without records that says: ask over TCP.
std::vector<std::byte> write_truncated(const DnsQuery& query);
// What is no answer, made of the right one.
std::vector<std::byte> write_malformed(const DnsQuery& query, const ZoneAnswer& answer,
                                       DnsMalformation how);

}  // namespace etimedout
