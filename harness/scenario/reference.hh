// The reference of faults and of the language: made from the tables that read scenarios.
#pragma once

#include <string>
#include <string_view>

namespace etimedout {

// Text for a cell of a table, which a bar would end.
std::string markdown_cell(std::string_view text);

// Every fault on a line: kind, layer, what it does.
std::string fault_list();

// All about one fault, for a terminal; empty for a kind there is not.
std::string fault_reference(std::string_view kind);

// A step that arms the fault, on one line: "- fault: {link: api, kind: …}"; empty as above.
std::string fault_example(std::string_view kind);

// A commented scenario around one fault, which runs as it is; empty as above.
std::string starter_scenario(std::string_view kind);

// All faults, as Markdown: docs/faults.md.
std::string faults_markdown();

// The whole language, as Markdown, but for the kinds of faults: docs/language.md.
std::string language_markdown();

}  // namespace etimedout
