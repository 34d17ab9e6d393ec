// Runs the tests of kernel network objects in namespaces of their own, or as process 1.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

constexpr std::string_view arguments_option = "--arguments=";

void mount_or_die(const char* type, const char* where) {
    if (::mount(type, where, type, 0, nullptr) == 0) return;
    std::perror(where);
    std::exit(3);
}

// Process 1 finds nothing but a read-only root.
void settle_as_first_process() {
    mount_or_die("proc", "/proc");
    mount_or_die("sysfs", "/sys");
    mount_or_die("tmpfs", "/run");
    mount_or_die("devtmpfs", "/dev");
    ::setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
}

[[noreturn]] void power_off(int code) {
    std::printf("etimedout-tests: exit %d\n", code);
    std::fflush(nullptr);
    ::reboot(RB_POWER_OFF);
    std::exit(code);
}

void write_file(const char* path, const std::string& text) {
    std::ofstream file{path};
    file << text;
}

// Root of a user namespace may do all that these tests do; before there are any threads.
void enter_own_namespaces() {
    const unsigned user = ::geteuid();
    const unsigned group = ::getegid();
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) {
        write_file("/proc/self/setgroups", "deny");
        write_file("/proc/self/uid_map", "0 " + std::to_string(user) + " 1");
        write_file("/proc/self/gid_map", "0 " + std::to_string(group) + " 1");
        return;
    }
    if (::unshare(CLONE_NEWNET) == 0) return;
    std::puts("no namespaces here: the tests that need one will skip");
}

std::vector<std::string> read_arguments(int argc, char** argv) {
    std::vector<std::string> words{argv, argv + argc};
    if (argc < 2 || !words[1].starts_with(arguments_option)) return words;
    std::ifstream file{words[1].substr(arguments_option.size())};
    words.erase(words.begin() + 1);
    for (std::string line; std::getline(file, line);) words.push_back(line);
    return words;
}

}  // namespace

int main(int argc, char** argv) {
    const bool first_process = ::getpid() == 1;
    // Before anything is mounted over the folder they are in.
    std::vector<std::string> words = read_arguments(argc, argv);
    if (first_process) {
        settle_as_first_process();
    } else {
        enter_own_namespaces();
    }
    std::vector<char*> pointers;
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    int count = static_cast<int>(words.size());
    ::testing::InitGoogleTest(&count, pointers.data());
    const int code = RUN_ALL_TESTS();
    if (first_process) power_off(code);
    return code;
}
