// run_tool: one run of a program of the system, text in, text out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace etimedout {

// The full path of a program of this name in PATH or the usual sbin folders.
std::optional<std::string> find_tool(std::string_view name);

struct ToolResult {
    int exit_code = 0;  // 128 + n for signal n
    std::string output{};
    std::string errors{};
};

// Runs it in the namespaces of the calling thread, with vfork semantics (a fork would copy a
// packet ring that a capture has mapped), `input` on its standard input and nothing of the
// environment but PATH. `arguments[0]` is its name. Throws Error when it is not there.
ToolResult run_tool(const std::vector<std::string>& arguments, std::string_view input = {});

// Throws Error where a firewall's tool failed in what was attempted, with what it said.
void check_tool(std::string_view name, const ToolResult& result, std::string_view attempt);

}  // namespace etimedout
