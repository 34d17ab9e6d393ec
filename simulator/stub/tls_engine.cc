// TlsEngine: the server's side of one TLS connection, bytes in and bytes out; it owns no socket.
#include "simulator/stub/tls_engine.hh"

#include <array>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "simulator/stub/openssl.hh"

namespace etimedout {

namespace {

using Buffer = Owned<BIO, ::BIO_free>;

Buffer buffer_of(const std::string& text) {
    return Buffer{::BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

struct Versions {
    int lowest = TLS1_2_VERSION;
    int highest = TLS1_3_VERSION;
};

Versions versions_of(TlsVersion version) {
    switch (version) {
        case TlsVersion::any:
            break;
        case TlsVersion::tls1_0:
            return {TLS1_VERSION, TLS1_VERSION};
        case TlsVersion::tls1_2:
            return {TLS1_2_VERSION, TLS1_2_VERSION};
        case TlsVersion::tls1_3:
            return {TLS1_3_VERSION, TLS1_3_VERSION};
    }
    return {};
}

}  // namespace

struct TlsContext::Settings {
    Owned<SSL_CTX, ::SSL_CTX_free> context{::SSL_CTX_new(::TLS_server_method())};
};

TlsContext::TlsContext(const std::string& certificate, const std::string& key, TlsVersion version)
    : settings_{std::make_unique<Settings>()} {
    SSL_CTX* context = settings_->context.get();
    openssl_needs(context != nullptr, "set up");
    const auto [lowest, highest] = versions_of(version);
    // The oldest versions sign with SHA-1, which only level 0 allows.
    if (version == TlsVersion::tls1_0) ::SSL_CTX_set_security_level(context, 0);
    openssl_needs(::SSL_CTX_set_min_proto_version(context, lowest) == 1, "version");
    openssl_needs(::SSL_CTX_set_max_proto_version(context, highest) == 1, "version");
    // Every handshake is a whole one.
    ::SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    ::SSL_CTX_set_num_tickets(context, 0);
    ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);

    const Buffer certificate_text = buffer_of(certificate);
    const Buffer key_text = buffer_of(key);
    const Owned<X509, ::X509_free> shown{
        ::PEM_read_bio_X509(certificate_text.get(), nullptr, nullptr, nullptr)};
    const Owned<EVP_PKEY, ::EVP_PKEY_free> kept{
        ::PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr)};
    openssl_needs(shown && ::SSL_CTX_use_certificate(context, shown.get()) == 1, "certificate");
    openssl_needs(kept && ::SSL_CTX_use_PrivateKey(context, kept.get()) == 1, "key");
}

TlsContext::~TlsContext() = default;

struct TlsEngine::Session {
    Owned<SSL, ::SSL_free> ssl;
    BIO* incoming = nullptr;  // both belong to `ssl`
    BIO* outgoing = nullptr;
};

TlsEngine::TlsEngine(const TlsContext& context) : session_{std::make_unique<Session>()} {
    session_->ssl.reset(::SSL_new(context.settings_->context.get()));
    session_->incoming = ::BIO_new(::BIO_s_mem());
    session_->outgoing = ::BIO_new(::BIO_s_mem());
    openssl_needs(session_->ssl && session_->incoming != nullptr && session_->outgoing != nullptr,
                  "begin a connection");
    ::SSL_set_bio(session_->ssl.get(), session_->incoming, session_->outgoing);
    ::SSL_set_accept_state(session_->ssl.get());
}

TlsEngine::~TlsEngine() = default;

std::string TlsEngine::take(std::string_view encrypted) {
    std::string plain;
    ::BIO_write(session_->incoming, encrypted.data(), static_cast<int>(encrypted.size()));
    if (state_ == State::over) return plain;
    ::ERR_clear_error();
    SSL* ssl = session_->ssl.get();
    std::array<char, 16384> buffer{};
    for (;;) {
        const int count = ::SSL_read(ssl, buffer.data(), static_cast<int>(buffer.size()));
        if (::SSL_is_init_finished(ssl) == 1) state_ = State::established;
        if (count > 0) {
            plain.append(buffer.data(), static_cast<std::size_t>(count));
            continue;
        }
        const int why = ::SSL_get_error(ssl, count);
        // The peer's close_notify, or a handshake that failed.
        if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) state_ = State::over;
        return plain;
    }
}

void TlsEngine::put(std::string_view plain) {
    ::ERR_clear_error();
    if (plain.empty()) return;
    const int count =
        ::SSL_write(session_->ssl.get(), plain.data(), static_cast<int>(plain.size()));
    if (count <= 0) state_ = State::over;
}

void TlsEngine::finish() {
    ::ERR_clear_error();
    if (::SSL_is_init_finished(session_->ssl.get()) == 1) ::SSL_shutdown(session_->ssl.get());
}

std::string TlsEngine::outgoing() {
    std::string bytes;
    std::array<char, 16384> buffer{};
    for (;;) {
        const int count =
            ::BIO_read(session_->outgoing, buffer.data(), static_cast<int>(buffer.size()));
        if (count <= 0) return bytes;
        bytes.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

}  // namespace etimedout
