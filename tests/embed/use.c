/* SPDX-License-Identifier: Apache-2.0 */
/* What a foreign project does first: it includes the headers, links the library, and asks for its version. Compiles as C and as C++. */
#include <s2svpn/s2svpn.h>

#include <stdio.h>
#include <string.h>

int main(void)
{
    const struct s2s_version_info *version = s2s_version();
    struct s2s_engine_params params;
    s2s_engine *engine = NULL;

    if (version->major != S2S_VERSION_MAJOR || version->minor != S2S_VERSION_MINOR || version->patch != S2S_VERSION_PATCH) {
        printf("header and library differ\n");
        return 1;
    }
    s2s_engine_params_init(&params, sizeof params);
    if (s2s_engine_new(&params, &engine) != S2S_ERR_INVALID || engine) {
        printf("an engine without a crypto provider was made\n");
        return 1;
    }
    s2s_engine_delete(NULL);
    printf("libs2svpn %s: %s\n", version->text, s2s_strerror(S2S_OK));
    return strlen(s2s_strerror(S2S_ERR_INVALID)) ? 0 : 1;
}
