// Rng: the only source of chance; one independent stream per (seed, name).
#include "simulator/base/rng.hh"

namespace etimedout {

namespace {

// FNV-1a, so that a stream's name becomes a number the same way everywhere.
std::uint64_t hash_of(std::string_view text) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3U;
    }
    return hash;
}

}  // namespace

Rng::Rng(std::uint64_t seed, std::string_view stream) noexcept : state_{seed ^ hash_of(stream)} {
    next();  // two seeds that differ in one bit must not start with numbers that look alike
}

std::uint64_t Rng::next() noexcept {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31U);
}

double Rng::next_double() noexcept {
    constexpr double step = 1.0 / 9007199254740992.0;  // 2^-53, the spacing of doubles below 1
    return static_cast<double>(next() >> 11U) * step;
}

std::uint64_t Rng::below(std::uint64_t bound) noexcept {
    if (bound == 0) return 0;
    // Rejection keeps it uniform: numbers from the incomplete last round are drawn again.
    const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
    for (;;) {
        const std::uint64_t drawn = next();
        if (drawn < limit) return drawn % bound;
    }
}

}  // namespace etimedout
