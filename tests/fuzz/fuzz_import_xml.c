/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_import_xml: a device file of kind AWS_XML. First byte: which profile the new gateway has. */
#include "import_one.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return import_one(S2S_DEVICE_FILE_AWS_XML, data, size);
}
