// Field tables: a struct declares its fields once; parser, ranges, suggestions, reference, JSON
// Schema, event log and completions are all made from that declaration.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "simulator/base/quantity.hh"

namespace etimedout {

enum class Presence { required, optional };

// One field. `lowest` and `highest` are inclusive, in the base unit of the value (nanoseconds,
// bytes, bits per second, a share of 1).
template <class Owner, class Member>
struct Field {
    using owner_type = Owner;
    using member_type = Member;

    std::string_view name;
    Member Owner::*member;
    std::string_view doc;
    Presence presence = Presence::required;
    std::optional<double> lowest{};
    std::optional<double> highest{};

    constexpr Field at_least(double value) const {
        Field copy = *this;
        copy.lowest = value;
        return copy;
    }
    constexpr Field at_most(double value) const {
        Field copy = *this;
        copy.highest = value;
        return copy;
    }
};

template <class Owner, class Member>
constexpr Field<Owner, Member> required(std::string_view name, Member Owner::*member,
                                        std::string_view doc) {
    return {name, member, doc, Presence::required};
}

// A field that may be left out, and then keeps the value its declaration gives it.
template <class Owner, class Member>
constexpr Field<Owner, Member> optional(std::string_view name, Member Owner::*member,
                                        std::string_view doc) {
    return {name, member, doc, Presence::optional};
}

// A struct with a field table: `static constexpr auto fields = std::tuple{required(…), …};` or,
// where the struct must stay an aggregate with no static members, `static constexpr auto fields()`.
template <class T>
concept HasFields = requires {
    T::fields();
};

template <class T, class Visitor>
constexpr void for_each_field(Visitor&& visit) {
    std::apply([&](const auto&... field) { (visit(field), ...); }, T::fields());
}

// The words of an enumeration. A specialisation has
//   static constexpr std::array<std::pair<std::string_view, E>, N> words
template <class E>
struct Words;

template <class E>
concept HasWords = std::is_enum_v<E> && requires {
    Words<E>::words.size();
};

template <HasWords E>
constexpr std::string_view word_of(E value) {
    for (const auto& [word, candidate] : Words<E>::words) {
        if (candidate == value) return word;
    }
    return "?";
}

template <HasWords E>
constexpr std::optional<E> from_word(std::string_view text) {
    for (const auto& [word, candidate] : Words<E>::words) {
        if (word == text) return candidate;
    }
    return std::nullopt;
}

template <class T>
concept HasScalar = requires(std::string_view text, const T& value) {
    { Scalar<T>::parse(text) } -> std::same_as<Result<T>>;
    { Scalar<T>::write(value) } -> std::convertible_to<std::string>;
};

// An explicit list of types, as in "all faults".
template <class... Ts>
struct List {
    static constexpr std::size_t size = sizeof...(Ts);
    template <class Visitor>
    static constexpr void for_each(Visitor&& visit) {
        (visit(std::type_identity<Ts>{}), ...);
    }
};

// The candidate that a mistyped word most likely meant; empty when none is near.
std::string_view did_you_mean(std::string_view word, const std::vector<std::string_view>& among);

}  // namespace etimedout
