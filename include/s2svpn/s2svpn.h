/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file s2svpn.h
 * Everything of the core library. Backends, loops and configuration files have headers of their own.
 */
#ifndef S2SVPN_S2SVPN_H
#define S2SVPN_S2SVPN_H

#include <s2svpn/driver.h>
#include <s2svpn/engine.h>
#include <s2svpn/esp.h>
#include <s2svpn/gateway.h>
#include <s2svpn/profile.h>
#include <s2svpn/route.h>

#endif
