// Layers: a folder with all that is in it, made again from one file.
#include <algorithm>
#include <array>
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
    explicit LayerReader(int file) : file_{file}, ahead_(256U << 10U) {
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

    // The bytes of an entry, in pieces as they come.
    template <class Take>
    void content(std::size_t size, Take take) {
        for (std::size_t left = size; left > 0;) {
            const std::string_view piece = some(left);
            take(piece);
            left -= piece.size();
        }
        for (std::size_t left = (tar_block - size % tar_block) % tar_block; left > 0;) {
            left -= some(left).size();
        }
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
            const std::string_view piece = some(size);
            std::memcpy(to, piece.data(), piece.size());
            to += piece.size();
            size -= piece.size();
        }
    }

    // What comes next, at least a byte and at most so many; to be used before the next call.
    std::string_view some(std::size_t most) {
        while (unread_.empty()) {
            const ssize_t got = ::read(file_, ahead_.data(), ahead_.size());
            if (got < 0 && errno == EINTR) continue;
            if (checked("read a prepared layer", got) == 0) not_a_layer("it ends too early");
            unread_ = {ahead_.data(), static_cast<std::size_t>(got)};
        }
        const std::string_view piece = unread_.substr(0, most);
        unread_.remove_prefix(piece.size());
        return piece;
    }

    int file_;
    std::vector<char> ahead_;
    std::string_view unread_{};  // of what was read ahead
};

// Where an entry goes: below `to`, or it is refused.
fs::path place_of(const LayerEntry& entry, const fs::path& to) {
    const fs::path name = fs::path{entry.name}.lexically_normal();
    const bool inside = name.is_relative() && (name.empty() || *name.begin() != fs::path{".."});
    if (!inside) not_a_layer("a name in it leads out of it");
    return (to / name).lexically_normal();
}

// In a user namespace an id without a number here cannot be given.
void check_owner(int result, const fs::path& path) {
    if (result != 0 && errno != EINVAL && errno != EPERM) {
        throw_errno(fmt::format("set the owner of {}", path.string()), errno);
    }
}

bool has_owner(const Owner& owner) { return owner.uid != 0 || owner.gid != 0; }

using FileTimes = std::array<timespec, 2>;  // of access and of change

void set_time(const fs::path& path, const FileTimes& times) {
    checked(fmt::format("set the time of {}", path.string()),
            ::utimensat(AT_FDCWD, path.c_str(), times.data(), AT_SYMLINK_NOFOLLOW));
}

// Writes a file in as few calls as it has runs of data, and leaves out pages of zeros.
class SparseWriter {
public:
    SparseWriter(int file, const std::string& attempt) : file_{file}, attempt_{attempt} {}

    void add(std::string_view piece) {
        while (!piece.empty()) {
            // Pages are those of the file, wherever a piece of it begins.
            const std::size_t rest_of_page = hole_size - static_cast<std::size_t>(at_) % hole_size;
            std::size_t run = 0;
            for (std::size_t step = rest_of_page; run < piece.size(); step = hole_size) {
                if (is_hole(piece.substr(run, step))) break;
                run += std::min(step, piece.size() - run);
            }
            write(piece.substr(0, run));
            piece.remove_prefix(run);
            if (run > 0 || piece.empty()) continue;
            const std::size_t hole = std::min(rest_of_page, piece.size());
            at_ += static_cast<off_t>(hole);
            piece.remove_prefix(hole);
        }
    }

    // What ends with a hole has its size from this.
    void end() {
        if (written_to_ < at_) checked(attempt_, ::ftruncate(file_, at_));
    }

private:
    static bool is_hole(std::string_view page) {
        return page.find_first_not_of('\0') == std::string_view::npos;
    }

    void write(std::string_view run) {
        while (!run.empty()) {
            const ssize_t written = ::pwrite(file_, run.data(), run.size(), at_);
            if (written < 0 && errno == EINTR) continue;
            run.remove_prefix(static_cast<std::size_t>(checked(attempt_, written)));
            at_ += written;
            written_to_ = at_;
        }
    }

    int file_;
    const std::string& attempt_;
    off_t at_ = 0;
    off_t written_to_ = 0;
};

void make_file(LayerReader& reader, const LayerEntry& entry, const fs::path& path,
               const FileTimes& times) {
    const std::string attempt = fmt::format("write {}", path.string());
    constexpr mode_t nobody_elses = 0700;  // what no umask in use takes away
    const Fd file{
        checked(attempt, ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                entry.owner.mode & nobody_elses))};
    SparseWriter writer{file.get(), attempt};
    reader.content(entry.size, [&](std::string_view piece) { writer.add(piece); });
    writer.end();
    if (has_owner(entry.owner)) {
        check_owner(::fchown(file.get(), entry.owner.uid, entry.owner.gid), path);
    }
    if ((entry.owner.mode & ~nobody_elses) != 0) {
        // Behind chown, which clears set-id bits.
        checked(attempt, ::fchmod(file.get(), entry.owner.mode));
    }
    checked(attempt, ::futimens(file.get(), times.data()));
}

}  // namespace

std::string about_layer(int file) { return LayerReader{file}.about(); }

void unpack_layer(int file, const fs::path& to, std::chrono::system_clock::time_point changed) {
    const auto since = changed.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    const timespec time{seconds.count(), std::chrono::nanoseconds{since - seconds}.count()};
    const FileTimes times{time, time};
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
            if (has_owner(entry->owner)) {
                check_owner(::lchown(path.c_str(), entry->owner.uid, entry->owner.gid), path);
            }
            set_time(path, times);
        } else if (entry->type == tar_file) {
            make_file(reader, *entry, path, times);
        } else {
            not_a_layer("an entry in it is of no known kind");
        }
    }
    // What is made in a folder changes its time.
    for (const fs::path& folder : folders) set_time(folder, times);
}

}  // namespace etimedout
