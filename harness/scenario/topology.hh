// Nodes and links: what a scenario's world is made of.
#pragma once

#include "harness/scenario/model.hh"
#include "harness/scenario/table.hh"

namespace etimedout {

// `links` first: names of nodes and links, and the links' ends and ports. From then on
// ${links.*} and ${nodes.*} can be resolved.
void read_links(Reading& reading, const YamlNode& root);
void read_nodes(Reading& reading, const YamlNode& root);
// What holds between them: ports of stubs, links to unknown nodes, `after`.
void check_topology(Reading& reading, const YamlNode& root);

// "client -> server:80"
Result<LinkSpec> parse_path(std::string_view text);

// For schema and reference.
Form node_form();
Form link_form();

}  // namespace etimedout
