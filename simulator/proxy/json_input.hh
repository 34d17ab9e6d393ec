// JSON from clients and files, read by the rules of Go's encoding/json, which Toxiproxy's clients
// rely on: keys in any case, unknown keys ignored, null leaves what is there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "simulator/base/fields.hh"

namespace etimedout {

inline constexpr unsigned not_found = 404;

// What a client or a file asks for cannot be done. `status` is HTTP's; `place` says where in the
// input it stands, as "/0/toxics/1/stream"; empty for the whole.
class ApiError : public Error {
public:
    ApiError(unsigned status, std::string message, std::string place = {})
        : Error{std::move(message)}, status_{status}, place_{std::move(place)} {}
    unsigned status() const noexcept { return status_; }
    const std::string& place() const noexcept { return place_; }

private:
    unsigned status_;
    std::string place_;
};

struct ParsedJson {
    boost::json::value value{};
    std::string error{};    // why there is none; Go's words where a client may know them: "EOF"
    std::size_t offset{0};  // where in the text that shows
};

inline constexpr std::size_t deepest_json = 32;

// The first value in the text; what follows it is not looked at.
ParsedJson parse_json(std::string_view text);

// Of the first value in a text that parse_json() understands: where each part of it begins, to be
// asked by its place. A place that is not there is looked for further and further out.
std::size_t offset_of_place(std::string_view json, std::string_view place);

bool same_key(std::string_view a, std::string_view b);  // but for the case of letters

// One value into a variable; null leaves it, or empties it when it is optional. Throws ApiError
// 400, "bad request body: `key` must be a whole number, not text". An integer is what is written
// as one: 1.0 and 1e2 are none.
struct JsonSpot {
    std::string_view key;
    const std::string& place;
};
void decode(const boost::json::value& value, std::string& into, const JsonSpot& spot);
void decode(const boost::json::value& value, bool& into, const JsonSpot& spot);
void decode(const boost::json::value& value, std::int64_t& into, const JsonSpot& spot);
void decode(const boost::json::value& value, double& into, const JsonSpot& spot);
[[noreturn]] void wrong_type(const boost::json::value& value, std::string_view wanted,
                             const JsonSpot& spot);

template <HasWords E>
void decode(const boost::json::value& value, E& into, const JsonSpot& spot) {
    if (value.is_null()) return;
    std::string wanted;
    for (const auto& [word, candidate] : Words<E>::words) {
        if (value.is_string() && std::string_view{value.get_string()} == word) {
            into = candidate;
            return;
        }
        wanted += (wanted.empty() ? "\"" : " or \"") + std::string{word} + "\"";
    }
    wrong_type(value, wanted, spot);
}
template <class T>
void decode(const boost::json::value& value, std::optional<T>& into, const JsonSpot& spot) {
    if (value.is_null()) {
        into.reset();
        return;
    }
    T inner{};
    decode(value, inner, spot);
    into = std::move(inner);
}

// An object by its keys. Refers to the value it was made from.
class JsonObject {
public:
    // Null counts as an object with nothing in it. Throws ApiError 400 for anything else.
    JsonObject(const boost::json::value& value, std::string place);

    template <class T>
    void read(std::string_view key, T& into) const {
        if (object_ == nullptr) return;
        for (const auto& member : *object_) {
            if (!same_key(member.key(), key)) continue;
            const std::string place = place_ + "/" + std::string{member.key()};
            decode(member.value(), into, JsonSpot{key, place});
        }
    }
    // The last one of this key; null when there is none.
    const boost::json::value* find(std::string_view key) const;
    std::string place_of(std::string_view key) const;

private:
    const boost::json::object* object_ = nullptr;
    std::string place_;
};

// All fields of a struct with a field table, each in its range. Throws ApiError 400.
[[noreturn]] void out_of_range(std::string_view key, std::optional<double> lowest,
                               std::optional<double> highest, const std::string& is,
                               std::string place);

template <class T>
void check_range(const T& value, std::string_view key, std::optional<double> lowest,
                 std::optional<double> highest, const JsonObject& object) {
    if constexpr (std::is_same_v<T, std::int64_t> || std::is_same_v<T, double>) {
        const auto number = static_cast<double>(value);
        if ((!lowest || number >= *lowest) && (!highest || number <= *highest)) return;
        out_of_range(key, lowest, highest, Scalar<T>::write(value), object.place_of(key));
    }
}
template <class T>
void check_range(const std::optional<T>& value, std::string_view key, std::optional<double> lowest,
                 std::optional<double> highest, const JsonObject& object) {
    if (value) check_range(*value, key, lowest, highest, object);
}
template <class T>
void read_fields(const JsonObject& object, T& into) {
    for_each_field<T>([&](const auto& field) {
        object.read(field.name, into.*field.member);
        check_range(into.*field.member, field.name, field.lowest, field.highest, object);
    });
}

}  // namespace etimedout
