// The pure parts of nodes: users, shell commands, versions, generated files, lines, mount plans.
#include <filesystem>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "simulator/node/generated_files.hh"
#include "simulator/node/host_tree.hh"
#include "simulator/node/known_programs.hh"
#include "simulator/node/machine.hh"
#include "simulator/node/output_log.hh"
#include "simulator/node/program.hh"
#include "simulator/node/root_file_system.hh"
#include "simulator/node/shell_command.hh"
#include "simulator/node/text.hh"
#include "simulator/node/users.hh"

namespace etimedout {

namespace {

namespace fs = std::filesystem;
using namespace std::literals;

constexpr auto passwd =
    "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n"
    "broken\npostgres:x:103:111::/var/lib/postgresql:/bin/bash\n"sv;
constexpr auto group = "root:x:0:\nssl-cert:x:110:postgres,www-data\npostgres:x:111:\nx:y\n"sv;

TEST(Users, AreFoundByNameWithTheirGroups) {
    // initgroups(3): the user's own group and all that list him.
    EXPECT_EQ(*find_user("postgres", passwd, group), (UserIds{"postgres", 103, 111, {111, 110}}));
    EXPECT_EQ(*find_user("33", passwd, group), (UserIds{"www-data", 33, 33, {33, 110}}));
    EXPECT_EQ(*find_user("4000", passwd, group), (UserIds{"4000", 4000, 4000, {4000}}));
    EXPECT_EQ(find_user("nginx", passwd, group).error().message, "there is no user `nginx`");
    EXPECT_EQ(find_group("ssl-cert", group), 110U);
    EXPECT_EQ(find_group("nope", group), std::nullopt);
}

TEST(ShellCommand, TheProgramIsItsFirstWord) {
    // Less what only prepares it.
    EXPECT_EQ(first_program("nginx -g 'daemon off;'"), "nginx");
    EXPECT_EQ(first_program("A=1 B='x y' exec env -i C=2 ./server --port 1"), "./server");
    EXPECT_EQ(first_program("'/opt/my app/run' x"), "/opt/my app/run");
    EXPECT_EQ(first_program("  \n curl -s | grep x"), "curl");
    EXPECT_EQ(first_program("java -jar x.jar > log 2>&1"), "java");
}

TEST(ShellCommand, WhatOnlyTheShellKnowsIsNotGuessed) {
    // A wrong guess would refuse a command that works.
    for (const auto* command :
         {"cd /x && ./server", "$SERVER -p 1", "if true; then x; fi", "", "(x)", "`which x`",
          "while :; do nc -l 1; done", "env -u X y", "exec", "exec 2>/dev/null; x", "f() { x; }"}) {
        EXPECT_EQ(first_program(command), std::nullopt) << command;
    }
}

TEST(ShellCommand, ASimpleCommandIsExecuted) {
    // So that the shell does not stand between the program and its signals.
    EXPECT_EQ(with_exec("nginx -g 'daemon off;'"), "exec nginx -g 'daemon off;'");
    EXPECT_EQ(with_exec("A=1 ./server > /tmp/log 2>&1"), "A=1 exec ./server > /tmp/log 2>&1");
    EXPECT_EQ(with_exec("./server ${PORT} \"$X\""), "exec ./server ${PORT} \"$X\"");
    for (const auto* command : {"a; b", "a && b", "a | b", "a &", "exec a", "cd x", "a $(b)",
                                "{ a; }", "a \"`b`\"", "for x in y; do z; done", "a 'unclosed"}) {
        EXPECT_EQ(with_exec(command), command);
    }
}

TEST(KnownPrograms, EachNamesItsDebianPackage) {
    // Which often is not called as the program is.
    EXPECT_EQ(debian_package("nginx"), "nginx-light");
    EXPECT_EQ(debian_package("/usr/sbin/nginx"), "nginx-light");
    EXPECT_EQ(debian_package("node"), "nodejs");
    EXPECT_EQ(debian_package("java"), "default-jre-headless");
    EXPECT_EQ(debian_package("my-server"), std::nullopt);
}

TEST(KnownPrograms, AMissingProgramComesWithTheRemedy) {
    // Before anything is started, and as the shell would look for it.
    EXPECT_EQ(missing_program("sh -c x", "/"), std::nullopt);
    EXPECT_EQ(missing_program("cd x; anything", "/"), std::nullopt);
    const auto unknown = missing_program("no-such-program --x", "/");
    ASSERT_TRUE(unknown.has_value());
    EXPECT_EQ(unknown->message, "no-such-program is not installed");
    const auto relative = missing_program("./client", "/scenario");
    ASSERT_TRUE(relative.has_value());
    EXPECT_EQ(relative->message, "there is no program /scenario/./client");
    EXPECT_FALSE(find_program("no-such-program").has_value());
    EXPECT_TRUE(find_program("sh").has_value());
    EXPECT_FALSE(find_program("/etc/passwd").has_value());
}

TEST(KnownPrograms, VersionsAreAskedAndCompared) {
    // Number by number: 1.10 is newer than 1.9.
    const auto version = program_version("bash");
    ASSERT_TRUE(version.has_value());
    EXPECT_TRUE(*fulfils(*version, ">=3.0"));
    EXPECT_TRUE(*fulfils("1.10.0", ">=1.9"));
    EXPECT_TRUE(*fulfils("1.22", "1.22.0"));
    EXPECT_FALSE(*fulfils("1.22.1", "= 1.22"));
    EXPECT_TRUE(*fulfils("1.22.1", "< 2"));
    EXPECT_FALSE(*fulfils("2.0", "<=1.99"));
    EXPECT_FALSE(fulfils("2.0", "~2").has_value());
    EXPECT_FALSE(fulfils("2.0", ">=x").has_value());
    EXPECT_EQ(program_version("no-such-program").error().message,
              "no-such-program is not installed");
}

TEST(GeneratedFiles, NothingInThemComesFromTheHost) {
    // The same plan gives the same files on every machine.
    std::map<std::string, std::string> files;
    for (const auto& file : common_files()) files[file.name] = file.content;
    for (const auto& file : own_files({"gateway", "127.0.0.1 localhost\n", std::nullopt})) {
        files[file.name] = file.content;
    }
    EXPECT_EQ(files.size(), 9U);
    EXPECT_EQ(files.at("hostname"), "gateway\n");
    EXPECT_EQ(files.at("localtime").size(), 114U);
    EXPECT_EQ(files.at("machine-id").size(), 33U);
    EXPECT_EQ(files.at("hosts"), "127.0.0.1 localhost\n");
    const auto own = own_files({"x", "", "nameserver 10.0.0.53\n"});
    EXPECT_EQ(own.at(1).content, "nameserver 10.0.0.53\n");
}

TEST(GeneratedFiles, FoldersOfRunComeFromTmpfilesD) {
    // What systemd-tmpfiles would make at boot, and without which daemons do not start.
    const auto folders = folders_of_run(
        "# comment\nd /run/postgresql 2775 postgres postgres - -\nD /var/run/x\nf /run/file 0644\n"
        "d /run/user/%U 0700\nd /tmp/x 1777\nd! /run/boot/ - - - -\n");
    ASSERT_EQ(folders.size(), 3U);
    EXPECT_EQ(folders[0].path, "/run/postgresql");
    EXPECT_EQ(folders[0].mode, 02775U);
    EXPECT_EQ(folders[0].user, "postgres");
    EXPECT_EQ(folders[1].path, "/run/x");
    EXPECT_EQ(folders[1].mode, 0755U);
    EXPECT_EQ(folders[2].path, "/run/boot");
}

TEST(HostTree, MountPointsAreReadWithTheirEscapes) {
    // proc_pid_mountinfo(5): the fifth field, blanks as \040.
    EXPECT_EQ(mount_points("22 1 0:20 / / rw - ext4 /dev/a rw\n"
                           "23 22 0:21 / /mnt/my\\040disk rw shared:1 - ext4 /dev/b rw\n"),
              (std::vector<std::string>{"/", "/mnt/my disk"}));
}

TEST(HostTree, FoldersWithMountsInThemAreTakenApart) {
    // An overlay shows one file system; and must not uncover what a mount hides.
    const fs::path root = fs::temp_directory_path() / fmt::format("etimedout-tree-{}", ::getpid());
    for (const auto* folder : {"etc", "usr/lib", "srv/data/big", "srv/plain", "tmp", "a:b"}) {
        fs::create_directories(root / folder);
    }
    fs::create_symlink("usr/lib", root / "lib");
    const auto items = plan_host_tree(root, {"/", "/tmp", "/etc/hosts", "/srv/data/big", "/usr"});
    using Kind = TreeItem::Kind;
    EXPECT_EQ(items, (std::vector<TreeItem>{{Kind::read_only, "/a:b", ""},
                                            {Kind::copied, "/etc", ""},
                                            {Kind::symlink, "/lib", "usr/lib"},
                                            {Kind::folder, "/srv", ""},
                                            {Kind::folder, "/srv/data", ""},
                                            {Kind::overlay, "/srv/data/big", ""},
                                            {Kind::overlay, "/srv/plain", ""},
                                            {Kind::overlay, "/usr", ""}}));
    fs::remove_all(root);
}

TEST(LineSplitter, LinesComeOutWholeHoweverTheyComeIn) {
    // A pipe knows no lines: any split of the bytes gives the same ones.
    const std::string text = "one\ntwo\r\n\nthree";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        std::vector<std::string> lines;
        const auto take = [&](std::string_view line) { lines.emplace_back(line); };
        LineSplitter splitter;
        splitter.feed(std::string_view{text}.substr(0, cut), take);
        splitter.feed(std::string_view{text}.substr(cut), take);
        splitter.finish(take);
        splitter.finish(take);
        EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "", "three"})) << cut;
    }
}

TEST(LineSplitter, ALongLineIsCutBetweenCharacters) {
    // 16 KiB are kept and the rest is counted; a cut through a UTF-8 sequence would spoil it.
    std::vector<std::string> lines;
    const auto take = [&](std::string_view line) { lines.emplace_back(line); };
    LineSplitter splitter;
    const std::string head(LineSplitter::longest_line - 1, 'x');
    splitter.feed(head + "€" + std::string(1000, 'y') + "\nnext\n", take);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0], head + " … (1003 more bytes)");
    EXPECT_EQ(lines[1], "next");
}

TEST(OutputLog, AFloodEndsInACount) {
    // The log of a run must stay readable whatever a program writes.
    const WorldClock clock;
    MemorySink sink;
    OutputLog log{"gateway", clock, sink};
    for (std::uint64_t i = 0; i < OutputLog::most_lines + 7; ++i) log.line("stdout", "x");
    log.finish();
    log.finish();
    const auto events = sink.take();
    ASSERT_EQ(events.size(), OutputLog::most_lines + 1);
    EXPECT_EQ(std::get<LogLine>(events.back().what).text,
              "7 more lines left out: a program's log ends after 100000");
}

TEST(CutText, GarbageIsCutWhereTheLimitIs) {
    // Bytes that are not UTF-8 have no character to protect.
    EXPECT_EQ(cut_text("\x80\x80\x80\x80\x80\x80", 5).size(), 5U);
    EXPECT_EQ(cut_text("ab€", 4), "ab");
    EXPECT_EQ(cut_text("ab€", 5), "ab€");
}

TEST(Signals, HaveNamesWithAndWithoutSig) {
    // kill(1) takes both.
    EXPECT_EQ(signal_number("TERM"), 15);
    EXPECT_EQ(signal_number("SIGQUIT"), 3);
    EXPECT_EQ(signal_number("9"), 9);
    EXPECT_EQ(signal_number("NOPE"), 0);
    EXPECT_EQ(signal_number("0"), 0);
}

TEST(Machine, EveryProbeHasAReasonAndWhatIsMissingARemedy) {
    // `doctor` prints them as they are.
    for (const auto& capability : probe_machine()) {
        EXPECT_FALSE(capability.name.empty());
        EXPECT_FALSE(capability.reason.empty()) << capability.name;
        EXPECT_EQ(capability.remedy.empty(), capability.present) << capability.name;
        fmt::print("{}: {} ({}) {}\n", capability.name, capability.present ? "yes" : "no",
                   capability.reason, capability.remedy);
    }
}

}  // namespace

}  // namespace etimedout
