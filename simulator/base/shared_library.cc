// SharedLibrary: a library of the system that is loaded when it is first needed, not at the start.
#include "simulator/base/shared_library.hh"

#include <dlfcn.h>
#include <fmt/format.h>

#include "simulator/base/error.hh"

namespace etimedout {

SharedLibrary::SharedLibrary(const char* file, const char* package)
    : file_{file}, handle_{::dlopen(file, RTLD_LAZY | RTLD_LOCAL)} {
    if (handle_ != nullptr) return;
    const char* reason = ::dlerror();
    throw Error{fmt::format("cannot load {}", reason == nullptr ? file : reason),
                fmt::format("install the package {}", package)};
}

void* SharedLibrary::address_of(const char* name) const {
    void* address = ::dlsym(handle_, name);
    if (address == nullptr) {
        throw Error{fmt::format("{} has no function {}", file_, name),
                    "it is older than what this program needs: install a newer one"};
    }
    return address;
}

}  // namespace etimedout
