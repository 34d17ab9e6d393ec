// The table of toxics in docs/proxy.md, made from their declarations.
#include "harness/toxiproxy/toxic_reference.hh"

#include <type_traits>

#include <fmt/format.h>

#include "simulator/faults/toxics.hh"

namespace etimedout {

namespace {

template <class T>
std::string words_of() {
    std::string text;
    for (const auto& [word, value] : Words<T>::words) {
        text += fmt::format("{}`\"{}\"`", text.empty() ? "" : " or ", word);
    }
    return text;
}

template <class T>
struct Inner {
    using type = T;
};
template <class T>
struct Inner<std::optional<T>> {
    using type = T;
};

// "0 to 86400000", "`true` or `false`", "text".
template <class Field>
std::string values_of(const Field& field) {
    using T = typename Inner<typename Field::member_type>::type;
    if constexpr (HasWords<T>) {
        return words_of<T>();
    } else if constexpr (std::is_same_v<T, bool>) {
        return "`true` or `false`";
    } else if constexpr (std::is_same_v<T, std::string>) {
        return "text";
    } else {
        return fmt::format("{:.15g} to {:.15g}", field.lowest.value(), field.highest.value());
    }
}

template <class Owner>
std::string attributes_of() {
    std::string text;
    for_each_field<Owner>([&](const auto& field) {
        text += fmt::format("{}`{}`: {} ({})", text.empty() ? "" : "<br>", field.name, field.doc,
                            values_of(field));
    });
    return text;
}

// "tcp", "tcp, udp".
template <class T>
std::string protocols_of() {
    std::string text;
    for (const auto& [word, protocol] : Words<Protocol>::words) {
        if (is_for<T>(protocol)) text += fmt::format("{}{}", text.empty() ? "" : ", ", word);
    }
    return text;
}

}  // namespace

std::string toxics_markdown() {
    std::string text = "| type | protocol | what it does | attributes |\n|---|---|---|---|\n";
    AllToxics::for_each([&](auto type) {
        using T = typename decltype(type)::type;
        text += fmt::format("| `{}` | {} | {} | {} |\n", T::kind, protocols_of<T>(), T::doc,
                            attributes_of<T>());
    });
    text += "\nBeside `toxicity`, a toxic may say which connections it is for:\n\n";
    text += "| key | meaning | values |\n|---|---|---|\n";
    for_each_field<ToxicSelectors>([&](const auto& field) {
        text += fmt::format("| `{}` | {} | {} |\n", field.name, field.doc, values_of(field));
    });
    return text;
}

}  // namespace etimedout
