// Errors of setting up: what was attempted, why it failed, what to do next.
#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <boost/system/result.hpp>

namespace etimedout {

// Something is wrong with a value or a text. `message` says what, `advice` what to do next.
struct Problem {
    Problem() = default;
    Problem(std::string what, std::string what_next)
        : message{std::move(what)}, advice{std::move(what_next)} {}
    std::string message;
    std::string advice;
    bool operator==(const Problem&) const = default;
};

// Thrown where something cannot be set up. Caught once, in main.
class Error : public std::runtime_error {
public:
    explicit Error(std::string message, std::string advice = {})
        : std::runtime_error{std::move(message)}, advice_{std::move(advice)} {}
    explicit Error(const Problem& problem) : Error{problem.message, problem.advice} {}

    // What the user can do about it; may be empty.
    const std::string& advice() const noexcept { return advice_; }

private:
    std::string advice_;
};

[[noreturn]] inline void throw_exception_from_error(const Problem& problem,
                                                    const boost::source_location& /*where*/) {
    throw Error{problem};
}

// A value, or the reason why there is none: for what is expected to go wrong.
template <class T>
using Result = boost::system::result<T, Problem>;

// Throws an Error that names the attempt and errno's text.
[[noreturn]] void throw_errno(std::string_view attempt, int error_number);

// Passes a system call's result through, or throws an Error that names the attempt.
template <class T>
T checked(std::string_view attempt, T result) {
    if (result < 0) throw_errno(attempt, errno);
    return result;
}

// The symbolic name of an errno value, "ETIMEDOUT"; "errno 999" for one without a name.
std::string errno_name(int error_number);

// The errno value of a symbolic name, 0 for a name that is not one.
int errno_value(std::string_view name);

}  // namespace etimedout
