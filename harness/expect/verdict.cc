// Verdicts: which of two decides.
#include "harness/expect/verdict.hh"

namespace etimedout {

namespace {

int gravity(Verdict verdict) {
    switch (verdict) {
        case Verdict::skipped:
            return 0;
        case Verdict::pass:
            return 1;
        case Verdict::inconclusive:
            return 2;
        case Verdict::fail:
            return 3;
        case Verdict::error:
            return 4;
    }
    return 4;
}

}  // namespace

Verdict graver(Verdict a, Verdict b) { return gravity(a) >= gravity(b) ? a : b; }

}  // namespace etimedout
