/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base: what every room of the house stands on. Nothing here knows a protocol of ours.
 *
 *   mem       allocator calls, constant-time compare, wipe
 *   secret    bytes that wipe themselves
 *   buffer    a growing byte buffer
 *   wire      bounds-checked reader and writer, network order
 *   log       finished lines to the caller
 *   errors    the list of configuration errors with path, value, rule
 *   timer     a heap of deadlines over caller-given time
 *   map       hash map with caller-owned keys, seeded against chosen keys
 *   siphash   the keyed hash below map
 *   list      intrusive doubly linked list
 *   address   addresses, prefixes, selectors: compare, contain, intersect
 *   trie      longest-prefix match
 *   ip        reading and rewriting inner IPv4 and IPv6 headers, checksums, MSS, ICMP errors
 */
#ifndef S2SI_BASE_H
#define S2SI_BASE_H

#include "lib/base/address.h"
#include "lib/base/buffer.h"
#include "lib/base/errors.h"
#include "lib/base/ip.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/mem.h"
#include "lib/base/secret.h"
#include "lib/base/siphash.h"
#include "lib/base/timer.h"
#include "lib/base/trie.h"
#include "lib/base/wire.h"

#endif
