// Layers: a folder with all that is in it, written as one file.
#include "simulator/node/layer.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <numeric>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/base/fd.hh"
#include "simulator/node/tar_header.hh"

namespace etimedout {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t piece_size = 256U << 10U;

std::size_t to_whole_blocks(std::size_t size) { return (tar_block - size % tar_block) % tar_block; }

// One more field of an entry: "LENGTH KEY=VALUE\n", where the length counts itself.
std::string pax_record(std::string_view key, std::string_view value) {
    const std::size_t rest = key.size() + value.size() + 3;
    std::size_t length = rest + 1;
    while (std::to_string(length).size() + rest != length) {
        length = std::to_string(length).size() + rest;
    }
    return fmt::format("{} {}={}\n", length, key, value);
}

template <std::size_t size>
void put_text(std::array<char, size>& field, std::string_view text) {
    std::copy_n(text.begin(), std::min(size, text.size()), field.begin());
}

template <std::size_t size>
void put_number(std::array<char, size>& field, std::uint64_t value) {
    put_text(field, fmt::format("{:0{}o}", value, size - 1));
}

class LayerWriter {
public:
    explicit LayerWriter(int file) : file_{file} { waiting_.reserve(2 * piece_size); }

    void about(std::string_view text) { records(tar_about, pax_record("comment", text)); }

    void folder(const fs::path& path, const std::string& name) {
        entry(name + "/", status_of(path), tar_folder, 0, {});
        std::vector<std::string> names;
        for (const auto& found : fs::directory_iterator{path}) {
            names.push_back(found.path().filename().string());
        }
        std::ranges::sort(names);
        for (const auto& below : names) any(path / below, name + "/" + below);
    }

    void finish() {
        waiting_.append(2 * tar_block, '\0');
        write_out();
    }

private:
    static struct stat status_of(const fs::path& path) {
        struct stat status {};
        checked(fmt::format("look at {}", path.string()), ::lstat(path.c_str(), &status));
        return status;
    }

    void any(const fs::path& path, const std::string& name) {
        const struct stat status = status_of(path);
        if (S_ISDIR(status.st_mode)) {
            folder(path, name);
        } else if (S_ISREG(status.st_mode)) {
            regular(path, name, status);
        } else if (S_ISLNK(status.st_mode)) {
            entry(name, status, tar_symlink, 0, fs::read_symlink(path).string());
        }
    }

    void regular(const fs::path& path, const std::string& name, const struct stat& status) {
        const std::string attempt = fmt::format("read {}", path.string());
        const Fd source{checked(attempt, ::open(path.c_str(), O_RDONLY | O_CLOEXEC))};
        const auto size = static_cast<std::size_t>(status.st_size);
        entry(name, status, tar_file, size, {});
        std::vector<char> piece(piece_size);
        std::size_t left = size;
        while (left > 0) {
            const auto got =
                checked(attempt, ::read(source.get(), piece.data(), std::min(left, piece.size())));
            if (got == 0) {
                throw Error{fmt::format("{} became shorter while it was read", path.string()),
                            "whatever writes to it must have ended when the command ends"};
            }
            add({piece.data(), static_cast<std::size_t>(got)});
            left -= static_cast<std::size_t>(got);
        }
        waiting_.append(to_whole_blocks(size), '\0');
    }

    void records(char type, const std::string& text) {
        TarHeader header{};
        put_text(header.name, type == tar_about ? "about" : "more");
        header.type = type;
        put_number(header.mode, 0644);
        put_number(header.uid, 0);
        put_number(header.gid, 0);
        put_number(header.size, text.size());
        seal(header);
        add(text);
        waiting_.append(to_whole_blocks(text.size()), '\0');
    }

    void entry(const std::string& name, const struct stat& status, char type, std::size_t size,
               const std::string& link) {
        TarHeader header{};
        std::string more;
        if (name.size() > header.name.size()) more += pax_record("path", name);
        if (link.size() > header.link.size()) more += pax_record("linkpath", link);
        const auto owner = [&more](auto& field, std::string_view key, std::uint64_t id) {
            constexpr std::uint64_t most = 07777777;
            if (id > most) more += pax_record(key, std::to_string(id));
            put_number(field, std::min(id, most));
        };
        owner(header.uid, "uid", status.st_uid);
        owner(header.gid, "gid", status.st_gid);
        constexpr std::size_t largest = (std::size_t{1} << 33U) - 1;  // eleven octal digits
        if (size > largest) throw Error{fmt::format("{} is too large for a layer", name)};
        if (!more.empty()) records(tar_more, more);
        put_text(header.name, name);
        put_text(header.link, link);
        put_number(header.mode, status.st_mode & 07777U);
        put_number(header.size, size);
        header.type = type;
        seal(header);
    }

    void seal(TarHeader& header) {
        put_number(header.mtime, 0);
        put_text(header.magic, {tar_magic, header.magic.size()});
        header.checksum.fill(' ');
        const auto* bytes = reinterpret_cast<const unsigned char*>(&header);
        const auto sum = std::accumulate(bytes, bytes + sizeof header, 0U);
        put_text(header.checksum, fmt::format("{:06o}", sum));
        header.checksum[6] = '\0';
        add({reinterpret_cast<const char*>(&header), sizeof header});
    }

    void add(std::string_view bytes) {
        waiting_ += bytes;
        if (waiting_.size() >= piece_size) write_out();
    }

    void write_out() {
        std::string_view rest = waiting_;
        while (!rest.empty()) {
            const auto written =
                checked("write a prepared layer", ::write(file_, rest.data(), rest.size()));
            rest.remove_prefix(static_cast<std::size_t>(written));
        }
        waiting_.clear();
    }

    int file_;
    std::string waiting_{};
};

}  // namespace

void pack_layer(const fs::path& folder, std::string_view about, int file) {
    LayerWriter writer{file};
    writer.about(about);
    writer.folder(folder, ".");
    writer.finish();
}

}  // namespace etimedout
