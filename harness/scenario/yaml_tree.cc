// YamlNode: from yaml-cpp's events to a tree, with every trap of YAML an error of its own.
#include "harness/scenario/yaml_tree.hh"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace etimedout {

namespace {

// Carries an error out of yaml-cpp's parser; never leaves this file.
struct Stop {
    ScenarioError error;
};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Words that some YAML readers take for true and false, and others for words.
bool is_reserved(std::string_view key) {
    static constexpr std::array reserved{"on",  "On",  "ON",  "off", "Off", "OFF",
                                         "yes", "Yes", "YES", "no",  "No",  "NO"};
    return std::find(reserved.begin(), reserved.end(), key) != reserved.end();
}

// Just past the closing quote of a scalar whose opening one stands at `begin`; npos when there is
// none: yaml-cpp takes the end of the text for it.
std::size_t end_of_quoted(std::string_view text, std::size_t begin) {
    const char quote_mark = text[begin];
    for (std::size_t i = begin + 1; i < text.size(); ++i) {
        if (quote_mark == '"' && text[i] == '\\') {
            ++i;
        } else if (text[i] == quote_mark) {
            if (quote_mark == '"' || i + 1 >= text.size() || text[i + 1] != '\'') return i + 1;
            ++i;
        }
    }
    return std::string_view::npos;
}

struct Measure {
    std::size_t nodes = 1;
    std::size_t depth = 1;
};

Measure measure(const YamlNode& node) {
    Measure whole;
    const auto add = [&](const YamlNode& part) {
        const Measure inner = measure(part);
        whole.nodes += inner.nodes;
        whole.depth = std::max(whole.depth, inner.depth + 1);
    };
    for (const YamlNode& item : node.items) add(item);
    for (const YamlPair& pair : node.pairs) {
        add(pair.key);
        add(pair.value);
    }
    return whole;
}

class TreeBuilder final : public YAML::EventHandler {
public:
    TreeBuilder(const SourceText& source, const YamlLimits& limits, LoadedYaml& loaded)
        : source_{source}, limits_{limits}, loaded_{loaded} {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++documents_ > 1) second_document(mark);
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        YamlNode node;
        node.at = span_of(mark, 1);
        const std::string_view rest = rest_at(node.at);
        if (rest.starts_with("null") || rest.starts_with("Null") || rest.starts_with("NULL")) {
            node.at.width = 4;
        }
        node.quoted = false;
        put(std::move(node), anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        Span at = span_of(mark, 1);
        const std::string_view rest = rest_at(at);
        const auto end = std::find_if(rest.begin(), rest.end(), [](char c) {
            return is_blank(c) || c == ',' || c == ']' || c == '}' || c == '\r';
        });
        at.width = static_cast<std::uint32_t>(std::max<std::ptrdiff_t>(1, end - rest.begin()));
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end()) {
            stop(at,
                 fmt::format("the anchor of {} contains itself", quote(rest.substr(0, at.width))),
                 "write the value out here");
        }
        const auto& [node, size] = found->second;
        if (size.nodes > limits_.nodes || nodes_ > limits_.nodes - size.nodes) {
            stop(at, fmt::format("aliases expand to more than {} values", limits_.nodes),
                 "write less, or several files");
        }
        check_depth(at, size.depth);
        nodes_ += size.nodes;
        add(YamlNode{node});
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        YamlNode node;
        node.kind = YamlKind::scalar;
        node.at = begin(mark, tag);
        node.quoted = tag == "!";
        node.text = value;
        const std::size_t offset = source_.offset_of(node.at.line) + node.at.column;
        const std::string_view rest = rest_at(node.at);
        if (node.quoted && !rest.empty() && (rest.front() == '\'' || rest.front() == '"')) {
            const std::size_t end = end_of_quoted(source_.text(), offset);
            if (end == std::string_view::npos) {
                stop(node.at, "a quote that is never closed", "close it on the same line");
            }
            node.at.width = static_cast<std::uint32_t>(std::min(end - offset, rest.size()));
        } else if (!node.quoted) {
            const bool whole = rest.starts_with(value);
            node.at.width = static_cast<std::uint32_t>(
                std::max<std::size_t>(1, whole ? value.size() : rest.size()));
            if (whole && value.ends_with('$') && rest.substr(value.size()).starts_with('{')) {
                unquoted_variable(node.at, rest, value);
            }
        }
        put(std::move(node), anchor);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        open(YamlKind::list, mark, tag, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        open(YamlKind::map, mark, tag, anchor);
    }
    void OnMapEnd() override { close(); }

    Span span_of(const YAML::Mark& mark, std::size_t width) const {
        if (mark.line < 0 || mark.column < 0) return {};
        Span at{static_cast<std::uint32_t>(mark.line + 1), static_cast<std::uint32_t>(mark.column),
                static_cast<std::uint32_t>(width)};
        // The end of a text that ends with a line's end is shown on that line.
        if (at.line > 1 && at.line >= source_.lines() && source_.line(at.line).empty()) {
            at.line = static_cast<std::uint32_t>(source_.lines() - 1);
            at.column = static_cast<std::uint32_t>(source_.line(at.line).size());
        }
        return at;
    }

    bool saw_document() const { return documents_ > 0 && saw_root_; }

private:
    struct Frame {
        YamlNode node;
        YAML::anchor_t anchor;
        std::optional<YamlNode> key{};
        std::map<std::string, std::uint32_t> lines{};  // of the keys so far
    };

    [[noreturn]] void stop(const Span& at, std::string message, std::string advice) const {
        throw Stop{source_.error(at, std::move(message), std::move(advice))};
    }

    [[noreturn]] void second_document(const YAML::Mark& mark) const {
        const Span at = span_of(mark, 1);
        if (rest_at(at).starts_with("---")) {
            stop({at.line, at.column, 3}, "a second document begins here",
                 "one scenario to a file: use `matrix` for variants, or another file");
        }
        stop(at, "this does not belong to what stands before it",
             "indent it like the other keys; a file is one map");
    }

    [[noreturn]] void unquoted_variable(Span at, std::string_view rest,
                                        std::string_view value) const {
        const auto end = rest.find('}');
        const std::string_view name = end == std::string_view::npos
                                          ? rest.substr(value.size() - 1)
                                          : rest.substr(value.size() - 1, end - value.size() + 2);
        at.column += static_cast<std::uint32_t>(value.size() - 1);
        at.width = static_cast<std::uint32_t>(name.size());
        stop(at,
             fmt::format("{} inside braces or brackets: YAML takes its brace for a map's",
                         quote(name)),
             fmt::format("quote it: \"{}\"",
                         std::string_view{name}.substr(0, std::min<std::size_t>(name.size(), 60))));
    }

    std::string_view rest_at(const Span& at) const {
        const std::string_view line = source_.line(at.line);
        return at.column < line.size() ? line.substr(at.column) : std::string_view{};
    }

    // Where a node's own text begins, behind its anchor.
    Span begin(const YAML::Mark& mark, const std::string& tag) {
        Span at = span_of(mark, 1);
        check_tabs(at);
        if (tag != "?" && tag != "!" && !tag.empty()) {
            stop(at, "tags mean nothing in a scenario",
                 "remove it; quote a value to keep it a text");
        }
        const std::string_view line = source_.line(at.line);
        std::size_t column = at.column;
        if (column < line.size() && line[column] == '&') {
            while (column < line.size() && !is_blank(line[column])) ++column;
            while (column < line.size() && is_blank(line[column])) ++column;
            if (column < line.size()) at.column = static_cast<std::uint32_t>(column);
        }
        return at;
    }

    void check_tabs(const Span& at) {
        if (at.line == tabs_checked_) return;
        tabs_checked_ = at.line;
        const std::string_view line = source_.line(at.line);
        const std::size_t indent = std::min(line.find_first_not_of(" \t"), line.size());
        const auto tab = line.substr(0, indent).find('\t');
        if (tab != std::string_view::npos) {
            stop({at.line, static_cast<std::uint32_t>(tab), 1}, "a tab in the indentation",
                 "indent with spaces");
        }
    }

    void check_depth(const Span& at, std::size_t more) const {
        if (frames_.size() + more > limits_.depth) {
            stop(at, fmt::format("nested more than {} deep", limits_.depth), "nest less");
        }
    }

    void count(const Span& at) {
        if (++nodes_ > limits_.nodes) {
            stop(at, fmt::format("more than {} values in one file", limits_.nodes),
                 "write several files");
        }
    }

    void open(YamlKind kind, const YAML::Mark& mark, const std::string& tag,
              YAML::anchor_t anchor) {
        Frame frame;
        frame.node.kind = kind;
        frame.node.at = begin(mark, tag);
        frame.anchor = anchor;
        check_depth(frame.node.at, 1);
        count(frame.node.at);
        frames_.push_back(std::move(frame));
    }

    void close() {
        Frame frame = std::move(frames_.back());
        frames_.pop_back();
        remember(frame.anchor, frame.node);
        add(std::move(frame.node));
    }

    void put(YamlNode node, YAML::anchor_t anchor) {
        count(node.at);
        remember(anchor, node);
        add(std::move(node));
    }

    void remember(YAML::anchor_t anchor, const YamlNode& node) {
        if (anchor == 0) return;
        const Measure size = measure(node);
        // Anchors within anchors are kept more than once; that counts too.
        nodes_ += size.nodes;
        if (nodes_ > limits_.nodes) {
            stop(node.at, fmt::format("anchors hold more than {} values", limits_.nodes),
                 "write less, or several files");
        }
        anchors_[anchor] = {node, size};
    }

    void add(YamlNode node) {
        if (frames_.empty()) {
            loaded_.root = std::move(node);
            saw_root_ = true;
            return;
        }
        Frame& frame = frames_.back();
        if (frame.node.is_list()) {
            frame.node.items.push_back(std::move(node));
        } else if (!frame.key) {
            if (!node.is_scalar()) {
                stop(node.at,
                     node.kind == YamlKind::null ? "a key is missing here" : "a key must be a word",
                     node.kind == YamlKind::null ? "write `key: value`"
                                                 : "write `key: value`; quote a key with braces");
            }
            frame.key = std::move(node);
        } else {
            add_pair(frame, std::move(node));
        }
    }

    void add_pair(Frame& frame, YamlNode value) {
        YamlNode key = std::move(*frame.key);
        frame.key.reset();
        if (!key.quoted && is_reserved(key.text)) {
            note(key.at,
                 fmt::format("{} cannot be a key: YAML readers disagree whether it is a word or a "
                             "truth value",
                             quote(key.text)),
                 "choose another name, or quote it where names are yours");
        }
        const auto [first, fresh] = frame.lines.emplace(key.text, key.at.line);
        if (!fresh) {
            note(key.at, fmt::format("the key {} is given twice", quote(key.text)),
                 fmt::format("the first is on line {}: remove one", first->second));
            return;
        }
        frame.node.pairs.push_back({std::move(key), std::move(value)});
    }

    void note(const Span& at, std::string message, std::string advice) {
        constexpr std::size_t enough = 100;  // sorted and cut to 20 by the caller
        if (loaded_.errors.size() < enough) {
            loaded_.errors.push_back(source_.error(at, std::move(message), std::move(advice)));
        }
    }

    const SourceText& source_;
    const YamlLimits& limits_;
    LoadedYaml& loaded_;
    std::vector<Frame> frames_;
    std::map<YAML::anchor_t, std::pair<YamlNode, Measure>> anchors_;
    std::size_t nodes_ = 0;
    std::size_t documents_ = 0;
    std::uint32_t tabs_checked_ = 0;
    bool saw_root_ = false;
};

// What yaml-cpp says, and what we say instead.
struct Translation {
    std::string_view theirs;
    std::string_view message;
    std::string_view advice;
};

constexpr std::array translations{
    Translation{"end of map flow not found", "a `{` is not closed here, or a comma is missing",
                "close the brace; quote a value that contains , { } [ ] or `: `"},
    Translation{"end of sequence flow not found", "a `[` is not closed here, or a comma is missing",
                "close the bracket; quote a value that contains , { } [ ] or `: `"},
    Translation{"end of map not found", "this line does not fit the map above it",
                "indent it like the keys above, as `key: value`"},
    Translation{"end of sequence not found", "this line does not fit the list above it",
                "indent it like the items above, as `- item`"},
    Translation{"illegal map value", "a `:` where no key can stand",
                "quote a value that contains `: `; check the indentation of this line and the one "
                "above"},
    Translation{"illegal map key", "a key cannot stand here", "check the indentation"},
    Translation{"illegal block entry", "a list item cannot stand here", "check the indentation"},
    Translation{"illegal flow end", "a closing brace or bracket without its opening one",
                "remove it, or open it before"},
    Translation{"unknown token", "a value cannot begin with this character",
                "put the value in quotes"},
    Translation{"unexpected character in block scalar",
                "a value that begins with > or | is a block of text in YAML",
                "bounds are words: at_most, at_least, between; quote a text that begins so"},
    Translation{"the referenced anchor is not defined", "no anchor of this name stands before",
                "write &name before the value that is meant"},
    Translation{"illegal tab when looking for indentation", "a tab in the indentation",
                "indent with spaces"},
    Translation{"illegal EOF in scalar", "a quote that is never closed",
                "close it on the same line"},
    Translation{"illegal document indicator in scalar", "a quote that is never closed",
                "close it on the same line"},
    Translation{"unknown escape character", "this escape is not known inside double quotes",
                "use single quotes, in which a backslash is only itself"}};

ScenarioError translated(const SourceText& source, const TreeBuilder& builder,
                         const YAML::Exception& exception) {
    Span at = builder.span_of(exception.mark, 1);
    const std::string_view line = source.line(at.line);
    const std::size_t indent = std::min(line.find_first_not_of(" \t"), line.size());
    const auto tab = line.substr(0, indent).find('\t');
    if (tab != std::string_view::npos) {
        at.column = static_cast<std::uint32_t>(tab);
        return source.error(at, "a tab in the indentation", "indent with spaces");
    }
    for (const Translation& translation : translations) {
        if (!std::string_view{exception.msg}.starts_with(translation.theirs)) continue;
        return source.error(at, std::string{translation.message}, std::string{translation.advice});
    }
    return source.error(at, fmt::format("this is not YAML: {}", exception.msg), {});
}

// What yaml-cpp must not even see: bytes that are no text.
std::optional<ScenarioError> check_bytes(const SourceText& source) {
    const std::string_view text = source.text();
    for (std::size_t i = 0; i < text.size();) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte >= 0x80) {
            const Utf8Character character = first_character(text.substr(i));
            if (!character.valid) {
                return source.error(source.span_at(i, 1), "this is not UTF-8",
                                    "save the file as UTF-8");
            }
            i += character.length;
            continue;
        }
        if (byte == 0) {
            return source.error(source.span_at(i, 1), "a NUL byte: this is a binary file",
                                "a scenario is a text in UTF-8");
        }
        const bool line_end =
            byte == '\n' || (byte == '\r' && text.substr(i + 1).starts_with('\n'));
        if ((byte < 0x20 && byte != '\t' && !line_end) || byte == 0x7f) {
            return source.error(source.span_at(i, 1),
                                fmt::format("a control character (0x{:02x})", byte),
                                "remove it; in double quotes write \\x and its two digits");
        }
        ++i;
    }
    return std::nullopt;
}

}  // namespace

const YamlPair* YamlNode::find_pair(std::string_view key) const {
    for (const YamlPair& pair : pairs) {
        if (pair.key.text == key) return &pair;
    }
    return nullptr;
}

const YamlNode* YamlNode::find(std::string_view key) const {
    const YamlPair* pair = find_pair(key);
    return pair != nullptr ? &pair->value : nullptr;
}

YamlNode* YamlNode::find(std::string_view key) {
    for (YamlPair& pair : pairs) {
        if (pair.key.text == key) return &pair.value;
    }
    return nullptr;
}

LoadedYaml load_yaml(const SourceText& source, const YamlLimits& limits) {
    LoadedYaml loaded;
    if (auto error = check_bytes(source)) {
        loaded.errors.push_back(std::move(*error));
        return loaded;
    }
    TreeBuilder builder{source, limits, loaded};
    try {
        std::istringstream stream{std::string{source.text()}};
        YAML::Parser parser{stream};
        while (parser.HandleNextDocument(builder)) {
        }
        loaded.complete = builder.saw_document();
        if (!loaded.complete) {
            loaded.errors.push_back(source.error({}, "nothing in this file",
                                                 "`etimedout new` writes one to start from"));
        }
    } catch (const Stop& stopped) {
        loaded.errors.push_back(stopped.error);
    } catch (const YAML::Exception& exception) {
        loaded.errors.push_back(translated(source, builder, exception));
    }
    return loaded;
}

}  // namespace etimedout
