// The keys of an expectation that count messages of DNS.
#include "harness/scenario/dns_keys.hh"

#include <algorithm>

#include "harness/scenario/bounds.hh"
#include "harness/scenario/expectations.hh"

namespace etimedout {

namespace {

const Table<DnsBound>& dns_table() {
    static const Table<DnsBound> table{
        "a count of messages of DNS",
        {key<DnsBound>("name", &DnsBound::name,
                       "only for this name; `*.example` means all names below it"),
         key<DnsBound>("type", &DnsBound::type, "only for records of this type: A, AAAA, …"),
         key<DnsBound>("transport", &DnsBound::transport, "only over this"),
         key<DnsBound>("rcode", &DnsBound::rcode, "only answers with this code: NXDOMAIN, …"),
         mandatory(key<DnsBound>("count", &DnsBound::count, "how many"))}};
    return table;
}

// A count, or a map with a count in it.
KeySpec<Expectation> dns_key(std::string_view name, std::string_view doc,
                             std::optional<DnsBound> Expectation::*member) {
    Form form;
    form.kind = Form::Kind::either;
    form.example = "2";
    form.of = {Value<Bound<std::int64_t>>::form({}), dns_table().form()};
    auto key = custom_key<Expectation>(
        name, form, doc, [name, member](Reading& reading, const YamlNode& node, Expectation& out) {
            DnsBound& bound = (out.*member).emplace();
            const bool whole =
                node.is_map() &&
                std::any_of(node.pairs.begin(), node.pairs.end(), [](const YamlPair& pair) {
                    return dns_table().find(pair.key.text) != nullptr;
                });
            if (!whole) {
                return Value<Bound<std::int64_t>>::read(reading, name, node, {}, bound.count);
            }
            return read_map(reading, node, dns_table(), bound, fmt::format("`{}`", name));
        });
    key.places = places::link | places::node;
    return key;
}

}  // namespace

void add_dns_keys(std::vector<KeySpec<Expectation>>& keys) {
    keys.push_back(dns_key("queries",
                           "queries of DNS that the caller of a link sent, or that reached a node",
                           &Expectation::queries));
    keys.push_back(dns_key("answers",
                           "answers of DNS that the caller of a link got, or that a node sent",
                           &Expectation::answers));
}

}  // namespace etimedout
