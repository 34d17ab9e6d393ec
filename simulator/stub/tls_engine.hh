// TlsEngine: the server's side of one TLS connection, bytes in and bytes out; it owns no socket.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "simulator/stub/spec.hh"

namespace etimedout {

// What the connections of one server share: certificate, key, versions.
class TlsContext {
public:
    // PEM. Throws Error where OpenSSL takes it not.
    TlsContext(const std::string& certificate, const std::string& key, TlsVersion version);
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    ~TlsContext();

private:
    friend class TlsEngine;
    struct Settings;
    std::unique_ptr<Settings> settings_;
};

class TlsEngine {
public:
    enum class State { shaking, established, over };

    // The context outlives the engine.
    explicit TlsEngine(const TlsContext& context);
    TlsEngine(const TlsEngine&) = delete;
    TlsEngine& operator=(const TlsEngine&) = delete;
    ~TlsEngine();

    // What came from the peer; what it says as plain text is returned.
    std::string take(std::string_view encrypted);
    // What is to be said; only once established.
    void put(std::string_view plain);
    // Tells the peer that nothing more will come (close_notify).
    void finish();
    // What has to be sent now, handshake and alerts included.
    std::string outgoing();

    State state() const { return state_; }

private:
    struct Session;
    std::unique_ptr<Session> session_;
    State state_ = State::shaking;
};

}  // namespace etimedout
