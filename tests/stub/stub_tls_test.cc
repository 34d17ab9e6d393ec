// The stub over TLS: certificates, versions, and where a handshake stalls.
#include <memory>

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "simulator/stub/certificates.hh"
#include "simulator/stub/openssl.hh"
#include "simulator/stub/stub.hh"
#include "tests/stub/raw_client.hh"

namespace etimedout {
namespace {

using SharedCertificate = Owned<X509, ::X509_free>;

SharedCertificate from_pem(const std::string& pem) {
    const Owned<BIO, ::BIO_free> memory{
        ::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    return SharedCertificate{::PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr)};
}

// A client that trusts the world's authority alone.
class TlsClient {
public:
    TlsClient(std::uint16_t port, const WorldClock& clock, const std::string& host = "localhost")
        : raw_{port}, context_{::SSL_CTX_new(::TLS_client_method())} {
        const SharedCertificate authority = from_pem(authority_pem(clock.wall_begin()));
        ::X509_STORE_add_cert(::SSL_CTX_get_cert_store(context_.get()), authority.get());
        ::SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
        ssl_.reset(::SSL_new(context_.get()));
        ::SSL_set_fd(ssl_.get(), raw_.fd());
        ::SSL_set1_host(ssl_.get(), host.c_str());
    }
    // X509_V_OK where all is well; -1 where the handshake failed for another reason.
    long connect() {
        if (::SSL_connect(ssl_.get()) == 1) return X509_V_OK;
        const long why = ::SSL_get_verify_result(ssl_.get());
        return why == X509_V_OK ? -1 : why;
    }
    void send(std::string_view text) {
        ::SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
    }
    // Until the peer says that nothing more will come, or the connection ends.
    std::string all() {
        std::string text;
        std::array<char, 4096> buffer{};
        for (;;) {
            const int count =
                ::SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
            if (count <= 0) break;
            text.append(buffer.data(), static_cast<std::size_t>(count));
        }
        was_told = (::SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
        return text;
    }
    int version() const { return ::SSL_version(ssl_.get()); }
    bool was_told = false;  // that nothing more will come (close_notify)

private:
    RawClient raw_;
    Owned<SSL_CTX, ::SSL_CTX_free> context_;
    Owned<SSL, ::SSL_free> ssl_;
};

constexpr std::string_view last_get = "GET / HTTP/1.1\r\nConnection: close\r\n\r\n";

class StubTlsTest : public testing::Test {
protected:
    std::unique_ptr<Stub> stub(StubTls tls, StubRoute all = {}) {
        StubSpec spec;
        spec.port = Port{0};
        spec.all = std::move(all);
        spec.tls = tls;
        return std::make_unique<Stub>("up", spec, clock_);
    }
    long verdict(StubCertificate kind, const std::string& host = "localhost") {
        const auto up = stub({.certificate = kind});
        TlsClient client{up->port(), clock_, host};
        return client.connect();
    }
    WorldClock clock_;
};

TEST_F(StubTlsTest, AGoodCertificateIsForTheStubsNamesAndSignedByTheAuthority) {
    // The answer is the one that comes without TLS, and its end is told.
    const auto up = stub({});
    TlsClient client{up->port(), clock_};
    ASSERT_EQ(client.connect(), X509_V_OK);
    client.send(last_get);
    EXPECT_TRUE(client.all().ends_with("\r\n\r\nok\n"));
    EXPECT_TRUE(client.was_told);
    EXPECT_EQ(up->record().requests, 1);
    EXPECT_EQ(verdict(StubCertificate::good, "elsewhere.example"), X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST_F(StubTlsTest, EachBadCertificateIsBadInItsOwnWay) {
    // As OpenSSL names them, and with it curl, Node and Python.
    EXPECT_EQ(verdict(StubCertificate::expired), X509_V_ERR_CERT_HAS_EXPIRED);
    EXPECT_EQ(verdict(StubCertificate::not_yet_valid), X509_V_ERR_CERT_NOT_YET_VALID);
    EXPECT_EQ(verdict(StubCertificate::wrong_host), X509_V_ERR_HOSTNAME_MISMATCH);
    EXPECT_EQ(verdict(StubCertificate::self_signed), X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
    EXPECT_EQ(verdict(StubCertificate::unknown_ca), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
}

TEST_F(StubTlsTest, ACertificateIsTheSameForTheSameOrder) {
    // Keys are fixed and RSA's signatures have no chance in them; the time of day does not count.
    constexpr std::int64_t new_year = 1'767'225'600'000'000'000;
    CertificateOrder order{.names = {"up"}, .addresses = {"10.0.0.2"}, .wall_clock = new_year};
    const std::string first = make_certificate(order);
    order.wall_clock += 3'600'000'000'000;
    EXPECT_EQ(make_certificate(order), first);
    order.names = {"down"};
    EXPECT_NE(make_certificate(order), first);
    EXPECT_EQ(authority_java_store(new_year), authority_java_store(new_year));
    EXPECT_TRUE(authority_java_store(new_year).starts_with("\xfe\xed\xfe\xed"));
}

TEST_F(StubTlsTest, ItSpeaksTheVersionItIsToldTo) {
    // A client of today does not take TLS 1.0 (RFC 8996).
    const auto old = stub({.version = TlsVersion::tls1_2});
    TlsClient client{old->port(), clock_};
    ASSERT_EQ(client.connect(), X509_V_OK);
    EXPECT_EQ(client.version(), TLS1_2_VERSION);
    const auto older = stub({.version = TlsVersion::tls1_0});
    TlsClient refused{older->port(), clock_};
    EXPECT_EQ(refused.connect(), -1);
}

TEST_F(StubTlsTest, AStreamCutUnderTlsIsNotToldItsEnd) {
    // A FIN without close_notify: what came may not be all (RFC 8446, 6.1).
    const auto up =
        stub({}, {.body_size = Bytes{1000}, .stop_after = Bytes{400}, .end = StubEnd::close});
    TlsClient client{up->port(), clock_};
    ASSERT_EQ(client.connect(), X509_V_OK);
    client.send(last_get);
    EXPECT_NE(client.all().find("Content-Length: 1000\r\n"), std::string::npos);
    EXPECT_FALSE(client.was_told);
}

TEST_F(StubTlsTest, AStalledHandshakeLeavesTheClientWithoutAnAnswer) {
    // No byte after the connection, or after the client's hello; half a flight in the third case.
    // The client half-closes to be let go; nothing is what it got until then.
    for (const TlsStall where : {TlsStall::after_accept, TlsStall::after_client_hello}) {
        const auto up = stub({.stall = where});
        RawClient client{up->port()};
        client.send("\x16\x03\x01");
        client.finish_sending();
        EXPECT_EQ(client.all().text, "");
    }
    const auto up = stub({.stall = TlsStall::after_server_hello});
    RawClient client{up->port()};
    const Owned<SSL_CTX, ::SSL_CTX_free> context{::SSL_CTX_new(::TLS_client_method())};
    const Owned<SSL, ::SSL_free> ssl{::SSL_new(context.get())};
    BIO* in = ::BIO_new(::BIO_s_mem());
    BIO* out = ::BIO_new(::BIO_s_mem());
    ::SSL_set_bio(ssl.get(), in, out);
    EXPECT_EQ(::SSL_connect(ssl.get()), -1);
    std::array<char, 4096> hello{};
    const int size = ::BIO_read(out, hello.data(), static_cast<int>(hello.size()));
    ASSERT_GT(size, 0);
    client.send({hello.data(), static_cast<std::size_t>(size)});
    client.finish_sending();
    const std::string flight = client.all().text;
    EXPECT_GT(flight.size(), 100U);
    ::BIO_write(in, flight.data(), static_cast<int>(flight.size()));
    EXPECT_EQ(::SSL_connect(ssl.get()), -1);
    EXPECT_EQ(::SSL_is_init_finished(ssl.get()), 0);
}

TEST_F(StubTlsTest, WhatIsNoTlsIsTurnedAway) {
    // A plain request meets the end of its connection, and no answer.
    const auto up = stub({});
    RawClient client{up->port()};
    client.send(plain_get);
    const Read answer = client.all();
    EXPECT_NE(answer.end, End::silence);
    EXPECT_EQ(answer.text.find("HTTP"), std::string::npos);
    EXPECT_EQ(up->record().trouble, "");
}

}  // namespace
}  // namespace etimedout
