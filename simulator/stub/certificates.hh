// Certificates of a world's servers, made inside it and signed by an authority of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulator/stub/spec.hh"

namespace etimedout {

struct CertificateOrder {
    StubCertificate kind = StubCertificate::good;
    std::vector<std::string> names{};      // of hosts, for the subject's alternative names
    std::vector<std::string> addresses{};  // IPv4 or IPv6
    std::int64_t wall_clock = 0;           // now, in nanoseconds since 1970
};

// PEM; the same for the same order, day by day. Throws Error where OpenSSL cannot make it.
std::string make_certificate(const CertificateOrder& order);
std::string server_private_key();

// What a client has to trust: as PEM, and as a Java key store (JKS), which Java reads without a
// password.
std::string authority_pem(std::int64_t wall_clock);
std::string authority_java_store(std::int64_t wall_clock);

}  // namespace etimedout
