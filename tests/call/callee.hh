// Callees of calls under test: ports where nobody listens, and listeners that do one thing.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "harness/call/call.hh"
#include "simulator/base/error.hh"
#include "simulator/base/fd.hh"

namespace etimedout {

// A socket bound to a local port; nobody listens there unless asked to.
class LocalPort {
public:
    LocalPort() : fd_{checked("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* place = reinterpret_cast<sockaddr*>(&address);
        checked("bind", ::bind(fd_.get(), place, size));
        checked("getsockname", ::getsockname(fd_.get(), place, &size));
        port_ = ntohs(address.sin_port);
    }
    void listen() { checked("listen", ::listen(fd_.get(), 16)); }
    std::uint16_t port() const { return port_; }
    int fd() const { return fd_.get(); }

private:
    Fd fd_;
    std::uint16_t port_ = 0;
};

// How an accepted connection is ended.
enum class Close { fin, rst };

// Accepts one connection, reads until this text has come, answers, and ends it.
class OneShot {
public:
    OneShot(std::string until, std::string answer, Close close)
        : thread_{[this, until = std::move(until), answer = std::move(answer), close] {
              serve(until, answer, close);
          }} {}
    OneShot(const OneShot&) = delete;
    OneShot& operator=(const OneShot&) = delete;
    ~OneShot() { thread_.join(); }
    std::uint16_t port() const { return listener_.port(); }

private:
    struct Listening : LocalPort {
        Listening() { listen(); }
    };

    void serve(const std::string& until, const std::string& answer, Close close) const {
        const Fd peer{::accept(listener_.fd(), nullptr, nullptr)};
        std::string read;
        std::array<char, 4096> buffer{};
        while (read.find(until) == std::string::npos) {
            const auto count = ::recv(peer.get(), buffer.data(), buffer.size(), 0);
            if (count <= 0) return;
            read.append(buffer.data(), static_cast<std::size_t>(count));
        }
        ::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
        if (close == Close::rst) {
            const linger now{1, 0};
            ::setsockopt(peer.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        }
    }

    Listening listener_;
    std::thread thread_;
};

inline CallPlan plan_to(std::uint16_t port, decltype(CallStep::what) what) {
    CallPlan plan;
    plan.call = "c";
    plan.step.id = "c";
    plan.step.what = std::move(what);
    plan.address = "127.0.0.1";
    plan.port = port;
    return plan;
}

// Serves one connection after the other, and says in each answer's body what the request's head
// was; HEAD gets 204. The request after `answered` of them ends its connection without an answer.
class Echo {
public:
    Echo(int answered, Close close) : thread_{[this, answered, close] { run(answered, close); }} {}
    Echo() : Echo{1 << 20, Close::fin} {}
    Echo(const Echo&) = delete;
    Echo& operator=(const Echo&) = delete;
    ~Echo() {
        ::shutdown(listener_.fd(), SHUT_RDWR);
        const int peer = peer_;
        if (peer >= 0) ::shutdown(peer, SHUT_RDWR);
        thread_.join();
    }
    std::uint16_t port() const { return listener_.port(); }
    int connections() const { return connections_; }

private:
    struct Listening : LocalPort {
        Listening() { listen(); }
    };

    void run(int answered, Close close) {
        while (true) {
            const Fd peer{::accept(listener_.fd(), nullptr, nullptr)};
            if (!peer) return;
            ++connections_;
            peer_ = peer.get();
            serve(peer.get(), answered, close);
            peer_ = -1;
        }
    }
    static void serve(int peer, int answered, Close close) {
        std::string read;
        for (int request = 1;; ++request) {
            std::size_t end = 0;
            while ((end = read.find("\r\n\r\n")) == std::string::npos) {
                std::array<char, 4096> buffer{};
                const auto count = ::recv(peer, buffer.data(), buffer.size(), 0);
                if (count <= 0) return;
                read.append(buffer.data(), static_cast<std::size_t>(count));
            }
            if (request > answered) break;
            const std::string head = read.substr(0, end + 2);
            read.erase(0, end + 4);
            const std::string answer =
                head.starts_with("HEAD ")
                    ? "HTTP/1.1 204 No Content\r\nX-Head: " +
                          std::string{head.find("X-Empty:\r\n") != std::string::npos ? "all"
                                                                                     : "cut"} +
                          "\r\n\r\n"
                    : "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(head.size()) +
                          "\r\n\r\n" + head;
            ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL);
        }
        if (close == Close::rst) {
            const linger now{1, 0};
            ::setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        }
    }

    Listening listener_;
    std::atomic<int> peer_{-1};
    std::atomic<int> connections_{0};
    std::thread thread_;
};

}  // namespace etimedout
