// Resolvers: servers of DNS of the tool's own, the names they know, and which nodes ask them.
#pragma once

#include "harness/scenario/model.hh"
#include "harness/scenario/table.hh"

namespace etimedout {

// Names of resolvers are known from here on; each is a node that links can lead to.
void declare_resolvers(Reading& reading, const YamlNode& root);
// Their keys, once ${links.*} has a meaning.
void read_resolvers(Reading& reading, const YamlNode& root);
// What holds between resolvers, links and the nodes that name them.
void check_resolvers(Reading& reading, const YamlNode& root);

// Whether a scalar names a resolver; an error where it does not.
bool check_resolver(Reading& reading, const YamlNode& name);

// `records` of a resolver, or of `set`.
bool read_records(Reading& reading, const YamlNode& node, DnsRecords& out);

Form records_form();
Form resolver_form();

}  // namespace etimedout
