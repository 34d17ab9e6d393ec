// Layers: a folder with all that is in it, made again from one file.
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/base/fd.hh"
#include "simulator/node/layer.hh"
#include "simulator/node/mounts.hh"
#include "simulator/node/tar_header.hh"

namespace etimedout {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t hole_size = 4096;             // the least that a file system leaves out
constexpr std::size_t longest_records = 1U << 20U;  // of names and of what it is about

[[noreturn]] void not_a_layer(std::string_view why) {
    throw Error{fmt::format("a prepared layer cannot be read: {}", why),
                "delete it, and the next run makes it anew; `etimedout doctor` says where it is"};
}

// An entry as its header and the records before it describe it.
struct LayerEntry {
    std::string name{};
    std::string link{};
    char type = tar_file;
    Owner owner{};
    std::size_t size = 0;
};

class LayerReader {
public:
    explicit LayerReader(int file) : file_{file}, piece_(256U << 10U) {
        if (::lseek(file, 0, SEEK_SET) != 0) not_a_layer("it is no file");
    }

    std::string about() {
        const LayerEntry first = next_header().value_or(LayerEntry{});
        if (first.type != tar_about) not_a_layer("it does not begin as one");
        auto records = read_records(first.size);
        return records["comment"];
    }

    // The next entry; nothing at the end.
    std::optional<LayerEntry> next() {
        std::map<std::string, std::string> more;
        auto entry = next_header();
        if (entry && entry->type == tar_more) {
            more = read_records(entry->size);
            entry = next_header();
            if (!entry) not_a_layer("it ends too early");
        }
        if (!entry) return std::nullopt;
        if (more.contains("path")) entry->name = more["path"];
        if (more.contains("linkpath")) entry->link = more["linkpath"];
        if (more.contains("uid")) entry->owner.uid = number_in(more["uid"], 10);
        if (more.contains("gid")) entry->owner.gid = number_in(more["gid"], 10);
        return entry;
    }

    // The bytes of an entry, in pieces whose sizes are whole blocks but for the last.
    template <class Take>
    void content(std::size_t size, Take take) {
        std::size_t left = size;
        while (left > 0) {
            const std::size_t wanted = std::min(left, piece_.size());
            read(piece_.data(), wanted);
            take(std::string_view{piece_.data(), wanted});
            left -= wanted;
        }
        read(piece_.data(), (tar_block - size % tar_block) % tar_block);
    }

private:
    static std::uint32_t number_in(std::string_view digits, int base) {
        std::uint32_t value = 0;
        const auto [end, problem] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
        if (problem != std::errc{} || end != digits.data() + digits.size()) {
            not_a_layer("a number in it is none");
        }
        return value;
    }

    template <std::size_t size>
    static std::string_view text_in(const std::array<char, size>& field) {
        return {field.data(), ::strnlen(field.data(), size)};
    }

    std::optional<LayerEntry> next_header() {
        TarHeader header{};
        read(reinterpret_cast<char*>(&header), sizeof header);
        const auto* bytes = reinterpret_cast<const unsigned char*>(&header);
        if (std::all_of(bytes, bytes + sizeof header, [](auto byte) { return byte == 0; })) {
            return std::nullopt;
        }
        const auto sum = number_in(text_in(header.checksum), 8);
        header.checksum.fill(' ');
        if (std::accumulate(bytes, bytes + sizeof header, 0U) != sum) {
            not_a_layer("a checksum in it is wrong");
        }
        LayerEntry entry;
        entry.name = text_in(header.name);
        entry.link = text_in(header.link);
        entry.type = header.type;
        entry.owner = {number_in(text_in(header.mode), 8), number_in(text_in(header.uid), 8),
                       number_in(text_in(header.gid), 8)};
        const auto digits = text_in(header.size);
        const auto read =
            std::from_chars(digits.data(), digits.data() + digits.size(), entry.size, 8);
        if (read.ec != std::errc{}) not_a_layer("a size in it is none");
        return entry;
    }

    std::map<std::string, std::string> read_records(std::size_t size) {
        if (size > longest_records) not_a_layer("a name in it is too long");
        std::string text;
        content(size, [&](std::string_view piece) { text += piece; });
        std::map<std::string, std::string> records;
        std::string_view rest = text;
        while (!rest.empty()) {
            const auto blank = rest.find(' ');
            if (blank == std::string_view::npos) not_a_layer("a record in it is none");
            const std::size_t length = number_in(rest.substr(0, blank), 10);
            if (length <= blank + 1 || length > rest.size()) not_a_layer("a record in it is none");
            const auto record = rest.substr(blank + 1, length - blank - 2);
            const auto equals = record.find('=');
            if (equals == std::string_view::npos) not_a_layer("a record in it is none");
            records.emplace(record.substr(0, equals), record.substr(equals + 1));
            rest.remove_prefix(length);
        }
        return records;
    }

    void read(char* to, std::size_t size) {
        while (size > 0) {
            const ssize_t got = ::read(file_, to, size);
            if (got < 0 && errno == EINTR) continue;
            if (checked("read a prepared layer", got) == 0) not_a_layer("it ends too early");
            to += got;
            size -= static_cast<std::size_t>(got);
        }
    }

    int file_;
    std::vector<char> piece_;
};

// Where an entry goes: below `to`, or it is refused.
fs::path place_of(const LayerEntry& entry, const fs::path& to) {
    const fs::path name = fs::path{entry.name}.lexically_normal();
    const bool inside = name.is_relative() && (name.empty() || *name.begin() != fs::path{".."});
    if (!inside) not_a_layer("a name in it leads out of it");
    return (to / name).lexically_normal();
}

void set_owner(const fs::path& path, const Owner& owner) {
    if (owner.uid == 0 && owner.gid == 0) return;
    if (::lchown(path.c_str(), owner.uid, owner.gid) != 0 && errno != EINVAL && errno != EPERM) {
        throw_errno(fmt::format("set the owner of {}", path.string()), errno);
    }
}

void set_time(const fs::path& path, const timespec& time) {
    const std::array<timespec, 2> both{time, time};
    checked(fmt::format("set the time of {}", path.string()),
            ::utimensat(AT_FDCWD, path.c_str(), both.data(), AT_SYMLINK_NOFOLLOW));
}

void make_file(LayerReader& reader, const LayerEntry& entry, const fs::path& path) {
    const std::string attempt = fmt::format("write {}", path.string());
    const Fd file{checked(
        attempt, ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600))};
    off_t at = 0;
    reader.content(entry.size, [&](std::string_view piece) {
        for (; !piece.empty(); piece.remove_prefix(std::min(hole_size, piece.size()))) {
            std::string_view page = piece.substr(0, hole_size);
            const off_t begin = std::exchange(at, at + static_cast<off_t>(page.size()));
            if (page.find_first_not_of('\0') == std::string_view::npos) continue;
            for (off_t done = 0; !page.empty();) {
                const auto written =
                    checked(attempt, ::pwrite(file.get(), page.data(), page.size(), begin + done));
                page.remove_prefix(static_cast<std::size_t>(written));
                done += written;
            }
        }
    });
    checked(attempt, ::ftruncate(file.get(), at));
    set_owner(path, entry.owner);
    checked(attempt,
            ::fchmod(file.get(), entry.owner.mode));  // behind chown, which clears set-id bits
}

}  // namespace

std::string about_layer(int file) { return LayerReader{file}.about(); }

void unpack_layer(int file, const fs::path& to, std::chrono::system_clock::time_point changed) {
    const auto since = changed.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    const timespec time{seconds.count(), std::chrono::nanoseconds{since - seconds}.count()};
    LayerReader reader{file};
    reader.about();
    std::vector<fs::path> folders;
    while (const auto entry = reader.next()) {
        const fs::path path = place_of(*entry, to);
        if (entry->type == tar_folder) {
            const fs::path folder = path.has_filename() ? path : path.parent_path();
            make_folder(folder, entry->owner);
            folders.push_back(folder);
            continue;
        }
        if (entry->type == tar_symlink) {
            checked(fmt::format("link {}", path.string()),
                    ::symlink(entry->link.c_str(), path.c_str()));
            set_owner(path, entry->owner);
        } else if (entry->type == tar_file) {
            make_file(reader, *entry, path);
        } else {
            not_a_layer("an entry in it is of no known kind");
        }
        set_time(path, time);
    }
    // What is made in a folder changes its time.
    for (const fs::path& folder : folders) set_time(folder, time);
}

}  // namespace etimedout
