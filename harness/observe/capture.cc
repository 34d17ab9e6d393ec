// Captures: every packet of an interface with its time, into a file, while the world runs.
#include "harness/observe/capture.hh"

#include <array>
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "simulator/base/timestamp.hh"
#include "simulator/wire/pcap_file.hh"

namespace etimedout {

struct PcapClose {
    void operator()(pcap_t* handle) const { ::pcap_close(handle); }
};
using PcapHandle = std::unique_ptr<pcap_t, PcapClose>;

namespace {

// Files lie on the host, where each write from a virtual world is a system call of the host's.
constexpr std::size_t flushed_from = 1U << 20U;

// Whether a frame is traffic of programs, and not of the network itself (ARP, neighbour discovery).
bool is_traffic(std::span<const std::byte> frame) {
    constexpr std::size_t type_at = 12;     // Ethernet's, two bytes
    constexpr std::size_t next_at = 20;     // IPv6's next header
    constexpr std::size_t message_at = 54;  // ICMPv6's type, behind a plain header
    constexpr int icmp6 = 58;
    constexpr int lowest_discovery = 130;   // multicast listener query (RFC 4890 section 4.3)
    constexpr int highest_discovery = 143;  // version 2 multicast listener report
    const auto at = [&](std::size_t place) {
        return place < frame.size() ? std::to_integer<int>(frame[place]) : 0;
    };
    const int type = at(type_at) << 8 | at(type_at + 1);
    if (type == ETHERTYPE_IP) return true;
    if (type != ETHERTYPE_IPV6) return false;
    // Listener reports have a hop-by-hop header first.
    if (at(next_at) == IPPROTO_HOPOPTS) return false;
    return at(next_at) != icmp6 || at(message_at) < lowest_discovery ||
           at(message_at) > highest_discovery;
}

[[noreturn]] void refuse(const CapturePlan& plan, std::string_view attempt, std::string_view why) {
    throw Error{fmt::format("cannot capture on {} ({} end of link `{}`): {}: {}", plan.interface,
                            plan.end, plan.link, attempt, why),
                "capturing needs CAP_NET_RAW in the namespace of the interface, and a kernel with "
                "CONFIG_PACKET"};
}

// Every option fails only on a handle that is active already, or for a value that is out of range.
void set_options(pcap_t* handle, const CapturePlan& plan) {
    constexpr int snap_length = 262144;
    const std::array<std::pair<std::string_view, int>, 5> outcomes{
        {{"set the snap length", ::pcap_set_snaplen(handle, snap_length)},
         {"leave promiscuous mode off", ::pcap_set_promisc(handle, 0)},
         {"set immediate mode", ::pcap_set_immediate_mode(handle, 1)},
         {"set the ring's size", ::pcap_set_buffer_size(handle, static_cast<int>(plan.ring.count))},
         {"ask for nanoseconds", ::pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO)}}};
    for (const auto& [attempt, outcome] : outcomes) {
        if (outcome != 0) refuse(plan, attempt, ::pcap_statustostr(outcome));
    }
}

// The part of /proc/self/maps that a line of it is about.
struct Mapping {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    std::uint64_t inode = 0;
};

Mapping read_mapping(const std::string& line) {
    Mapping mapping;
    // address-address permissions offset device inode path; proc(5)
    std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " %*s %*s %*s %" SCNu64, &mapping.begin,
                &mapping.end, &mapping.inode);
    return mapping;
}

// The ring is the only mapping whose inode is that of the socket. A child made by fork() must not
// get a copy of it.
void keep_ring_from_children(pcap_t* handle, const CapturePlan& plan) {
    struct stat socket {};
    checked("fstat of a capture's socket", ::fstat(::pcap_fileno(handle), &socket));
    std::ifstream maps{"/proc/self/maps"};
    bool found = false;
    for (std::string line; std::getline(maps, line);) {
        if (line.find("socket:") == std::string::npos) continue;
        const Mapping mapping = read_mapping(line);
        if (mapping.inode != socket.st_ino || mapping.end <= mapping.begin) continue;
        found = true;
        // NOLINTNEXTLINE(performance-no-int-to-ptr): /proc gives addresses as numbers
        void* const ring = reinterpret_cast<void*>(mapping.begin);
        checked("madvise(MADV_DONTFORK) of a capture's ring",
                ::madvise(ring, mapping.end - mapping.begin, MADV_DONTFORK));
    }
    if (!found)
        refuse(plan, "find its ring", "/proc/self/maps does not show it; is /proc mounted?");
}

PcapHandle open_interface(const CapturePlan& plan) {
    std::array<char, PCAP_ERRBUF_SIZE> message{};
    PcapHandle handle{::pcap_create(plan.interface.c_str(), message.data())};
    if (!handle) refuse(plan, "create it", message.data());
    set_options(handle.get(), plan);
    if (const int outcome = ::pcap_activate(handle.get()); outcome < 0) {
        const std::string detail = ::pcap_geterr(handle.get());
        refuse(plan, ::pcap_statustostr(outcome), detail);
    }
    keep_ring_from_children(handle.get(), plan);
    if (::pcap_datalink(handle.get()) != DLT_EN10MB) {
        refuse(plan, "look at its type", "it is not an Ethernet");
    }
    if (::pcap_setnonblock(handle.get(), 1, message.data()) != 0) {
        refuse(plan, "make it non-blocking", message.data());
    }
    return handle;
}

}  // namespace

struct Capture::State {
    CapturePlan plan{};
    PcapHandle handle{};
    Fd file{};
    std::vector<std::byte> buffer{};
    std::int64_t packets = 0;
    std::atomic<std::int64_t> last_traffic{0};  // 0: there was none

    void write() {
        std::size_t written = 0;
        while (written < buffer.size()) {
            const auto count =
                ::write(file.get(), buffer.data() + written, buffer.size() - written);
            if (count < 0 && errno == EINTR) continue;
            checked("write " + plan.file.string(), count);
            written += static_cast<std::size_t>(count);
        }
        buffer.clear();
    }

    static void take(u_char* self, const pcap_pkthdr* header, const u_char* bytes) {
        auto& state = *reinterpret_cast<State*>(self);
        // With PCAP_TSTAMP_PRECISION_NANO tv_usec holds nanoseconds.
        const std::int64_t time = header->ts.tv_sec * nanoseconds_per_second + header->ts.tv_usec;
        const auto frame = std::as_bytes(std::span{bytes, header->caplen});
        append_pcap_packet(state.buffer, {time, frame, header->len});
        if (is_traffic(frame)) state.last_traffic = time;
        ++state.packets;
    }
};

Capture::Capture(const CapturePlan& plan) : state_{std::make_unique<State>()} {
    state_->plan = plan;
    state_->handle = open_interface(plan);
    state_->file =
        Fd{checked("open " + plan.file.string(),
                   ::open(plan.file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644))};
    state_->buffer.reserve(flushed_from + (64U << 10U));
    append_pcap_header(state_->buffer);
}

Capture::Capture(Capture&&) noexcept = default;
Capture& Capture::operator=(Capture&&) noexcept = default;
Capture::~Capture() = default;

const CapturePlan& Capture::plan() const { return state_->plan; }

int Capture::fd() const { return ::pcap_get_selectable_fd(state_->handle.get()); }

void Capture::drain() {
    // A bound on one call, so that the buffer is written in between when packets keep coming.
    constexpr int batch = 1024;
    for (;;) {
        const int count = ::pcap_dispatch(state_->handle.get(), batch, &State::take,
                                          reinterpret_cast<u_char*>(state_.get()));
        if (count < 0) refuse(state_->plan, "read packets", ::pcap_geterr(state_->handle.get()));
        if (state_->buffer.size() >= flushed_from) state_->write();
        if (count == 0) return;
    }
}

std::optional<std::int64_t> Capture::last_traffic() const {
    const std::int64_t time = state_->last_traffic;
    return time == 0 ? std::nullopt : std::optional{time};
}

CaptureEnd Capture::finish() {
    drain();
    pcap_stat statistics{};
    if (::pcap_stats(state_->handle.get(), &statistics) != 0) {
        refuse(state_->plan, "read its drop count", ::pcap_geterr(state_->handle.get()));
    }
    state_->handle.reset();
    state_->write();
    state_->file.reset();
    // ps_ifdrop is of the interface of that name in whatever namespace /sys shows: no matter.
    return {state_->plan.link, state_->plan.end, state_->packets, std::int64_t{statistics.ps_drop}};
}

CaptureSet::CaptureSet(const WorldClock& clock)
    : clock_{clock}, stop_{checked("eventfd", ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))} {}

CaptureSet::~CaptureSet() {
    if (!thread_.joinable()) return;
    ::eventfd_write(stop_.get(), 1);
    thread_.join();
}

void CaptureSet::add(const CapturePlan& plan) { captures_.emplace_back(plan); }

void CaptureSet::start() {
    thread_ = std::thread{[this] {
        try {
            run();
        } catch (const std::exception& error) {
            failure_ = error.what();  // told by finish()
        }
    }};
}

void CaptureSet::run() {
    std::vector<pollfd> waiting{{stop_.get(), POLLIN, 0}};
    for (const Capture& capture : captures_) waiting.push_back({capture.fd(), POLLIN, 0});
    for (;;) {
        const int ready = ::poll(waiting.data(), waiting.size(), -1);
        if (ready < 0 && errno == EINTR) continue;
        checked("poll of the captures", ready);
        for (std::size_t i = 0; i < captures_.size(); ++i) {
            if (waiting[i + 1].revents == 0) continue;
            captures_[i].drain();
        }
        if (waiting[0].revents != 0) return;
    }
}

std::optional<Duration> CaptureSet::last_traffic(std::string_view link,
                                                 std::string_view end) const {
    for (const Capture& capture : captures_) {
        if (capture.plan().link != link || capture.plan().end != end) continue;
        if (const auto time = capture.last_traffic()) return clock_.from_wall(*time);
    }
    return std::nullopt;
}

EventLog CaptureSet::finish() {
    if (thread_.joinable()) {
        checked("end the captures", ::eventfd_write(stop_.get(), 1));
        thread_.join();
    }
    if (!failure_.empty()) throw Error{failure_};
    EventLog ends;
    const Duration now = clock_.now();
    for (Capture& capture : captures_) ends.push_back({now, capture.finish()});
    captures_.clear();
    return ends;
}

}  // namespace etimedout
