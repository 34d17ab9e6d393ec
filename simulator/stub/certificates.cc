// Certificates of a world's servers, made inside it and signed by an authority of its own.
#include "simulator/stub/certificates.hh"

#include <array>
#include <ctime>
#include <string_view>

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "simulator/base/rng.hh"
#include "simulator/stub/openssl.hh"
#include "simulator/stub/world_keys.hh"

namespace etimedout {

namespace {

using Key = Owned<EVP_PKEY, ::EVP_PKEY_free>;
using Certificate = Owned<X509, ::X509_free>;
using Extension = Owned<X509_EXTENSION, ::X509_EXTENSION_free>;
using Memory = Owned<BIO, ::BIO_free>;

Key key_of(std::string_view pem) {
    const Memory memory{::BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    openssl_needs(memory != nullptr, "memory");
    Key key{::PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr)};
    openssl_needs(key != nullptr, "read a key");
    return key;
}

std::string bytes_of(const Memory& memory) {
    std::string result;
    std::array<char, 4096> buffer{};
    for (;;) {
        const int count = ::BIO_read(memory.get(), buffer.data(), static_cast<int>(buffer.size()));
        if (count <= 0) return result;
        result.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

constexpr std::int64_t one_day = 86400;

struct Days {
    std::int64_t first = 0;  // from today
    std::int64_t last = 0;
};

Days validity(StubCertificate kind) {
    switch (kind) {
        case StubCertificate::expired:
            return {-90, -1};
        case StubCertificate::not_yet_valid:
            return {30, 120};
        case StubCertificate::good:
        case StubCertificate::wrong_host:
        case StubCertificate::self_signed:
        case StubCertificate::unknown_ca:
            return {-30, 60};
    }
    return {};
}

constexpr Days validity_of_authority{-3650, 3650};

// Begins with the facts that all certificates have.
class Draft {
public:
    Draft(const std::string& subject, const std::string& issuer, std::uint64_t serial)
        : certificate_{::X509_new()} {
        openssl_needs(certificate_ != nullptr, "memory");
        X509* made = certificate_.get();
        openssl_needs(::X509_set_version(made, X509_VERSION_3) == 1, "version");
        openssl_needs(::ASN1_INTEGER_set_uint64(::X509_get_serialNumber(made), serial) == 1,
                      "number");
        name(::X509_get_subject_name(made), subject);
        name(::X509_get_issuer_name(made), issuer);
    }

    void valid(const Days& days, std::int64_t wall_clock) {
        const std::int64_t seconds = wall_clock / 1'000'000'000;
        const std::int64_t today = seconds - seconds % one_day;
        X509* made = certificate_.get();
        const auto at = [&](std::int64_t day) {
            return static_cast<std::time_t>(today + day * one_day);
        };
        openssl_needs(::ASN1_TIME_set(::X509_getm_notBefore(made), at(days.first)) != nullptr,
                      "begin");
        openssl_needs(::ASN1_TIME_set(::X509_getm_notAfter(made), at(days.last)) != nullptr, "end");
    }

    void extend(int kind, const std::string& value) {
        X509V3_CTX context{};
        ::X509V3_set_ctx(&context, nullptr, certificate_.get(), nullptr, nullptr, 0);
        const Extension extension{::X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str())};
        openssl_needs(extension != nullptr, value);
        openssl_needs(::X509_add_ext(certificate_.get(), extension.get(), -1) == 1, value);
    }

    Certificate sign(const Key& own, const Key& signer) {
        openssl_needs(::X509_set_pubkey(certificate_.get(), own.get()) == 1, "key");
        // RSA's signatures of this kind (PKCS #1 v1.5) have no part that is left to chance.
        openssl_needs(::X509_sign(certificate_.get(), signer.get(), ::EVP_sha256()) > 0, "sign");
        return std::move(certificate_);
    }

private:
    static void name(X509_NAME* place, const std::string& text) {
        const std::vector<unsigned char> bytes{text.begin(), text.end()};
        openssl_needs(
            ::X509_NAME_add_entry_by_NID(place, NID_commonName, MBSTRING_UTF8, bytes.data(),
                                         static_cast<int>(bytes.size()), -1, 0) == 1,
            "name");
    }

    Certificate certificate_;
};

constexpr auto authority_name = "etimedout test authority";
constexpr std::uint64_t authority_number = 0x0e71'ed00;

Certificate make_authority(std::int64_t wall_clock) {
    Draft draft{authority_name, authority_name, authority_number};
    draft.valid(validity_of_authority, wall_clock);
    draft.extend(NID_basic_constraints, "critical,CA:TRUE");
    draft.extend(NID_key_usage, "critical,keyCertSign,cRLSign");
    const Key key = key_of(authority_key);
    return draft.sign(key, key);
}

std::string pem_of(const Certificate& certificate) {
    const Memory memory{::BIO_new(::BIO_s_mem())};
    openssl_needs(memory != nullptr, "memory");
    openssl_needs(::PEM_write_bio_X509(memory.get(), certificate.get()) == 1, "write");
    return bytes_of(memory);
}

std::string der_of(const Certificate& certificate) {
    const Memory memory{::BIO_new(::BIO_s_mem())};
    openssl_needs(memory != nullptr, "memory");
    openssl_needs(::i2d_X509_bio(memory.get(), certificate.get()) == 1, "write");
    return bytes_of(memory);
}

// Big-endian, as Java's DataOutput writes numbers.
void append_number(std::string& out, std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
        out += static_cast<char>(static_cast<unsigned char>(value >> static_cast<unsigned>(shift)));
    }
}

void append_text(std::string& out, std::string_view text) {
    append_number(out, text.size(), 2);
    out += text;
}

}  // namespace

std::string make_certificate(const CertificateOrder& order) {
    std::vector<std::string> alternatives;
    if (order.kind == StubCertificate::wrong_host) {
        alternatives.emplace_back("DNS:elsewhere.example");
    } else {
        for (const auto& name : order.names) alternatives.push_back("DNS:" + name);
        for (const auto& address : order.addresses) alternatives.push_back("IP:" + address);
    }
    const std::string subject = order.kind == StubCertificate::wrong_host ? "elsewhere.example"
                                : order.names.empty()                     ? "localhost"
                                                                          : order.names.front();
    const bool own = order.kind == StubCertificate::self_signed;
    const bool unknown = order.kind == StubCertificate::unknown_ca;
    const std::string issuer = own ? subject : unknown ? "an unknown authority" : authority_name;
    const std::string all = fmt::format("{}", fmt::join(alternatives, ","));
    // RFC 5280, 4.1.2.2: positive, and unique for each of an issuer's certificates.
    Draft draft{subject, issuer, Rng{static_cast<std::uint64_t>(order.kind), all}.next() >> 1U};
    draft.valid(validity(order.kind), order.wall_clock);
    draft.extend(NID_basic_constraints, "critical,CA:FALSE");
    draft.extend(NID_key_usage, "critical,digitalSignature,keyEncipherment");
    draft.extend(NID_ext_key_usage, "serverAuth");
    draft.extend(NID_subject_alt_name, all);
    const Key key = key_of(server_key);
    // The unknown authority's key is nobody's either: the server's own does.
    return pem_of(draft.sign(key, own || unknown ? key_of(server_key) : key_of(authority_key)));
}

std::string server_private_key() { return server_key; }

std::string authority_pem(std::int64_t wall_clock) { return pem_of(make_authority(wall_clock)); }

// Sun's key store format, version 2, as sun.security.provider.JavaKeyStore reads it: entries, and a
// digest over password, a constant and the entries, which is checked where a password is given.
std::string authority_java_store(std::int64_t wall_clock) {
    const std::string certificate = der_of(make_authority(wall_clock));
    std::string store;
    append_number(store, 0xfeed'feed, 4);
    append_number(store, 2, 4);  // version
    append_number(store, 1, 4);  // entries
    append_number(store, 2, 4);  // of a trusted certificate
    append_text(store, "etimedout");
    append_number(store, static_cast<std::uint64_t>(wall_clock / 86'400'000'000'000 * 86'400'000),
                  8);  // made on that day
    append_text(store, "X.509");
    append_number(store, certificate.size(), 4);
    store += certificate;

    std::string digested;
    for (const char c : std::string_view{"changeit"}) digested += {'\0', c};  // UTF-16
    digested += "Mighty Aphrodite" + store;
    const std::vector<unsigned char> input{digested.begin(), digested.end()};
    std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
    unsigned size = 0;
    openssl_needs(
        ::EVP_Digest(input.data(), input.size(), digest.data(), &size, ::EVP_sha1(), nullptr) == 1,
        "digest");
    store.append(digest.begin(), digest.end());
    return store;
}

}  // namespace etimedout
