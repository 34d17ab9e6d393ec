// Overrides: finding a dotted place, and putting a value there.
#include "harness/scenario/overrides.hh"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "simulator/base/quantity.hh"

namespace etimedout {

namespace {

// Maps whose keys are names of the scenario's or the system's own, and may have dots.
bool has_free_keys(std::string_view key) {
    static constexpr std::array free{"sysctl", "env", "files", "headers", "routes", "vars"};
    return std::find(free.begin(), free.end(), key) != free.end();
}

std::string_view first_part(std::string_view place) { return place.substr(0, place.find('.')); }

std::string_view behind(std::string_view place, std::size_t length) {
    return length < place.size() ? place.substr(length + 1) : std::string_view{};
}

class Override {
public:
    Override(Reading& reading, std::string_view whole) : reading_{reading}, whole_{whole} {}

    // Null where the place cannot be reached, which is then reported. `owner` is the key whose
    // value `node` is.
    YamlNode* find(YamlNode& node, std::string_view place, std::string_view owner) {
        if (place.empty()) return &node;
        if (node.kind == YamlKind::null) node.kind = YamlKind::map;
        if (node.is_list()) return in_list(node, place);
        if (node.is_map()) return in_map(node, place, owner);
        reading_.error(node.at, fmt::format("set {}: {} has no parts", quote(whole_), quote(owner)),
                       "end the place here");
        return nullptr;
    }

private:
    YamlNode* in_map(YamlNode& node, std::string_view place, std::string_view owner) {
        for (std::size_t length = place.size(); length != std::string_view::npos && length > 0;
             length = place.rfind('.', length - 1)) {
            const std::string_view key = place.substr(0, length);
            if (YamlNode* value = node.find(key)) return find(*value, behind(place, length), key);
            if (length == 0) break;
        }
        const std::string_view key = has_free_keys(owner) ? place : first_part(place);
        if (key.empty()) {
            reading_.error(node.at, fmt::format("set {}: a name is missing", quote(whole_)),
                           "put one dot between names");
            return nullptr;
        }
        YamlPair pair;
        pair.key.kind = YamlKind::scalar;
        pair.key.text = key;
        pair.key.at = node.at;
        pair.value.at = node.at;
        node.pairs.push_back(std::move(pair));
        return find(node.pairs.back().value, behind(place, key.size()), key);
    }

    YamlNode* in_list(YamlNode& node, std::string_view place) {
        const std::string_view part = first_part(place);
        const std::string_view rest = behind(place, part.size());
        if (const auto number = Scalar<std::int64_t>::parse(part)) {
            if (*number >= 0 && static_cast<std::size_t>(*number) < node.items.size()) {
                return find(node.items[static_cast<std::size_t>(*number)], rest, part);
            }
            reading_.error(node.at, fmt::format("set {}: there is no item {}", quote(whole_), part),
                           fmt::format("the list has {}, counted from 0", node.items.size()));
            return nullptr;
        }
        std::vector<std::string_view> ids;
        for (YamlNode& item : node.items) {
            for (YamlNode* holder : holders_of(item)) {
                const YamlNode* id = holder->find("id");
                if (id == nullptr || !id->is_scalar()) continue;
                ids.push_back(id->text);
                if (id->text != part) continue;
                // `steps.silence.kind` means the fault's key; `steps.silence.fault` the step's.
                const bool own = item.find(first_part(rest)) != nullptr;
                return find(own ? item : *holder, rest, part);
            }
        }
        reading_.error(node.at,
                       fmt::format("set {}: no item has the id {}", quote(whole_), quote(part)),
                       suggest(part, ids, "ids"));
        return nullptr;
    }

    // Where a step's id may stand: beside its one key, or in that key's map.
    static std::vector<YamlNode*> holders_of(YamlNode& item) {
        std::vector<YamlNode*> holders{&item};
        for (YamlPair& pair : item.pairs) {
            if (pair.value.is_map()) holders.push_back(&pair.value);
        }
        return holders;
    }

    Reading& reading_;
    std::string_view whole_;
};

}  // namespace

void move_to(YamlNode& node, const Span& at) {
    node.at = at;
    for (YamlNode& item : node.items) move_to(item, at);
    for (YamlPair& pair : node.pairs) {
        move_to(pair.key, at);
        move_to(pair.value, at);
    }
}

void apply_overrides(Reading& reading, const std::map<std::string, std::string>& set,
                     YamlNode& root) {
    for (const auto& [place, text] : set) {
        constexpr std::size_t longest_place = 1000;
        if (place.size() > longest_place) {
            reading.error(root.at, fmt::format("set {}: no place is so long", quote(place)), {});
            continue;
        }
        const SourceText source{text, fmt::format("(set {})", place)};
        LoadedYaml value = load_yaml(source);
        YamlNode* target = Override{reading, place}.find(root, place, "the scenario");
        if (target == nullptr) continue;
        const Span at = target->at;
        // A text of nothing stands for an empty value.
        const bool empty = text.find_first_not_of(" \n") == std::string::npos;
        if (!empty && !value.errors.empty()) {
            reading.error(at,
                          fmt::format("set {}: {} is not a value: {}", quote(place), quote(text),
                                      value.errors.front().message),
                          value.errors.front().advice);
            continue;
        }
        move_to(value.root, at);
        *target = std::move(value.root);
        target->at = at;
    }
}

}  // namespace etimedout
