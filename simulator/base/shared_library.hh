// SharedLibrary: a library of the system that is loaded when it is first needed, not at the start.
#pragma once

#include <string>

namespace etimedout {

// Stays loaded until the process ends. Loading costs a world more than most of what it does with
// the library: each library that another one needs is a dozen system calls and page faults.
class SharedLibrary {
public:
    // `file` as ld.so(8) finds it, such as "libcurl.so.4". Throws Error with what the loader says
    // and the advice to install `package`, where it is not there.
    SharedLibrary(const char* file, const char* package);

    // Sets a pointer to the library's function of that name. Throws Error where there is none.
    template <class Function>
    void resolve(const char* name, Function*& function) const {
        function = reinterpret_cast<Function*>(address_of(name));
    }

private:
    void* address_of(const char* name) const;

    std::string file_;
    void* handle_ = nullptr;
};

}  // namespace etimedout
