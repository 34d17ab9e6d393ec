// Messages of DNS as a capture shows them (RFC 1035): what was asked, what was answered.
#include "simulator/wire/dns_message.hh"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "simulator/wire/ldns.hh"

namespace etimedout {

namespace {

struct FreePacket {
    void operator()(ldns_pkt* packet) const { ldns_pkt_free(packet); }
};
struct FreeText {
    void operator()(char* text) const { LDNS_FREE(text); }
};
using Text = std::unique_ptr<char, FreeText>;

std::string text_of(char* owned) {
    const Text text{owned};
    return text ? std::string{text.get()} : std::string{};
}

std::string plain_name(const ldns_rdf* name) {
    std::string text = name != nullptr ? text_of(ldns_rdf2str(name)) : std::string{};
    if (text.size() > 1 && text.ends_with('.')) text.pop_back();
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

std::string data_of(const ldns_rr& record) {
    std::string data = text_of(ldns_rr_type2str(ldns_rr_get_type(&record)));
    for (std::size_t i = 0; i < ldns_rr_rd_count(&record); ++i) {
        data += fmt::format(" {}", text_of(ldns_rdf2str(ldns_rr_rdf(&record, i))));
    }
    return data;
}

void take_answers(const ldns_pkt& packet, DnsFact& fact) {
    const ldns_rr_list* answers = ldns_pkt_answer(&packet);
    for (std::size_t i = 0; answers != nullptr && i < ldns_rr_list_rr_count(answers); ++i) {
        const ldns_rr* record = ldns_rr_list_rr(answers, i);
        fact.records.push_back(data_of(*record));
        const Duration ttl = std::chrono::seconds{ldns_rr_ttl(record)};
        fact.ttl = fact.ttl ? std::min(*fact.ttl, ttl) : ttl;
    }
}

}  // namespace

std::optional<DnsFact> read_dns_message(ByteView bytes) {
    ldns_pkt* made = nullptr;
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    if (ldns_wire2pkt(&made, data, bytes.size()) != LDNS_STATUS_OK) return std::nullopt;
    const std::unique_ptr<ldns_pkt, FreePacket> packet{made};
    DnsFact fact;
    fact.id = ldns_pkt_id(packet.get());
    fact.answer = ldns_pkt_qr(packet.get());
    fact.truncated = ldns_pkt_tc(packet.get());
    const ldns_rr_list* questions = ldns_pkt_question(packet.get());
    if (questions != nullptr && ldns_rr_list_rr_count(questions) > 0) {
        const ldns_rr* question = ldns_rr_list_rr(questions, 0);
        fact.name = plain_name(ldns_rr_owner(question));
        fact.type = text_of(ldns_rr_type2str(ldns_rr_get_type(question)));
    }
    if (fact.answer) {
        fact.rcode = text_of(ldns_pkt_rcode2str(ldns_pkt_get_rcode(packet.get())));
        take_answers(*packet, fact);
    }
    return fact;
}

void DnsStreamSplitter::add(ByteView bytes) {
    if (!lost_) kept_.insert(kept_.end(), bytes.begin(), bytes.end());
}

std::optional<std::vector<std::byte>> DnsStreamSplitter::next() {
    constexpr std::size_t prefix = 2;
    if (lost_ || kept_.size() < prefix) return std::nullopt;
    const std::size_t size = read_u16(kept_, 0);
    if (kept_.size() < prefix + size) return std::nullopt;
    const auto begin = kept_.begin() + prefix;
    const auto end = begin + static_cast<std::ptrdiff_t>(size);
    std::vector<std::byte> message{begin, end};
    kept_.erase(kept_.begin(), end);
    return message;
}

}  // namespace etimedout
