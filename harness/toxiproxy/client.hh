// Carries out what a user wants of a running proxy server, and prints what came of it.
#pragma once

#include "harness/toxiproxy/client_plan.hh"

namespace etimedout {

// A file of proxies that is not there, or not one; the user's mistake.
class UnusableFile : public Error {
public:
    using Error::Error;
};

// Prints to standard output. Throws ApiRefusal with the server's own message, UnusableFile, and
// Error where no server is reached.
void run_client(const ClientPlan& plan);

}  // namespace etimedout
