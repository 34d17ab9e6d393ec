// Rng: the only source of chance; one independent stream per (seed, name).
#pragma once

#include <cstdint>
#include <string_view>

namespace etimedout {

// SplitMix64. The stream's name keeps streams apart, so that adding a fault to a scenario does
// not disturb what the others decide. Portable: the same numbers on every platform.
class Rng {
public:
    Rng(std::uint64_t seed, std::string_view stream) noexcept;

    std::uint64_t next() noexcept;
    // Uniform in [0, 1).
    double next_double() noexcept;
    // Uniform in [0, bound); bound 0 gives 0.
    std::uint64_t below(std::uint64_t bound) noexcept;

private:
    std::uint64_t state_;
};

}  // namespace etimedout
