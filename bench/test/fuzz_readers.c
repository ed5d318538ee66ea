/* libFuzzer's way in: see `make fuzz`. */
#include "fuzz_readers.h"

// NOLINTBEGIN(readability-identifier-naming): libFuzzer's name
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_readers(data, size);
    return 0;
}
// NOLINTEND(readability-identifier-naming)
