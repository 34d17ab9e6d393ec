// The JSON Schema of a scenario, for editors: made from the tables that read it.
#pragma once

#include <string>

namespace etimedout {

// Draft-07, indented, with a last end of line. It accepts ${…} wherever a scalar stands.
std::string json_schema();

}  // namespace etimedout
