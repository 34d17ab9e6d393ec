// Programs: which Debian package brings one, where it is installed, and which version it is.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "simulator/base/error.hh"
#include "simulator/base/quantity.hh"

namespace etimedout {

// The Debian package that brings a program, "nginx-light" for "nginx" or "/usr/sbin/nginx";
// nothing for one that the table does not know.
std::optional<std::string> debian_package(std::string_view program);

// Where a program is, in search_path, whatever the caller's own is. A name
// with a slash is looked for there and nowhere else.
std::optional<std::filesystem::path> find_program(std::string_view name);

// Says what is missing when a shell command starts a program that is not installed; relative
// paths (./client) start from `folder`, the scenario's. Nothing when it is there, or cannot be
// told.
std::optional<Problem> missing_program(std::string_view shell_command,
                                       const std::filesystem::path& folder);

// "1.22.1", asked from the program itself with its own option for that, which may take `limit` of
// real time. Fails when it is not installed or says nothing like a version.
Result<std::string> program_version(std::string_view name, Duration limit = 5s);

// Whether a version fulfils a requirement: one of >= <= > < = and a version, or a bare version,
// which means at least that. Compared number by number; missing numbers are 0.
Result<bool> fulfils(std::string_view version, std::string_view requirement);

}  // namespace etimedout
