// `prepare`: commands whose result is a cached layer.
#include "harness/scenario/preparations.hh"

#include <algorithm>
#include <array>
#include <filesystem>

#include "simulator/base/trimmed.hh"

namespace etimedout {

namespace {

constexpr std::size_t most_preparations = 20;  // each is a world of its own

// What a node has of its own, and could not do without.
constexpr std::array<std::string_view, 8> not_replaced{"/",    "/dev", "/etc", "/proc",
                                                       "/run", "/sys", "/tmp", "/usr"};
constexpr std::array<std::string_view, 3> not_files{"/dev", "/proc", "/sys"};

bool is_below(std::string_view path, std::string_view folder) {
    return path.starts_with(folder) && path.substr(folder.size()).starts_with('/');
}

bool read_prepared_command(Reading& reading, const YamlNode& node, Preparation& out) {
    if (!want_scalar(reading, "run", node, "a command")) return false;
    if (trimmed(node.text).empty()) {
        reading.error(node.at, "`run` is an empty command",
                      "write the command whose result is to be kept");
        return false;
    }
    out.program.run = node.text;
    return true;
}

bool read_keep(Reading& reading, const YamlNode& node, Preparation& out) {
    if (!want_scalar(reading, "keep", node, "a folder such as /srv/database")) return false;
    const std::filesystem::path path = std::filesystem::path{node.text}.lexically_normal();
    std::string text = path.string();
    if (text.size() > 1 && text.ends_with('/')) text.pop_back();
    if (!path.is_absolute() || text != node.text) {
        reading.error(
            node.at,
            fmt::format("`keep` wants the whole path of a folder, not {}", quote(node.text)),
            "write it from /, without . and .., such as /srv/database");
        return false;
    }
    const bool own =
        std::find(not_replaced.begin(), not_replaced.end(), text) != not_replaced.end() ||
        std::any_of(not_files.begin(), not_files.end(),
                    [&](std::string_view folder) { return is_below(text, folder); });
    if (own) {
        reading.error(node.at, fmt::format("a node has a {} of its own", text),
                      "keep a folder of the program's alone, such as /srv/database");
        return false;
    }
    out.keep = text;
    return true;
}

const Table<Preparation>& preparation_table() {
    static const Table<Preparation> table = [] {
        Table<Preparation> made{"a preparation"};
        auto& keys = made.keys;
        keys.push_back(mandatory(custom_key<Preparation>(
            "run", text_like("text", "/usr/lib/postgresql/15/bin/initdb -D /srv/database"),
            "the command; it must exit with 0", read_prepared_command)));
        keys.push_back(mandatory(custom_key<Preparation>(
            "keep", text_like("folder", "/srv/database"),
            "the folder that is kept: there for the command, empty if it is new, and its user's",
            read_keep)));
        auto nodes = key<Preparation>("in", &Preparation::nodes,
                                      "the nodes that get it, each a copy of its own");
        keys.push_back(mandatory(std::move(nodes)));
        keys.back().form.of.front().example = "database";
        keys.push_back(key<Preparation>(
            "uses", &Preparation::uses,
            "files and folders beside those named in `run` whose change makes it anew"));
        const auto program = [&keys](std::string_view name, auto member, std::string_view doc) {
            using Member = std::remove_cvref_t<decltype(std::declval<ProcessSpec>().*member)>;
            keys.push_back(custom_key<Preparation>(
                name, Value<Member>::form({}), doc,
                [name, member](Reading& reading, const YamlNode& node, Preparation& out) {
                    return Value<Member>::read(reading, name, node, {}, out.program.*member);
                }));
        };
        program("user", &ProcessSpec::user, "the user it runs as");
        program("env", &ProcessSpec::env, "environment variables to add");
        program("cwd", &ProcessSpec::cwd, "its folder; the scenario's by default");
        program("files", &ProcessSpec::files, "files to write before it starts");
        return made;
    }();
    return table;
}

void check_nodes(Reading& reading, const YamlNode& names) {
    if (names.items.empty()) {
        reading.error(names.at, "no node gets this", "write in: [NODE]");
    }
    for (const YamlNode& name : names.items) {
        if (!reading.check_name(name, {NameKind::node}, "node")) continue;
        const NodeSpec* node = reading.topology.node(name.text);
        if (node == nullptr || (!node->stub && !node->external)) continue;
        reading.error(name.at,
                      fmt::format("`{}` is {}, and no program there could use a folder", name.text,
                                  node->stub ? "a stub" : "outside"),
                      "name a node with `run`, or one that commands run in");
    }
}

// Two layers of one node, one in the other: which of them hides which would hang on their order.
void check_places(Reading& reading, const YamlNode& keep, const Preparation& fresh,
                  const std::vector<Preparation>& others) {
    for (const Preparation& other : others) {
        const bool overlap = fresh.keep == other.keep || is_below(fresh.keep, other.keep) ||
                             is_below(other.keep, fresh.keep);
        if (!overlap) continue;
        for (const std::string& node : fresh.nodes) {
            if (std::find(other.nodes.begin(), other.nodes.end(), node) == other.nodes.end()) {
                continue;
            }
            reading.error(keep.at,
                          fmt::format("`{}` already lays {} over the files of {}", other.name,
                                      other.keep, node),
                          "keep folders that are not in each other");
            return;
        }
    }
}

}  // namespace

void read_preparations(Reading& reading, const YamlNode& root, std::vector<Preparation>& out) {
    const YamlNode* all = root.find("prepare");
    if (all == nullptr || !want_map(reading, "prepare", *all)) return;
    for (const YamlPair& pair : all->pairs) {
        if (out.size() >= most_preparations) {
            reading.error(pair.key.at, fmt::format("more than {} preparations", most_preparations),
                          "let one command do several things");
            return;
        }
        if (!reading.is_well_formed(pair.key)) continue;
        if (!want_map(reading, pair.key.text, pair.value)) continue;
        Preparation preparation;
        preparation.name = pair.key.text;
        if (!read_map(reading, pair.value, preparation_table(), preparation, "a preparation")) {
            continue;
        }
        check_nodes(reading, *pair.value.find("in"));
        check_places(reading, *pair.value.find("keep"), preparation, out);
        out.push_back(std::move(preparation));
    }
}

Form preparation_form() { return preparation_table().form(); }

}  // namespace etimedout
