// HttpClient: one libcurl client with at most one connection, and one transfer at a time.
#include "harness/call/http_client.hh"

#include <algorithm>
#include <array>
#include <cctype>
#include <csignal>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/curl/curl_library.hh"
#include "simulator/base/error.hh"

namespace etimedout {

namespace {

struct FreeList {
    void operator()(curl_slist* list) const { CurlLibrary::get().slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, FreeList>;

CurlList list_of(const std::vector<std::string>& texts) {
    CurlList list;
    for (const auto& text : texts) {
        curl_slist* longer = CurlLibrary::get().slist_append(list.get(), text.c_str());
        if (longer == nullptr) throw std::bad_alloc{};
        static_cast<void>(list.release());  // it is in `longer` now
        list.reset(longer);
    }
    return list;
}

// CURLOPT_RESOLVE's form; nothing where the URL has the address itself.
CurlList addresses_of(const HttpRequest& request) {
    if (request.addresses.empty()) return {};
    std::string text = fmt::format("{}:{}:", request.host, request.port);
    for (std::size_t i = 0; i < request.addresses.size(); ++i) {
        const auto& address = request.addresses[i];
        const bool is_v6 = address.family() == AF_INET6;
        text += fmt::format("{}{}{}{}", i == 0 ? "" : ",", is_v6 ? "[" : "", address.host(),
                            is_v6 ? "]" : "");
    }
    return list_of({text});
}

// OpenSSL writes to sockets without MSG_NOSIGNAL: a SIGPIPE of this thread is taken back.
class NoBrokenPipe {
public:
    NoBrokenPipe() {
        ::sigemptyset(&pipe_);
        ::sigaddset(&pipe_, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    NoBrokenPipe(const NoBrokenPipe&) = delete;
    NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;
    ~NoBrokenPipe() {
        const timespec now{};
        if (!::sigismember(&before_, SIGPIPE)) ::sigtimedwait(&pipe_, nullptr, &now);
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

private:
    sigset_t pipe_{};
    sigset_t before_{};
};

std::string lower(std::string_view text) {
    std::string result{text};
    std::transform(result.begin(), result.end(), result.begin(), [](char c) {
        return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    return result;
}

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// As in netinet/tcp.h; 0 when it cannot be told.
int tcp_state_of(int socket) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
    return info.tcpi_state;
}

}  // namespace

// What the callbacks of one transfer see.
struct HttpTransfer {
    const HttpRequest& request;
    const WorldClock& clock;
    HttpExchange exchange{};
    std::vector<int> sockets{};            // that curl has opened for it, and not closed
    std::int64_t read = 0;                 // of the request's body, by curl
    std::optional<Duration> first_line{};  // of the answer, since the begin
    std::array<char, CURL_ERROR_SIZE> detail{};

    void header_line(std::string_view line) {
        exchange.flow.arrived(clock.now());
        if (!first_line) first_line = clock.now() - exchange.begin;
        if (line.starts_with("HTTP/")) {  // an interim answer may have come before this one
            exchange.headers.clear();
            exchange.stream.reset();
            return;
        }
        if (trimmed(line).empty()) begin_body();
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return;
        const auto value = trimmed(line.substr(colon + 1));
        const auto [place, is_new] =
            exchange.headers.try_emplace(lower(trimmed(line.substr(0, colon))), value);
        if (!is_new) place->second += fmt::format(", {}", value);
    }

    // The head is complete. A body with a length is watched only where it is an event stream.
    void begin_body() {
        if (exchange.stream) return;  // that was the end of a chunked body's trailers
        const auto type = exchange.headers.find("content-type");
        StreamWatch watch{clock.now(),
                          type != exchange.headers.end() ? type->second : std::string_view{}};
        if (watch.is_event_stream() || !exchange.headers.contains("content-length")) {
            exchange.stream = std::move(watch);
        }
    }

    // curl tells when a connection stood only once TLS stands, too (7.88): look at the sockets.
    void look_for_connection() {
        if (exchange.connect) return;
        for (const int socket : sockets) {
            const int state = tcp_state_of(socket);
            if (state != TCP_ESTABLISHED && state != TCP_CLOSE_WAIT) continue;
            exchange.connect = clock.now() - exchange.begin;
            exchange.local_address = local_address(socket);
            return;
        }
    }

    std::size_t next_of_body(char* buffer, std::size_t space) {
        const auto left = static_cast<std::size_t>(request.body_size - read);
        const std::size_t count = std::min(space, left);
        for (std::size_t i = 0; i < count; ++i) {
            const auto at = static_cast<std::size_t>(read) + i;
            buffer[i] = at < request.body.size() ? request.body[at] : 'x';
        }
        read += static_cast<std::int64_t>(count);
        return count;
    }
};

namespace {

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* transfer) {
    static_cast<HttpTransfer*>(transfer)->header_line({data, size * count});
    return size * count;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* transfer) {
    auto& self = *static_cast<HttpTransfer*>(transfer);
    const Duration now = self.clock.now();
    self.exchange.flow.arrived(now);
    if (self.exchange.stream) self.exchange.stream->add({data, size * count}, now);
    self.exchange.body.add({data, size * count});
    return size * count;
}

std::size_t on_read(char* buffer, std::size_t size, std::size_t count, void* transfer) {
    return static_cast<HttpTransfer*>(transfer)->next_of_body(buffer, size * count);
}

int on_request(void* transfer, char* /*remote*/, char* /*local*/, int /*rport*/, int /*lport*/) {
    static_cast<HttpTransfer*>(transfer)->exchange.request_begun = true;
    return CURL_PREREQFUNC_OK;
}

// A second connection after the request has begun would be a retry.
curl_socket_t on_open(void* transfer, curlsocktype /*purpose*/, curl_sockaddr* address) {
    auto& self = *static_cast<HttpTransfer*>(transfer);
    if (self.exchange.request_begun) {
        self.exchange.lost_reused = true;
        return CURL_SOCKET_BAD;
    }
    const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd >= 0) self.sockets.push_back(fd);
    return fd;
}

std::optional<Duration> phase(CURL* easy, CURLINFO which) {
    curl_off_t microseconds = 0;
    CurlLibrary::get().easy_getinfo(easy, which, &microseconds);
    if (microseconds <= 0) return std::nullopt;
    return std::chrono::microseconds{microseconds};
}

std::int64_t number(CURL* easy, CURLINFO which) {
    long value = 0;
    CurlLibrary::get().easy_getinfo(easy, which, &value);
    return value;
}

std::string local_address_of(CURL* easy) {
    const char* ip = nullptr;
    CurlLibrary::get().easy_getinfo(easy, CURLINFO_LOCAL_IP, &ip);
    if (ip == nullptr || *ip == '\0') return {};
    const std::string_view text = ip;
    const auto port = number(easy, CURLINFO_LOCAL_PORT);
    return text.find(':') == std::string_view::npos ? fmt::format("{}:{}", text, port)
                                                    : fmt::format("[{}]:{}", text, port);
}

long milliseconds(Duration time) {
    const auto up = std::chrono::ceil<std::chrono::milliseconds>(time).count();
    return static_cast<long>(std::clamp<std::int64_t>(up, 1, std::numeric_limits<int>::max()));
}

}  // namespace

struct HttpClient::Curl {
    Curl() {
        easy = curl.easy_init();
        multi = curl.multi_init();
        if (easy == nullptr || multi == nullptr) throw std::bad_alloc{};
        curl.multi_setopt(multi, CURLMOPT_MAXCONNECTS, 1L);
    }
    Curl(const Curl&) = delete;
    Curl& operator=(const Curl&) = delete;
    ~Curl() {
        curl.easy_cleanup(easy);
        curl.multi_cleanup(multi);
    }

    // Called when a connection closes, within a transfer or long after it.
    static int on_close(void* curl, curl_socket_t socket) {
        auto& self = *static_cast<Curl*>(curl);
        if (self.current != nullptr) {
            if (self.current->exchange.request_begun) {
                self.current->exchange.tcp_state = tcp_state_of(socket);
            }
            std::erase(self.current->sockets, socket);
        }
        return ::close(socket);
    }

    template <class T>
    void set(CURLoption option, T value) {
        curl.need(curl.easy_setopt(easy, option, value), "set an option");
    }

    void prepare(HttpTransfer& transfer, const Limits& limits);
    void prepare_body(const HttpRequest& request);
    void run(HttpTransfer& transfer, const Limits& limits);
    void report(HttpTransfer& transfer) const;

    const CurlLibrary& curl = CurlLibrary::get();
    CURL* easy = nullptr;
    CURLM* multi = nullptr;
    HttpTransfer* current = nullptr;
};

void HttpClient::Curl::prepare(HttpTransfer& transfer, const Limits& limits) {
    const HttpRequest& request = transfer.request;
    curl.easy_reset(easy);  // connections stay
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_ERRORBUFFER, transfer.detail.data());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROXY, "");  // also not the one of the environment
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_SSL_VERIFYPEER, request.authority.empty() ? 0L : 1L);
    set(CURLOPT_SSL_VERIFYHOST, request.authority.empty() ? 0L : 2L);
    if (!request.authority.empty()) set(CURLOPT_CAINFO, request.authority.c_str());
    set(CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
    set(CURLOPT_PREREQFUNCTION, &on_request);
    set(CURLOPT_PREREQDATA, static_cast<void*>(&transfer));
    set(CURLOPT_OPENSOCKETFUNCTION, &on_open);
    set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(&transfer));
    set(CURLOPT_CLOSESOCKETFUNCTION, &on_close);
    set(CURLOPT_CLOSESOCKETDATA, static_cast<void*>(this));
    // Without a connect timeout of its own curl would give up after five minutes.
    const Duration now = transfer.clock.now();
    const Duration patience = limits.deadline - now + 1h;
    set(CURLOPT_CONNECTTIMEOUT_MS,
        milliseconds(limits.connect_timeout ? *limits.connect_timeout - now : patience));
    if (limits.timeout) set(CURLOPT_TIMEOUT_MS, milliseconds(*limits.timeout - now));
    if (request.connection == ConnectionUse::fresh) set(CURLOPT_FRESH_CONNECT, 1L);
    current = &transfer;
    prepare_body(request);
}

void HttpClient::Curl::prepare_body(const HttpRequest& request) {
    if (request.body_size >= 0) {
        set(CURLOPT_UPLOAD, 1L);
        set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.body_size));
        set(CURLOPT_READFUNCTION, &on_read);
        set(CURLOPT_READDATA, static_cast<void*>(current));
    } else if (request.method == "HEAD") {
        set(CURLOPT_NOBODY, 1L);
    } else {
        set(CURLOPT_HTTPGET, 1L);
    }
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void HttpClient::Curl::run(HttpTransfer& transfer, const Limits& limits) {
    auto& exchange = transfer.exchange;
    const auto check = [&](CURLMcode code) {
        if (code != CURLM_OK) {
            throw Error{fmt::format("libcurl: transfer: {}", curl.multi_strerror(code))};
        }
    };
    // Where the client's own timer comes first, or at the same time, it is curl that ends it all.
    const Duration patience = limits.is_own_afterwards() ? limits.deadline + 1s : limits.deadline;
    check(curl.multi_add_handle(multi, easy));
    while (true) {
        int running = 0;
        transfer.look_for_connection();
        check(curl.multi_perform(multi, &running));
        transfer.look_for_connection();
        int left = 0;
        if (const CURLMsg* message = curl.multi_info_read(multi, &left)) {
            exchange.code = message->data.result;
            break;
        }
        const Duration now = transfer.clock.now();
        exchange.gave_up = now >= patience;
        if (exchange.gave_up) break;
        const auto wait = static_cast<int>(milliseconds(patience - now));
        check(curl.multi_poll(multi, nullptr, 0, wait, nullptr));
    }
    exchange.end = transfer.clock.now();
    report(transfer);
    curl.multi_remove_handle(multi, easy);
}

void HttpClient::Curl::report(HttpTransfer& transfer) const {
    auto& exchange = transfer.exchange;
    exchange.error_number = static_cast<int>(number(easy, CURLINFO_OS_ERRNO));
    exchange.is_new_connection = number(easy, CURLINFO_NUM_CONNECTS) > 0;
    if (exchange.is_new_connection) {
        exchange.tls = phase(easy, CURLINFO_APPCONNECT_TIME_T);
        // It stood and ended between two looks.
        if (!exchange.connect) exchange.connect = phase(easy, CURLINFO_CONNECT_TIME_T);
    }
    if (exchange.flow.has_begun()) {
        exchange.first_byte = phase(easy, CURLINFO_STARTTRANSFER_TIME_T);
        // Of a request with a body, curl means the first byte that it sent (7.88).
        if (transfer.request.body_size >= 0) exchange.first_byte = transfer.first_line;
    }
    curl_off_t sent = 0;
    curl.easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    exchange.sent = sent;
    exchange.status = number(easy, CURLINFO_RESPONSE_CODE);
    if (exchange.local_address.empty()) exchange.local_address = local_address_of(easy);
    exchange.detail = transfer.detail.data();
    if (exchange.detail.empty() && exchange.code != CURLE_OK) {
        exchange.detail = curl.easy_strerror(static_cast<CURLcode>(exchange.code));
    }
}

HttpClient::HttpClient() : curl_{std::make_unique<Curl>()} {}

HttpClient::~HttpClient() {
    const NoBrokenPipe guard;  // closing TLS writes
    curl_.reset();
}

HttpExchange HttpClient::perform(const HttpRequest& request, const Limits& limits,
                                 const WorldClock& clock) {
    const NoBrokenPipe guard;
    HttpTransfer transfer{request, clock};
    transfer.exchange.begin = clock.now();
    const CurlList addresses = addresses_of(request);
    const CurlList headers = list_of(request.headers);
    curl_->prepare(transfer, limits);
    curl_->set(CURLOPT_RESOLVE, addresses.get());
    curl_->set(CURLOPT_HTTPHEADER, headers.get());
    curl_->run(transfer, limits);
    curl_->current = nullptr;
    return std::move(transfer.exchange);
}

}  // namespace etimedout
