// What is made by OpenSSL: owners of its objects, and its errors.
#pragma once

#include <array>
#include <memory>
#include <string_view>

#include <fmt/format.h>
#include <openssl/err.h>

#include "simulator/base/error.hh"

namespace etimedout {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, Freed<Free>>;

// Throws an Error with OpenSSL's own words unless it is done.
inline void openssl_needs(bool done, std::string_view what) {
    if (done) return;
    std::array<char, 256> text{};
    ::ERR_error_string_n(::ERR_get_error(), text.data(), text.size());
    throw Error{fmt::format("OpenSSL: {}: {}", what, text.data())};
}

}  // namespace etimedout
