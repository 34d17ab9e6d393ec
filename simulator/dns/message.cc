// Messages of DNS as a resolver reads and writes them (RFC 1035, RFC 6891).
#include "simulator/dns/message.hh"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "simulator/base/error.hh"
#include "simulator/wire/ldns.hh"

namespace etimedout {

namespace {

// What is answered over UDP to those who take more than 512 bytes (DNS Flag Day 2020).
constexpr std::uint16_t most_of_ours = 1232;
constexpr std::size_t header_size = 12;

struct FreePacket {
    void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
using Packet = std::unique_ptr<ldns_pkt, FreePacket>;

struct FreeBytes {
    void operator()(void* bytes) const { LDNS_FREE(bytes); }
};

std::string text_of(char* owned) {
    const std::unique_ptr<char, FreeBytes> text{owned};
    return text ? std::string{text.get()} : std::string{};
}

Packet parsed(ByteView bytes) {
    ldns_pkt* packet = nullptr;
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    if (ldns_wire2pkt(&packet, data, bytes.size()) != LDNS_STATUS_OK) return nullptr;
    return Packet{packet};
}

std::vector<std::byte> wire_of(const ldns_pkt& packet) {
    std::uint8_t* data = nullptr;
    std::size_t size = 0;
    if (ldns_pkt2wire(&data, &packet, &size) != LDNS_STATUS_OK) {
        throw Error{"a DNS answer cannot be written"};
    }
    const std::unique_ptr<std::uint8_t, FreeBytes> owned{data};
    const auto* bytes = reinterpret_cast<const std::byte*>(data);
    return {bytes, bytes + size};
}

ldns_rr* record_of(const std::string& text) {
    ldns_rr* record = nullptr;
    if (ldns_rr_new_frm_str(&record, text.c_str(), 0, nullptr, nullptr) != LDNS_STATUS_OK) {
        throw Error{fmt::format("the DNS record `{}` cannot be written", text),
                    "see the records of the resolver"};
    }
    return record;
}

std::int64_t seconds(Duration ttl) {
    return std::chrono::duration_cast<std::chrono::seconds>(ttl).count();
}

ldns_pkt_rcode code_of(DnsCode code) {
    switch (code) {
        case DnsCode::noerror:
            return LDNS_RCODE_NOERROR;
        case DnsCode::formerr:
            return LDNS_RCODE_FORMERR;
        case DnsCode::servfail:
            return LDNS_RCODE_SERVFAIL;
        case DnsCode::nxdomain:
            return LDNS_RCODE_NXDOMAIN;
        case DnsCode::notimp:
            return LDNS_RCODE_NOTIMPL;
        case DnsCode::refused:
            return LDNS_RCODE_REFUSED;
    }
    return LDNS_RCODE_SERVFAIL;
}

// With the question as it was asked: some callers vary its case, and compare.
Packet answer_to(const DnsQuery& query, DnsCode code) {
    Packet answer{ldns_pkt_new()};
    ldns_pkt_set_id(answer.get(), query.id);
    ldns_pkt_set_qr(answer.get(), true);
    ldns_pkt_set_ra(answer.get(), true);
    ldns_pkt_set_rcode(answer.get(), static_cast<std::uint8_t>(code_of(code)));
    if (query.has_extensions) ldns_pkt_set_edns_udp_size(answer.get(), most_of_ours);
    const Packet asked = parsed(query.bytes);
    if (!asked) return answer;
    ldns_pkt_set_opcode(answer.get(), ldns_pkt_get_opcode(asked.get()));
    ldns_pkt_set_rd(answer.get(), ldns_pkt_rd(asked.get()));
    ldns_rr_list* questions = ldns_pkt_question(asked.get());
    for (std::size_t i = 0; questions != nullptr && i < ldns_rr_list_rr_count(questions); ++i) {
        ldns_pkt_push_rr(answer.get(), LDNS_SECTION_QUESTION,
                         ldns_rr_clone(ldns_rr_list_rr(questions, i)));
    }
    return answer;
}

// Who asked may keep the absence for as long as the SOA says (RFC 2308 section 5).
std::string authority_of(const DnsQuery& query, Duration ttl) {
    const auto dot = query.name.rfind('.');
    const std::string zone = dot == std::string::npos ? query.name : query.name.substr(dot + 1);
    return fmt::format("{}. {} IN SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 {}",
                       zone == "." ? std::string{} : zone, seconds(ttl), seconds(ttl));
}

Packet whole_answer(const DnsQuery& query, const ZoneAnswer& answer) {
    Packet packet = answer_to(query, answer.code);
    for (const DnsRecord& record : answer.records) {
        ldns_pkt_push_rr(packet.get(), LDNS_SECTION_ANSWER,
                         record_of(fmt::format("{}. {} IN {} {}", record.owner, seconds(record.ttl),
                                               record.type, record.data)));
    }
    const bool negative = answer.negative_ttl > Duration{} &&
                          (answer.code == DnsCode::nxdomain || answer.code == DnsCode::noerror) &&
                          (answer.records.empty() || answer.records.back().type == "CNAME");
    if (negative) {
        ldns_pkt_push_rr(packet.get(), LDNS_SECTION_AUTHORITY,
                         record_of(authority_of(query, answer.negative_ttl)));
    }
    return packet;
}

void put_u16(std::vector<std::byte>& bytes, std::size_t at, std::size_t value) {
    bytes.at(at) = static_cast<std::byte>(value >> 8U);
    bytes.at(at + 1) = static_cast<std::byte>(value & 0xffU);
}

// The right id, and then what no parser takes for a message: counts of records that are not there.
std::vector<std::byte> garbage(const DnsQuery& query) {
    std::vector<std::byte> bytes(64, std::byte{0xe7});
    put_u16(bytes, 0, query.id);
    return bytes;
}

// One answer, whose name is a pointer to itself.
std::vector<std::byte> pointer_loop(const DnsQuery& query) {
    const Packet packet = answer_to(query, DnsCode::noerror);
    ldns_pkt_set_edns_udp_size(packet.get(), 0);
    std::vector<std::byte> bytes = wire_of(*packet);
    const std::size_t at = bytes.size();
    bytes.resize(at + 16);
    put_u16(bytes, at, 0xc000U | at);
    put_u16(bytes, at + 2, 1);   // A
    put_u16(bytes, at + 4, 1);   // IN
    put_u16(bytes, at + 10, 4);  // four bytes of address
    put_u16(bytes, 6, 1);        // one answer
    return bytes;
}

std::vector<std::byte> with_question(const DnsQuery& query, const ZoneAnswer& answer,
                                     const char* other) {
    const Packet packet = whole_answer(query, answer);
    ldns_rr_list* questions = ldns_pkt_question(packet.get());
    if (ldns_rr_list_rr_count(questions) > 0) {
        ldns_rr* question = ldns_rr_list_rr(questions, 0);
        ldns_rdf_deep_free(ldns_rr_owner(question));
        ldns_rr_set_owner(question, ldns_dname_new_frm_str(other));
    }
    return wire_of(*packet);
}

}  // namespace

std::optional<DnsQuery> read_query(ByteView bytes) {
    const Packet packet = parsed(bytes);
    if (!packet || ldns_pkt_qr(packet.get())) return std::nullopt;
    DnsQuery query;
    query.bytes.assign(bytes.begin(), bytes.end());
    query.id = ldns_pkt_id(packet.get());
    const ldns_rr_list* questions = ldns_pkt_question(packet.get());
    const std::size_t asked = questions != nullptr ? ldns_rr_list_rr_count(questions) : 0;
    query.is_standard = ldns_pkt_get_opcode(packet.get()) == LDNS_PACKET_QUERY && asked == 1;
    if (asked > 0) {
        const ldns_rr* question = ldns_rr_list_rr(questions, 0);
        query.name = canonical_name(text_of(ldns_rdf2str(ldns_rr_owner(question))));
        query.type = text_of(ldns_rr_type2str(ldns_rr_get_type(question)));
    }
    query.has_extensions = ldns_pkt_edns(packet.get());
    if (query.has_extensions) {
        query.most_udp = std::clamp<std::size_t>(ldns_pkt_edns_udp_size(packet.get()),
                                                 query.most_udp, most_of_ours);
    }
    return query;
}

std::vector<std::byte> write_answer(const DnsQuery& query, const ZoneAnswer& answer,
                                    std::size_t most) {
    std::vector<std::byte> bytes = wire_of(*whole_answer(query, answer));
    return bytes.size() <= most ? bytes : write_truncated(query);
}

std::vector<std::byte> write_truncated(const DnsQuery& query) {
    const Packet packet = answer_to(query, DnsCode::noerror);
    ldns_pkt_set_tc(packet.get(), true);
    return wire_of(*packet);
}

std::vector<std::byte> write_malformed(const DnsQuery& query, const ZoneAnswer& answer,
                                       DnsMalformation how) {
    switch (how) {
        case DnsMalformation::garbage:
            return garbage(query);
        case DnsMalformation::cut: {
            std::vector<std::byte> bytes = wire_of(*whole_answer(query, answer));
            bytes.resize(std::max(header_size, bytes.size() - 3));
            return bytes;
        }
        case DnsMalformation::wrong_id: {
            DnsQuery other = query;
            other.id = static_cast<std::uint16_t>(query.id ^ 0x5555U);
            return wire_of(*whole_answer(other, answer));
        }
        case DnsMalformation::wrong_question:
            return with_question(query, answer, "another.invalid.");
        case DnsMalformation::pointer_loop:
            return pointer_loop(query);
        case DnsMalformation::no_answer:
            return query.bytes;
    }
    return garbage(query);
}

}  // namespace etimedout
