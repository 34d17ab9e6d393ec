// Event streams that nobody meant well: what is read depends on the bytes alone, and stays small.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "simulator/wire/event_stream.hh"

namespace etimedout {
namespace {

using Items = std::vector<EventStreamReader::Item>;

void check_item(const EventStreamReader::Item& item) {
    if (item.data.size() > EventStreamReader::most_kept + 1) std::abort();
    const bool comment = item.kind == EventStreamReader::Item::Kind::comment;
    if (comment != item.type.empty()) std::abort();
    static_cast<void>(carries_content(item));
}

// Cut into pieces of `size` bytes.
Items read_in_pieces(std::string_view text, std::size_t size) {
    EventStreamReader reader;
    Items items;
    while (!text.empty()) {
        for (auto& item : reader.feed(text.substr(0, size))) items.push_back(std::move(item));
        text.remove_prefix(std::min(size, text.size()));
    }
    return items;
}

// The watch counts what the reader gives, and its times are in order.
void check_watch(std::string_view text, std::size_t size, const Items& items) {
    StreamWatch watch{1ms, "text/event-stream"};
    Duration t = 1ms;
    for (std::string_view rest = text; !rest.empty();) {
        watch.add(rest.substr(0, size), t += 1ms);
        rest.remove_prefix(std::min(size, rest.size()));
    }
    watch.end(t);
    const StreamSeen seen = watch.seen();
    if (seen.events + seen.comments != static_cast<std::int64_t>(items.size())) std::abort();
    if (seen.first_event.has_value() != (seen.events > 0)) std::abort();
    if (seen.first_content && *seen.first_content < *seen.first_event) std::abort();
    if (seen.last && (*seen.last < *seen.first_event || *seen.last > t)) std::abort();
    if (seen.last_data.size() > StreamSeen::most_of_last) std::abort();
}

}  // namespace
}  // namespace etimedout

// The first byte says how the rest is cut.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    const std::size_t piece = std::size_t{data[0]} + 1;
    const auto whole = etimedout::read_in_pieces(text, text.size() + 1);
    for (const auto& item : whole) etimedout::check_item(item);
    if (etimedout::read_in_pieces(text, piece) != whole) std::abort();
    if (etimedout::read_in_pieces(text, 1) != whole) std::abort();
    etimedout::check_watch(text, piece, whole);
    return 0;
}
