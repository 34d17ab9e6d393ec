// A first program for the tests of the virtual machine: does what its first argument says.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

namespace {

void show_random_bytes() {
    unsigned char bytes[32]{};
    const int random = open("/dev/urandom", O_RDONLY);
    if (read(random, bytes, sizeof bytes) != sizeof bytes) std::puts("no random bytes");
    for (const unsigned char byte : bytes) std::printf("%02x", byte);
    std::puts("");
}

void show_memory() {
    std::FILE* file = std::fopen("/proc/meminfo", "r");
    char line[128];
    while (file != nullptr && std::fgets(line, sizeof line, file) != nullptr) {
        if (std::strncmp(line, "MemTotal", 8) == 0) std::fputs(line, stdout);
    }
}

void show_clocks() {
    std::printf("wall %ld\n", static_cast<long>(std::time(nullptr)));
    const auto before = __rdtsc();
    const timespec hour{3600, 0};
    nanosleep(&hour, nullptr);
    std::printf("tsc advanced by %llu s\n", (__rdtsc() - before) / 1'000'000'000ULL);
}

[[noreturn]] void spin() {
    // An access that the compiler must not drop, or this would be no loop at all.
    static volatile unsigned turns = 0;
    for (;;) static_cast<void>(turns);
}

[[noreturn]] void eat_memory() {
    constexpr std::size_t bite = 1 << 20;
    for (;;) std::memset(std::malloc(bite), 1, bite);
}

// Runs `what` in a child and says how that ended.
template <class What>
void in_child(What what) {
    const pid_t child = fork();
    if (child == 0) what();
    int status = 0;
    waitpid(child, &status, 0);
    std::printf("child ended by signal %d, note %s\n", WTERMSIG(status),
                access("/run/stalled", F_OK) == 0 ? "there" : "not there");
}

// Fills the vector registers, gives way to others, takes a page fault, gives way again, and says
// whether all still hold what they held.
bool keeps_its_registers(unsigned char pattern) {
    alignas(16) unsigned char held[16 * 16];
    alignas(16) unsigned char found[sizeof held]{};
    for (std::size_t i = 0; i < sizeof held; ++i) {
        held[i] = static_cast<unsigned char>(pattern + i);
    }
    void* fresh = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    // One statement, since between two the compiler may use the registers itself.
    asm volatile(
        "movdqa (%[held]), %%xmm0\n movdqa 16(%[held]), %%xmm1\n"
        "movdqa 112(%[held]), %%xmm7\n movdqa 240(%[held]), %%xmm15\n"
        "mov %[yield], %%eax\n syscall\n"
        "movb $1, (%[fresh])\n"
        "mov %[yield], %%eax\n syscall\n"
        "movdqa %%xmm0, (%[found])\n movdqa %%xmm1, 16(%[found])\n"
        "movdqa %%xmm7, 112(%[found])\n movdqa %%xmm15, 240(%[found])\n"
        :
        : [held] "r"(held), [found] "r"(found), [fresh] "r"(fresh), [yield] "i"(SYS_sched_yield)
        : "rax", "rcx", "r11", "xmm0", "xmm1", "xmm7", "xmm15", "memory");
    munmap(fresh, 4096);
    for (const std::size_t at : {0, 16, 112, 240}) {
        if (std::memcmp(held + at, found + at, 16) != 0) return false;
    }
    return true;
}

// Threads, which share a process on the host, beside processes that have their own.
void compare_registers() {
    const auto work = [](unsigned char pattern) {
        for (int round = 0; round < 50; ++round) {
            if (!keeps_its_registers(pattern)) return false;
        }
        return true;
    };
    const pid_t child = fork();
    if (child == 0) _exit(work(1) ? 0 : 1);
    bool second = false;
    std::thread other{[&] { second = work(2); }};
    const bool third = work(3);
    other.join();
    int status = -1;
    waitpid(child, &status, 0);
    std::printf("registers kept: %d %d %d\n", status == 0, second, third);
}

}  // namespace

int main(int count, char** arguments) {
    mount("devtmpfs", "/dev", "devtmpfs", 0, "");
    mount("proc", "/proc", "proc", 0, "");
    const std::string_view what = count > 1 ? arguments[1] : "";
    // The run's own folder on the host.
    if (count > 2) mount("run", "/run", "hostfs", MS_RDONLY, arguments[2]);

    if (what == "random") show_random_bytes();
    if (what == "memory") show_memory();
    if (what == "clocks") show_clocks();
    if (what == "arguments") {
        for (int i = 2; i < count; ++i) std::printf("[%s]\n", arguments[i]);
    }
    if (what == "registers") compare_registers();
    if (what == "child-spins") in_child(spin);
    if (what == "child-eats") in_child(eat_memory);
    if (what == "spins") spin();
    if (what == "chatters") {
        std::setvbuf(stdout, nullptr, _IOFBF, 1 << 16);
        for (int i = 0; i < 50'000; ++i) std::printf("line %d\n", i);
    }
    if (what == "ends") return 3;
    std::fflush(stdout);
    reboot(RB_POWER_OFF);
}
