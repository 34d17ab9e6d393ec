// Kernel habits: what older releases did otherwise, as far as a sysctl of one namespace says it.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace etimedout {

// A default that a release changed: whatever is older has the habit `value`.
struct KernelHabit {
    std::string_view since;  // "5.4": the first release without the habit
    std::string_view sysctl;
    std::string_view value;
    std::string_view doc;     // what a program notices of it
    std::string_view commit;  // the kernel commit that changed it
};

// In the order in which they ended.
std::span<const KernelHabit> kernel_habits();

// "linux-4.19", "linux-5.4", …, in their order.
std::span<const std::string_view> known_releases();

// Sysctl to value; empty for a release that is not among the known, and for the newest.
std::map<std::string, std::string> habits_of(std::string_view release);

}  // namespace etimedout
