// Layers: a folder in one file and back.
#include <chrono>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "simulator/base/error.hh"
#include "simulator/base/fd.hh"
#include "simulator/node/layer.hh"
#include "simulator/node/mounts.hh"
#include "simulator/node/text.hh"

namespace etimedout {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Layer : public ::testing::Test {
protected:
    Layer() { fs::create_directories(folder / "from"); }
    ~Layer() override { fs::remove_all(folder); }

    fs::path pack(const std::string& name = "layer") {
        const fs::path file = folder / name;
        const Fd opened{
            checked("create", ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644))};
        pack_layer(folder / "from", about, opened.get());
        return file;
    }
    void unpack(const fs::path& file, const fs::path& to) {
        const Fd opened{checked("open", ::open(file.c_str(), O_RDONLY))};
        unpack_layer(opened.get(), to, changed);
    }
    static struct stat status_of(const fs::path& path) {
        struct stat status {};
        EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
        return status;
    }

    const fs::path folder = [] {
        std::string name = (fs::temp_directory_path() / "layer-XXXXXX").string();
        return fs::path{::mkdtemp(name.data())};
    }();
    const std::string about = "run initdb\nsize 7\n";
    const std::chrono::system_clock::time_point changed{std::chrono::seconds{1767225600}};
};

TEST_F(Layer, HoldsFilesFoldersAndLinksWithTheirModes) {
    // What a program finds is what another left, but for the times, which are the world's.
    const std::string long_name(150, 'n');
    make_folders(folder / "from/base/1", 0700);
    write_file(folder / "from/base/1/PG_VERSION", "15\n", 0600);
    write_file(folder / "from/base" / long_name, std::string(1'000'001, 'x'), 04755);
    write_file(folder / "from/empty", "", 0444);
    fs::create_symlink("base/1", folder / "from/current");
    fs::create_symlink("/" + long_name, folder / "from/far");
    make_folder(folder / "from", 0750);
    unpack(pack(), folder / "to");

    EXPECT_EQ(status_of(folder / "to").st_mode, S_IFDIR | 0750U);
    EXPECT_EQ(status_of(folder / "to/base/1").st_mode, S_IFDIR | 0700U);
    EXPECT_EQ(status_of(folder / "to/base/1/PG_VERSION").st_mode, S_IFREG | 0600U);
    EXPECT_EQ(status_of(folder / "to/base" / long_name).st_mode, S_IFREG | 04755U);
    EXPECT_EQ(read_text(folder / "to/base/1/PG_VERSION"), "15\n");
    EXPECT_EQ(read_text(folder / "to/base" / long_name), std::string(1'000'001, 'x'));
    EXPECT_EQ(read_text(folder / "to/empty"), "");
    EXPECT_EQ(fs::read_symlink(folder / "to/current"), "base/1");
    EXPECT_EQ(fs::read_symlink(folder / "to/far"), "/" + long_name);
    for (const auto* name : {"to", "to/base/1", "to/base/1/PG_VERSION", "to/current"}) {
        EXPECT_EQ(status_of(folder / name).st_mtim.tv_sec, 1767225600) << name;
    }
}

TEST_F(Layer, OwnersAreKept) {
    // Only root may give files away.
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    constexpr uid_t large = 70'000'000;  // more than the header's seven octal digits
    write_file(folder / "from/database", "x", 0600);
    write_file(folder / "from/other", "x", 0600);
    ASSERT_EQ(::chown((folder / "from/database").c_str(), 101, 104), 0);
    ASSERT_EQ(::chown((folder / "from/other").c_str(), large, large + 1), 0);
    unpack(pack(), folder / "to");
    EXPECT_EQ(status_of(folder / "to/database").st_uid, 101U);
    EXPECT_EQ(status_of(folder / "to/database").st_gid, 104U);
    EXPECT_EQ(status_of(folder / "to/other").st_uid, large);
    EXPECT_EQ(status_of(folder / "to/other").st_gid, large + 1);
}

TEST_F(Layer, ZerosBecomeHoles) {
    // A database's log is made of zeros at first, and a world's memory is small.
    std::string text(8U << 20U, '\0');
    text[5'000'000] = 'x';
    write_file(folder / "from/log", text, 0600);
    unpack(pack(), folder / "to");
    EXPECT_EQ(read_text(folder / "to/log"), text);
    EXPECT_LT(status_of(folder / "to/log").st_blocks * 512, 1 << 20);
}

TEST_F(Layer, OneFolderIsOneFile) {
    // Whenever it is packed: times are left out, and names are sorted.
    for (const auto* name : {"b", "a", "c"}) write_file(folder / "from" / name, name, 0644);
    const auto first = read_text(pack("first"));
    fs::remove(folder / "from/a");
    write_file(folder / "from/a", "a", 0644);
    EXPECT_EQ(read_text(pack("second")), first);
}

TEST_F(Layer, SaysWhatItIsAbout) {
    const Fd file{checked("open", ::open(pack().c_str(), O_RDONLY))};
    EXPECT_EQ(about_layer(file.get()), about);
}

TEST_F(Layer, WhatIsNoWholeLayerIsRefused) {
    // Cut anywhere, or with a byte changed in a header.
    write_file(folder / "from/a", std::string(3000, 'a'), 0644);
    const fs::path file = pack();
    const std::string whole = read_text(file).value();
    for (std::size_t size = 0; size < whole.size() - 512; size += 256) {
        write_file(file, whole.substr(0, size), 0644);
        EXPECT_THROW(unpack(file, folder / fmt::format("cut-{}", size)), Error) << size;
    }
    for (const std::size_t at : {0UL, 150UL, 1024UL, 1200UL}) {
        std::string wrong = whole;
        wrong[at] ^= 1;
        write_file(file, wrong, 0644);
        EXPECT_THROW(unpack(file, folder / fmt::format("wrong-{}", at)), Error) << at;
    }
}

}  // namespace

}  // namespace etimedout
