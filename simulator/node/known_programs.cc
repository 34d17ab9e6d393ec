// Programs: which Debian package brings one, where it is installed, and which version it is.
#include "simulator/node/known_programs.hh"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "simulator/node/child.hh"
#include "simulator/node/shell_command.hh"
#include "simulator/node/text.hh"

namespace etimedout {

namespace {

struct KnownProgram {
    std::string_view name;
    std::string_view package;
    std::string_view version_option = "--version";
};

constexpr std::array known_programs{
    KnownProgram{"ab", "apache2-utils", "-V"},
    KnownProgram{"apache2", "apache2", "-v"},
    KnownProgram{"apache2ctl", "apache2", "-v"},
    KnownProgram{"bash", "bash"},
    KnownProgram{"caddy", "caddy", "version"},
    KnownProgram{"curl", "curl"},
    KnownProgram{"dig", "bind9-dnsutils", "-v"},
    KnownProgram{"dnsmasq", "dnsmasq-base"},
    KnownProgram{"envoy", "envoy"},
    KnownProgram{"go", "golang-go", "version"},
    KnownProgram{"gunicorn", "gunicorn"},
    KnownProgram{"haproxy", "haproxy", "-v"},
    KnownProgram{"http", "httpie"},
    KnownProgram{"httpd", "apache2", "-v"},
    KnownProgram{"initdb", "postgresql"},
    KnownProgram{"ip", "iproute2", "-V"},
    KnownProgram{"iperf3", "iperf3"},
    KnownProgram{"java", "default-jre-headless", "-version"},
    KnownProgram{"javac", "default-jdk-headless", "-version"},
    KnownProgram{"lighttpd", "lighttpd", "-v"},
    KnownProgram{"lua", "lua5.4", "-v"},
    KnownProgram{"mariadb", "mariadb-client"},
    KnownProgram{"mariadbd", "mariadb-server"},
    KnownProgram{"memcached", "memcached"},
    KnownProgram{"mysql", "default-mysql-client"},
    KnownProgram{"mysqld", "default-mysql-server"},
    KnownProgram{"nc", "netcat-openbsd", "-h"},
    KnownProgram{"nft", "nftables"},
    KnownProgram{"nginx", "nginx-light", "-v"},
    KnownProgram{"node", "nodejs"},
    KnownProgram{"npm", "npm"},
    KnownProgram{"npx", "npm"},
    KnownProgram{"openssl", "openssl", "version"},
    KnownProgram{"perl", "perl", "-v"},
    KnownProgram{"pgbench", "postgresql-contrib"},
    KnownProgram{"pgbouncer", "pgbouncer"},
    KnownProgram{"php", "php-cli"},
    KnownProgram{"php-fpm", "php-fpm"},
    KnownProgram{"ping", "iputils-ping", "-V"},
    KnownProgram{"postgres", "postgresql"},
    KnownProgram{"psql", "postgresql-client"},
    KnownProgram{"python", "python-is-python3"},
    KnownProgram{"python3", "python3"},
    KnownProgram{"redis-cli", "redis-tools"},
    KnownProgram{"redis-server", "redis-server"},
    KnownProgram{"ruby", "ruby"},
    KnownProgram{"setpriv", "util-linux"},
    KnownProgram{"siege", "siege"},
    KnownProgram{"socat", "socat", "-V"},
    KnownProgram{"sqlite3", "sqlite3"},
    KnownProgram{"squid", "squid", "-v"},
    KnownProgram{"ss", "iproute2", "-V"},
    KnownProgram{"stunnel4", "stunnel4", "-version"},
    KnownProgram{"tc", "iproute2", "-V"},
    KnownProgram{"tcpdump", "tcpdump"},
    KnownProgram{"traefik", "traefik", "version"},
    KnownProgram{"unbound", "unbound", "-V"},
    KnownProgram{"uvicorn", "uvicorn"},
    KnownProgram{"varnishd", "varnish", "-V"},
    KnownProgram{"wget", "wget"},
    KnownProgram{"wrk", "wrk", "-v"},
};

// Each once, in order, so that a reader finds them.
static_assert(std::ranges::is_sorted(known_programs, std::ranges::less_equal{},
                                     &KnownProgram::name));

const KnownProgram* known(std::string_view program) {
    const std::size_t slash = program.rfind('/');
    if (slash != std::string_view::npos) program.remove_prefix(slash + 1);
    const auto found = std::ranges::find(known_programs, program, &KnownProgram::name);
    return found != known_programs.end() ? &*found : nullptr;
}

bool executable(const std::filesystem::path& path) {
    std::error_code problem;
    return std::filesystem::is_regular_file(path, problem) && ::access(path.c_str(), X_OK) == 0;
}

// What a program says about itself, at most 64 KiB of it, until it ends or `limit` has passed.
std::string output_of(const std::filesystem::path& program, std::string_view option,
                      Duration limit) {
    constexpr std::size_t most = 64U << 10U;
    std::array<int, 2> ends{};
    checked("pipe", ::pipe2(ends.data(), O_CLOEXEC));
    const Fd reader{ends[0]};
    Fd writer{ends[1]};
    SpawnPlan plan;
    plan.arguments = {program.string(), std::string{option}};
    plan.env = default_environment();
    plan.standard_output = writer.get();
    plan.standard_error = writer.get();
    const Child child{plan};
    writer.reset();
    const WorldClock clock;
    std::string output;
    std::array<char, 4096> piece{};
    while (output.size() < most && clock.now() < limit) {
        pollfd watched{reader.get(), POLLIN, 0};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(limit - clock.now());
        if (::poll(&watched, 1, static_cast<int>(left.count())) <= 0) continue;
        const ssize_t got = ::read(reader.get(), piece.data(), piece.size());
        if (got <= 0) break;
        output.append(piece.data(), static_cast<std::size_t>(got));
    }
    return output;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The first thing that looks like a version: numbers with dots between them.
std::string first_version(std::string_view text) {
    for (std::size_t begin = 0; begin < text.size(); ++begin) {
        if (!is_digit(text[begin]) || (begin > 0 && is_digit(text[begin - 1]))) continue;
        std::size_t end = begin;
        bool dotted = false;
        while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) {
            dotted =
                dotted || (text[end] == '.' && end + 1 < text.size() && is_digit(text[end + 1]));
            ++end;
        }
        while (text[end - 1] == '.') --end;
        if (dotted) return std::string{text.substr(begin, end - begin)};
    }
    return {};
}

std::optional<std::vector<std::int64_t>> version_numbers(std::string_view text) {
    std::vector<std::int64_t> numbers;
    for (const auto part : split(text, '.')) {
        const auto number = decimal(part);
        if (!number) return std::nullopt;
        numbers.push_back(*number);
    }
    while (!numbers.empty() && numbers.back() == 0) numbers.pop_back();
    return numbers;
}

}  // namespace

std::optional<std::string> debian_package(std::string_view program) {
    const auto* found = known(program);
    if (found == nullptr) return std::nullopt;
    return std::string{found->package};
}

std::optional<std::filesystem::path> find_program(std::string_view name) {
    if (name.empty()) return std::nullopt;
    if (name.find('/') != std::string_view::npos) {
        const std::filesystem::path path{name};
        return executable(path) ? std::optional{path} : std::nullopt;
    }
    for (const auto folder : split(search_path, ':')) {
        auto path = std::filesystem::path{folder} / name;
        if (executable(path)) return path;
    }
    return std::nullopt;
}

std::optional<Problem> missing_program(std::string_view shell_command,
                                       const std::filesystem::path& folder) {
    const auto program = first_program(shell_command);
    if (!program || *program == own_program) return std::nullopt;
    if (program->find('/') != std::string::npos) {
        // An absolute path stays what it is.
        const auto path = folder / *program;
        if (executable(path)) return std::nullopt;
        std::error_code problem;
        if (std::filesystem::exists(path, problem)) {
            return Problem{fmt::format("{} is not executable", *program),
                           fmt::format("chmod +x {}", path.string())};
        }
        const auto package = debian_package(*program);
        return Problem{fmt::format("there is no program {}", path.string()),
                       package ? fmt::format("apt-get install {}", *package)
                               : "correct the path, or build the program first"};
    }
    if (find_program(*program)) return std::nullopt;
    const auto package = debian_package(*program);
    return Problem{fmt::format("{} is not installed", *program),
                   package ? fmt::format("apt-get install {}", *package)
                           : fmt::format("install it into a folder of PATH={}", search_path)};
}

Result<std::string> program_version(std::string_view name, Duration limit) {
    const auto path = find_program(name);
    if (!path) {
        const auto missing = missing_program(name, "/");
        return missing.value_or(Problem{fmt::format("{} is not installed", name), {}});
    }
    const auto* program = known(name);
    const std::string_view option = program != nullptr ? program->version_option : "--version";
    std::string version = first_version(output_of(*path, option, limit));
    if (version.empty()) {
        return Problem{fmt::format("`{} {}` says no version", path->string(), option),
                       "leave out the version in `needs:`"};
    }
    return version;
}

Result<bool> fulfils(std::string_view version, std::string_view requirement) {
    std::string_view wanted = requirement;
    const std::size_t operator_size = std::min(wanted.find_first_not_of("<>="), wanted.size());
    const std::string_view sign = operator_size > 0 ? wanted.substr(0, operator_size) : ">=";
    wanted.remove_prefix(operator_size);
    while (wanted.starts_with(' ')) wanted.remove_prefix(1);
    const auto have = version_numbers(version);
    const auto need = version_numbers(wanted);
    if (!have) return Problem{fmt::format("`{}` is not a version", version), {}};
    if (!need) {
        return Problem{fmt::format("`{}` is not a version", requirement),
                       "write it as in \">=1.22\""};
    }
    if (sign == ">=") return *have >= *need;
    if (sign == "<=") return *have <= *need;
    if (sign == ">") return *have > *need;
    if (sign == "<") return *have < *need;
    if (sign == "=" || sign == "==") return *have == *need;
    return Problem{fmt::format("`{}` is not a comparison", sign), "use one of >= <= > < ="};
}

}  // namespace etimedout
