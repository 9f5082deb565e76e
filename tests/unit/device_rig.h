/* SPDX-License-Identifier: Apache-2.0 */
/* device_rig: a configuration becomes a gateway, the gateway a device file, the file a configuration again. */
#ifndef S2SI_TEST_DEVICE_RIG_H
#define S2SI_TEST_DEVICE_RIG_H

#include <s2svpn/device_files.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* An AWS gateway with one static and one BGP connection ("vpn1", "vpn2"), both with two whole tunnels; keys are given.
 */
extern const char device_rig_aws[];
/* An Alibaba gateway with one connection ("vco") and BGP. */
extern const char device_rig_alibaba[];

/* An engine with the gateway of a configuration. */
s2s_engine *device_rig_engine(const char *config);
/* A connection's device file; free with s2s_device_file_free. */
char *device_rig_export(s2s_engine *engine, const char *connection, int kind, int sample);
/* Imports one text; the result may be S2S_ERR_CONFIG. */
int device_rig_import(const char *text, int kind, const struct s2s_profile *profile, s2s_import **import);
/* Whether an issue with this path (its end) and with rule inside its text is listed. */
bool device_rig_lists(const s2s_import *import, bool warning, const char *path, const char *rule);
void device_rig_print(const s2s_import *import);
/* Parses and checks the text of an import; fails the test with the errors when it does not pass. */
void device_rig_passes(const s2s_import *import);

#endif
