// RawClient: one TCP connection to a local port, for looking at what really comes over it.
#pragma once

#include <array>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "simulator/base/error.hh"
#include "simulator/base/fd.hh"

namespace etimedout {

inline constexpr std::string_view plain_get = "GET / HTTP/1.1\r\nHost: stub\r\n\r\n";

// How reading ended.
enum class End { enough, closed, reset, silence };

struct Read {
    std::string text{};
    End end = End::enough;
};

class RawClient {
public:
    explicit RawClient(std::uint16_t port) {
        fd_ = Fd{checked("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
        // Only a test that fails waits for this.
        const timeval patience{20, 0};
        checked("SO_RCVTIMEO",
                ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        checked("connect",
                ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
    }

    // False when the peer has reset the connection.
    bool send(std::string_view text) {
        while (!text.empty()) {
            const auto count = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
            if (count < 0) return false;
            text.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }
    void finish_sending() { ::shutdown(fd_.get(), SHUT_WR); }

    // Until this text has come, or nothing more will.
    Read until(std::string_view mark) {
        return read([&](const std::string& text) { return text.find(mark) != std::string::npos; });
    }
    Read bytes(std::size_t count) {
        return read([&](const std::string& text) { return text.size() >= count; });
    }
    Read all() {
        return read([](const std::string&) { return false; });
    }
    int fd() const { return fd_.get(); }

private:
    template <class Enough>
    Read read(Enough enough) {
        Read result;
        while (!enough(result.text)) {
            std::array<char, 4096> buffer{};
            const auto count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
            if (count > 0) {
                result.text.append(buffer.data(), static_cast<std::size_t>(count));
                continue;
            }
            result.end = count == 0 ? End::closed : errno == ECONNRESET ? End::reset : End::silence;
            break;
        }
        return result;
    }

    Fd fd_;
};

}  // namespace etimedout
