// The table of toxics in docs/proxy.md, made from their declarations.
#pragma once

#include <string>

namespace etimedout {

// All toxics, with every attribute, and the selectors, as Markdown.
std::string toxics_markdown();

}  // namespace etimedout
