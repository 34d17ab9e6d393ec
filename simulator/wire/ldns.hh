// ldns, without what its header does to the words of C++: for source files alone.
#pragma once

#include <ldns/ldns.h>

// <ldns/common.h> defines these as macros where it does not take <stdbool.h> to be there.
#undef bool
#undef true
#undef false
