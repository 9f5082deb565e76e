/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_import_download: a device file of kind ALIBABA. First byte: which profile the new gateway has. */
#include "import_one.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return import_one(S2S_DEVICE_FILE_ALIBABA, data, size);
}
