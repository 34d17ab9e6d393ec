// Kernel counters of the calling thread's network namespace, by nstat's names.
#include "simulator/net/kernel_counter.hh"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>
#include <vector>

namespace etimedout {

namespace {

std::vector<std::string> words_in(const std::string& line) {
    std::istringstream stream{line};
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(std::move(word));
    return words;
}

// snmp and netstat: a line of names and one of values for each prefix, "Tcp:", "TcpExt:".
std::optional<std::int64_t> in_pairs_of_lines(const char* path, std::string_view name) {
    std::ifstream file{path};
    std::string names;
    std::string values;
    while (std::getline(file, names) && std::getline(file, values)) {
        const auto keys = words_in(names);
        const auto numbers = words_in(values);
        if (keys.empty() || keys.size() != numbers.size()) continue;
        const std::string_view prefix{keys[0].data(), keys[0].size() - 1};
        if (!name.starts_with(prefix)) continue;
        const auto key = std::find(keys.begin() + 1, keys.end(), name.substr(prefix.size()));
        if (key == keys.end()) continue;
        return std::stoll(numbers.at(static_cast<std::size_t>(key - keys.begin())));
    }
    return std::nullopt;
}

// snmp6: a name and a value on each line.
std::optional<std::int64_t> in_lines(const char* path, std::string_view name) {
    std::ifstream file{path};
    std::string key;
    for (std::int64_t value = 0; file >> key >> value;) {
        if (key == name) return value;
    }
    return std::nullopt;
}

}  // namespace

std::int64_t kernel_counter(std::string_view name) {
    // thread-self: /proc/net is that of the process's first thread.
    for (const char* path : {"/proc/thread-self/net/netstat", "/proc/thread-self/net/snmp"}) {
        if (const auto value = in_pairs_of_lines(path, name)) return *value;
    }
    return in_lines("/proc/thread-self/net/snmp6", name).value_or(0);
}

std::int64_t conntrack_counter(std::string_view column) {
    std::ifstream file{"/proc/thread-self/net/stat/nf_conntrack"};
    std::string line;
    if (!std::getline(file, line)) return 0;
    const auto names = words_in(line);
    const auto at = std::find(names.begin(), names.end(), column);
    if (at == names.end()) return 0;
    std::int64_t sum = 0;
    while (std::getline(file, line)) {
        const auto words = words_in(line);
        const auto index = static_cast<std::size_t>(at - names.begin());
        constexpr int hexadecimal = 16;
        if (index < words.size()) sum += std::stoll(words[index], nullptr, hexadecimal);
    }
    return sum;
}

}  // namespace etimedout
