// The commands, one function each; errors of the environment are thrown, verdicts are exit codes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/cli/command_table.hh"
#include "harness/cli/options.hh"

namespace etimedout {

ExitCode run_command(const RunOptions& options);
ExitCode prove_command(const RunOptions& options);
ExitCode isolate_command(const RunOptions& options);
ExitCode check_command(const RunOptions& options);
ExitCode list_command(const RunOptions& options);
ExitCode recheck_command(const std::vector<std::filesystem::path>& folders, ColorChoice color);
enum class OutputForm { text, json };
ExitCode diagnose_command(const std::vector<std::filesystem::path>& paths, OutputForm form,
                          ColorChoice color);
ExitCode new_command(const std::string& kind);
ExitCode faults_command(const std::string& kind);
ExitCode schema_command();
ExitCode doctor_command();
ExitCode completions_command(const std::string& shell, const CommandTable& table);
ExitCode man_command(const CommandTable& table);

}  // namespace etimedout
