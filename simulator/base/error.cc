// Errors of setting up: errno's names and texts.
#include "simulator/base/error.hh"

#include <cstring>

#include <fmt/format.h>

namespace etimedout {

void throw_errno(std::string_view attempt, int error_number) {
    throw Error{
        fmt::format("{}: {} ({})", attempt, std::strerror(error_number), errno_name(error_number))};
}

std::string errno_name(int error_number) {
    const char* name = ::strerrorname_np(error_number);
    return name != nullptr ? name : fmt::format("errno {}", error_number);
}

int errno_value(std::string_view name) {
    constexpr int highest = 133;  // EHWPOISON, the last one of Linux
    for (int value = 1; value <= highest; ++value) {
        const char* candidate = ::strerrorname_np(value);
        if (candidate != nullptr && name == candidate) return value;
    }
    return 0;
}

}  // namespace etimedout
