// A first program for the tests of the virtual machine: does what its first argument says.
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/time.h>
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

long nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000L + time.tv_nsec; }

// As the C library reads it, which is without asking the kernel where that is possible.
long read_clock(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    return nanoseconds(time);
}

long ask_kernel(clockid_t clock) {
    timespec time{};
    syscall(SYS_clock_gettime, clock, &time);
    return nanoseconds(time);
}

void show_clocks() {
    std::printf("wall %ld\n", static_cast<long>(std::time(nullptr)));
    const auto before = __rdtsc();
    const timespec hour{3600, 0};
    nanosleep(&hour, nullptr);
    std::printf("tsc advanced by %llu s\n", (__rdtsc() - before) / 1'000'000'000ULL);
}

// Whether each read of a clock, by whichever way, is 256 ns after the one before.
bool moves_evenly(clockid_t clock) {
    constexpr int rounds = 10'000;  // some timer of the kernel comes between
    int even = 0;
    long before = ask_kernel(clock);
    for (int i = 0; i < rounds; ++i) {
        const long now = i % 3 == 0 ? ask_kernel(clock) : read_clock(clock);
        if (now - before == 256) ++even;
        before = now;
    }
    return even > rounds - 20;
}

volatile std::sig_atomic_t alarms = 0;

void poll_clocks() {
    std::printf("even: %d %d\n", moves_evenly(CLOCK_MONOTONIC), moves_evenly(CLOCK_REALTIME));
    timeval day{};
    gettimeofday(&day, nullptr);
    const long behind = read_clock(CLOCK_REALTIME) / 1000 - (day.tv_sec * 1'000'000L + day.tv_usec);
    std::printf("time of day: %d\n", behind >= 0 && behind <= 1);

    // Seconds of virtual time, in steps of 256 ns: asking the kernel each time would take minutes.
    const long begin = read_clock(CLOCK_MONOTONIC);
    while (read_clock(CLOCK_MONOTONIC) < begin + 5'000'000'000L) {
    }
    std::signal(SIGALRM, [](int) { alarms = alarms + 1; });
    const itimerval timer{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_usec = 100'000}};
    const long armed = read_clock(CLOCK_MONOTONIC);
    setitimer(ITIMER_REAL, &timer, nullptr);
    long now = armed;
    while (alarms == 0) now = read_clock(CLOCK_MONOTONIC);
    const long late = now - armed - 100'000'000L;
    std::printf("timer within a poll: %s\n", late >= 0 && late < 20'000 ? "in time" : "late");
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

// Fills the vector registers, makes a system call, takes a page fault, gives way to others, and
// says whether all still hold what they held. After a fork that is in both processes.
bool keeps_its_registers(unsigned char pattern, long number, long first = 0, long second = 0,
                         long* result = nullptr) {
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
        "syscall\n"
        "mov %%rax, %[number]\n"
        "movb $1, (%[fresh])\n"
        "mov %[yield], %%eax\n syscall\n"
        "movdqa %%xmm0, (%[found])\n movdqa %%xmm1, 16(%[found])\n"
        "movdqa %%xmm7, 112(%[found])\n movdqa %%xmm15, 240(%[found])\n"
        : [number] "=&r"(number)
        : [held] "r"(held), [found] "r"(found), [fresh] "r"(fresh), [yield] "i"(SYS_sched_yield),
          "a"(number), "D"(first), "S"(second)
        : "rcx", "r11", "xmm0", "xmm1", "xmm7", "xmm15", "memory");
    if (result != nullptr) *result = number;
    munmap(fresh, 4096);
    for (const std::size_t at : {0, 16, 112, 240}) {
        if (std::memcmp(held + at, found + at, 16) != 0) return false;
    }
    return true;
}

// Repeats it while others do the same with registers of their own.
bool keeps_them_beside_others(unsigned char pattern) {
    for (int round = 0; round < 50; ++round) {
        if (!keeps_its_registers(pattern, SYS_sched_yield)) return false;
    }
    return true;
}

int exit_code_of(pid_t child) {
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool keeps_them_over_a_fork() {
    long child = 0;
    const bool kept = keeps_its_registers(4, SYS_fork, 0, 0, &child);
    if (child == 0) _exit(kept ? 0 : 1);
    return kept && exit_code_of(static_cast<pid_t>(child)) == 0;
}

// The handler leaves others behind in all of them.
bool keeps_them_over_a_signal() {
    std::signal(SIGUSR1, [](int) {
        asm volatile(
            "pcmpeqd %%xmm0, %%xmm0\n pcmpeqd %%xmm1, %%xmm1\n"
            "pcmpeqd %%xmm7, %%xmm7\n pcmpeqd %%xmm15, %%xmm15\n" ::
                : "xmm0", "xmm1", "xmm7", "xmm15");
    });
    return keeps_its_registers(5, SYS_kill, getpid(), SIGUSR1);
}

// A child that borrows our memory, and with it our process on the host, starts another program.
bool keeps_them_over_a_program() {
    for (int round = 0; round < 5; ++round) {
        pid_t child = -1;
        char* nothing[] = {nullptr};
        char name[] = "/proc/self/exe", what[] = "nothing";
        char* arguments[] = {name, what, nullptr};
        const int failed = posix_spawn(&child, name, nullptr, nullptr, arguments, nothing);
        const bool kept = keeps_its_registers(6, SYS_sched_yield);
        if (failed != 0 || exit_code_of(child) != 4 || !kept) return false;
    }
    return true;
}

void compare_registers() {
    // Threads share a process on the host; other processes have their own.
    const pid_t child = fork();
    if (child == 0) _exit(keeps_them_beside_others(1) ? 0 : 1);
    bool second = false;
    std::thread other{[&] { second = keeps_them_beside_others(2); }};
    const bool third = keeps_them_beside_others(3);
    other.join();
    std::printf("registers kept: %d %d %d\n", exit_code_of(child) == 0, second, third);
    std::printf("over a fork, a signal, a program: %d %d %d\n", keeps_them_over_a_fork(),
                keeps_them_over_a_signal(), keeps_them_over_a_program());
}

sigjmp_buf after_fault;
volatile std::sig_atomic_t fault_signal = 0;
void* volatile fault_address = nullptr;

// Which signal an access ends in, if in one for this address; 0 where it is allowed.
template <class Access>
int fault_of(volatile unsigned char* address, Access access) {
    fault_signal = 0;
    if (sigsetjmp(after_fault, 1) == 0) access(*address);
    return fault_signal != 0 && fault_address != address ? -1 : fault_signal;
}

int fault_of_read(volatile unsigned char* address) {
    return fault_of(address, [](volatile unsigned char& byte) {
        static_cast<void>(static_cast<unsigned char>(byte));
    });
}

int fault_of_write(volatile unsigned char* address) {
    return fault_of(address, [](volatile unsigned char& byte) { byte = 'w'; });
}

unsigned char* map_pages(std::size_t pages, int protection, int flags, int file = -1) {
    constexpr std::size_t page = 4096;
    void* mapped = mmap(nullptr, pages * page, protection, flags, file, 0);
    return mapped == MAP_FAILED ? nullptr : static_cast<unsigned char*>(mapped);
}

// Deep enough for a stack to grow by many pages.
int sum_down(int depth) {
    volatile unsigned char room[2000];
    room[0] = static_cast<unsigned char>(depth);
    return depth == 0 ? 0 : 1 + sum_down(depth - 1) + (room[0] - static_cast<unsigned char>(depth));
}

// Each kind of memory, read and written, where that is allowed and where it is not.
void use_memory() {
    struct sigaction action {};
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    action.sa_sigaction = [](int signal, siginfo_t* info, void*) {
        fault_signal = signal;
        fault_address = info->si_addr;
        siglongjmp(after_fault, 1);
    };
    sigaction(SIGSEGV, &action, nullptr);
    sigaction(SIGBUS, &action, nullptr);

    constexpr std::size_t page = 4096;
    constexpr int both = PROT_READ | PROT_WRITE;
    mount("tmpfs", "/tmp", "tmpfs", 0, "");
    const int file = open("/tmp/file", O_RDWR | O_CREAT, 0600);
    for (int i = 0; i < 3; ++i) {
        std::string text(page, static_cast<char>('a' + i));
        if (write(file, text.data(), text.size()) < 0) return;
    }

    unsigned char* closed = map_pages(4, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS);
    unsigned char* readable = map_pages(4, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS);
    unsigned char* open_ = map_pages(4, both, MAP_PRIVATE | MAP_ANONYMOUS);
    std::printf("closed: %d %d\n", fault_of_read(closed), fault_of_write(closed + page));
    std::printf("readable: %d %d\n", fault_of_read(readable), fault_of_write(readable));
    std::printf("open: %d %d\n", fault_of_write(open_), fault_of_read(open_ + page));
    mprotect(open_, page, PROT_READ);
    std::printf("protected: %d %d\n", fault_of_write(open_), fault_of_write(open_ + page));
    mprotect(open_, page, both);
    std::printf("open again: %d\n", fault_of_write(open_));
    std::printf("nothing: %d\n", fault_of_read(nullptr));

    // A private mapping keeps what is written to itself; behind the file's end there is nothing.
    unsigned char* own = map_pages(6, both, MAP_PRIVATE, file);
    unsigned char* shared = map_pages(6, both, MAP_SHARED, file);
    std::printf("own: %c %c\n", own[0], own[page + 7]);
    own[page] = 'o';
    shared[2 * page] = 's';
    char in_file[2]{};
    if (pread(file, in_file, 1, page) != 1 || pread(file, in_file + 1, 1, 2 * page) != 1) return;
    std::printf("in the file: %c %c\n", in_file[0], in_file[1]);
    std::printf("behind the end: %d %d\n", fault_of_read(own + 4 * page),
                fault_of_write(shared + 4 * page));

    // After a fork each has its own, but for what is shared.
    unsigned char* common = map_pages(1, both, MAP_SHARED | MAP_ANONYMOUS);
    common[0] = 'p';
    const pid_t child = fork();
    if (child == 0) {
        const bool seen = own[page] == 'o' && open_[0] == 'w' && common[0] == 'p';
        own[page] = open_[0] = common[0] = 'c';
        _exit(seen && own[page + 1] == 'b' ? 0 : 1);
    }
    const bool child_saw = exit_code_of(child) == 0;
    std::printf("after a fork: %d %c %c %c\n", child_saw, own[page], open_[0], common[0]);
    std::printf("stack: %d\n", sum_down(1000));
}

}  // namespace

int main(int count, char** arguments) {
    if (getpid() != 1) return 4;  // started by a test of ours
    mount("devtmpfs", "/dev", "devtmpfs", 0, "");
    mount("proc", "/proc", "proc", 0, "");
    const std::string_view what = count > 1 ? arguments[1] : "";
    // The run's own folder on the host.
    if (count > 2) mount("run", "/run", "hostfs", MS_RDONLY, arguments[2]);

    if (what == "random") show_random_bytes();
    if (what == "memory") show_memory();
    if (what == "clocks") show_clocks();
    if (what == "polls") poll_clocks();
    if (what == "memory-use") {
        const pid_t child = fork();  // the kernel says a word to each fault of process 1
        if (child == 0) {
            use_memory();
            std::fflush(stdout);
            _exit(0);
        }
        exit_code_of(child);
    }
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
