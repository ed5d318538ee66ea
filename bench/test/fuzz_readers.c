/* libFuzzer's way in: see `make fuzz`. */
#include "reader_fuzz.h"

// NOLINTBEGIN(readability-identifier-naming): libFuzzer's name
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_readers(data, size);
    return 0;
}
// NOLINTEND(readability-identifier-naming)
