// Form: what may be written at a place of a scenario; schema and reference are made from it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace etimedout {

struct KeyForm;

struct Form {
    enum class Kind {
        scalar,  // one value, written as `name` says
        words,   // one of `words`
        list,    // of `of[0]`
        map,     // names that are the scenario's own, to `of[0]`
        object,  // `keys`, and no others
        either,  // any one of `of`
        named    // the definition `name` of the schema
    };
    Kind kind = Kind::scalar;
    std::string name{};
    std::string example{};
    std::string pattern{};    // of a scalar: a regular expression that all spellings match
    std::string json_type{};  // of a scalar without a pattern: string (any scalar),
                              // quantity (text alone), integer, number, boolean
    std::string lowest{};     // the range, in the value's own unit; may be empty
    std::string highest{};
    std::vector<std::string> words{};
    std::vector<Form> of{};
    std::vector<KeyForm> keys;
};

// One key of an object.
struct KeyForm {
    std::string name{};
    std::string doc{};
    bool required = false;
    Form form{};
    std::string initial{};  // the value of a key left out, where that says something
    std::string where{};    // of an expectation's key: the places that know it
};

// "duration (1ms to 86400s)", for people.
std::string describe(const Form& form);

}  // namespace etimedout
