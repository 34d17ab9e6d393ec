// `etimedout new KIND`: a commented scenario around one fault, ready to run.
#include <iostream>

#include <fmt/format.h>

#include "harness/cli/command_line.hh"
#include "harness/scenario/reference.hh"
#include "simulator/faults/all_faults.hh"

namespace etimedout {

ExitCode new_command(const std::string& kind) {
    std::vector<std::string_view> kinds;
    AllFaults::for_each([&]<class T>(std::type_identity<T>) { kinds.push_back(T::kind); });
    for (const std::string_view known : kinds) {
        if (known != kind) continue;
        std::cout << starter_scenario(kind);
        return ExitCode::passed;
    }
    const std::string_view near = did_you_mean(kind, kinds);
    throw UsageError{
        fmt::format("there is no fault `{}` to write a scenario about", kind),
        near.empty() ? "`etimedout faults` lists them" : fmt::format("did you mean `{}`?", near)};
}

}  // namespace etimedout
