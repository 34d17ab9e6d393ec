// Users: who a program runs as, read from /etc/passwd and /etc/group of the calling thread's view.
#include "simulator/node/users.hh"

#include <algorithm>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "simulator/node/text.hh"

namespace etimedout {

namespace {

std::optional<std::uint32_t> id_of(std::string_view text) {
    const auto value = decimal(text);
    if (!value || *value < 0 || *value >= std::numeric_limits<std::uint32_t>::max()) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(*value);
}

std::vector<gid_t> groups_of(std::string_view name, gid_t own, std::string_view group) {
    std::vector<gid_t> groups{own};
    for (const auto line : split(group, '\n')) {
        const auto parts = split(line, ':');
        if (parts.size() < 4) continue;
        const auto gid = id_of(parts[2]);
        const auto members = split(parts[3], ',');
        if (gid && *gid != own && std::ranges::find(members, name) != members.end()) {
            groups.push_back(*gid);
        }
    }
    return groups;
}

// Whether an id exists in the user namespace whose map (uid_map or gid_map) this is.
bool mapped(std::uint32_t id, std::string_view map) {
    for (const auto line : split(map, '\n')) {
        const auto numbers = words_of(line);
        if (numbers.size() != 3) continue;
        const auto first = decimal(numbers[0]);
        const auto count = decimal(numbers[2]);
        if (first && count && id >= *first && id - *first < *count) return true;
    }
    return false;
}

}  // namespace

Result<UserIds> find_user(std::string_view user, std::string_view passwd, std::string_view group) {
    for (const auto line : split(passwd, '\n')) {
        const auto parts = split(line, ':');
        if (parts.size() < 4) continue;
        const auto uid = id_of(parts[2]);
        const auto gid = id_of(parts[3]);
        if (uid && gid && (parts[0] == user || id_of(user) == uid)) {
            return UserIds{std::string{parts[0]}, *uid, *gid, groups_of(parts[0], *gid, group)};
        }
    }
    if (const auto number = id_of(user)) {
        return UserIds{std::string{user}, *number, *number, {*number}};
    }
    return Problem{fmt::format("there is no user `{}`", user),
                   "name one of /etc/passwd, or install the package that brings this user"};
}

std::optional<gid_t> find_group(std::string_view name, std::string_view group) {
    for (const auto line : split(group, '\n')) {
        const auto parts = split(line, ':');
        if (parts.size() >= 3 && parts[0] == name) return id_of(parts[2]);
    }
    return id_of(name);
}

Result<UserIds> resolve_user(std::string_view user) {
    const auto passwd = read_text("/etc/passwd");
    const auto group = read_text("/etc/group");
    auto found = find_user(user, passwd.value_or(""), group.value_or(""));
    if (!found) return found;
    const auto uids = read_text("/proc/self/uid_map");
    const auto gids = read_text("/proc/self/gid_map");
    // Without /proc nothing is known, and the kernel's own answer has to do.
    if ((uids && !mapped(found->uid, *uids)) || (gids && !mapped(found->gid, *gids))) {
        return Problem{
            fmt::format("user `{}` does not exist in this user namespace: without root only one "
                        "user can be mapped, and that is root",
                        user),
            "run it as root, or with --time virtual"};
    }
    return found;
}

}  // namespace etimedout
