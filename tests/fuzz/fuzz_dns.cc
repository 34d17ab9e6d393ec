// Messages of DNS that nobody meant well: read as a capture shows them, and as a resolver gets
// them.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "simulator/dns/message.hh"
#include "simulator/wire/dns_message.hh"

namespace etimedout {
namespace {

const ResolverSpec& zone() {
    static const ResolverSpec known = [] {
        ResolverSpec made;
        made.records["a.example"].a = {"10.0.0.1", "10.0.0.2"};
        made.records["a.example"].aaaa = {"fd00::1"};
        made.records["b.example"].cname = "a.example";
        made.records["*.wild.example"].txt = {"x"};
        made.records["s.example"].srv = {"0 5 80 a.example"};
        return made;
    }();
    return known;
}

// What the resolver answers is a message itself, an answer with the query's id.
void check_answer(const DnsQuery& query, const std::vector<std::byte>& answer) {
    const auto fact = read_dns_message(answer);
    if (!fact || !fact->answer || fact->id != query.id) std::abort();
}

void ask(ByteView bytes) {
    const auto query = read_query(bytes);
    if (!query) return;
    const ZoneAnswer right = answer_of(zone(), query->name, query->type);
    check_answer(*query, write_answer(*query, right, 65535));
    check_answer(*query, write_answer(*query, right, query->most_udp));
    check_answer(*query, write_truncated(*query));
    for (const auto& [word, how] : Words<DnsMalformation>::words) {
        static_cast<void>(write_malformed(*query, right, how));
    }
}

}  // namespace
}  // namespace etimedout

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span{data, size});
    static_cast<void>(etimedout::read_dns_message(bytes));
    etimedout::ask(bytes);
    etimedout::DnsStreamSplitter splitter;
    splitter.add(bytes);
    while (const auto message = splitter.next()) etimedout::ask(*message);
    return 0;
}
