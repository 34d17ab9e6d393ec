// SharedLibrary: what is there is found, and what is not is named with the way to get it.
#include "simulator/base/shared_library.hh"

#include <gtest/gtest.h>

#include "simulator/base/error.hh"

namespace etimedout {
namespace {

TEST(SharedLibrary, FindsAFunction) {
    const SharedLibrary library{"libm.so.6", "libc6"};
    double (*round_down)(double) = nullptr;
    library.resolve("floor", round_down);
    EXPECT_EQ(round_down(2.5), 2.0);
}

TEST(SharedLibrary, NamesTheLibraryAndItsPackage) {
    try {
        const SharedLibrary library{"libnobody-has.so.7", "libnobody-has7"};
        FAIL() << "it was loaded";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(),
                     "cannot load libnobody-has.so.7: cannot open shared object file: No such file "
                     "or directory");
        EXPECT_EQ(error.advice(), "install the package libnobody-has7");
    }
}

TEST(SharedLibrary, NamesAFunctionThatIsNotThere) {
    const SharedLibrary library{"libm.so.6", "libc6"};
    double (*nothing)(double) = nullptr;
    try {
        library.resolve("etimedout_root", nothing);
        FAIL() << "it was found";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "libm.so.6 has no function etimedout_root");
    }
    EXPECT_EQ(nothing, nullptr);
}

}  // namespace
}  // namespace etimedout
