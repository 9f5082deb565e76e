/* SPDX-License-Identifier: Apache-2.0 */
/* attribute_text: path attributes as people read them; each writes at most capacity octets with the NUL. The attribute table
   (attribute.c) names one for each attribute that is shown. */
#ifndef S2SI_BGP_ATTRIBUTE_TEXT_H
#define S2SI_BGP_ATTRIBUTE_TEXT_H

#include "lib/bgp/bgp_attr.h"

void s2si_bgp_text_origin(const struct s2si_bgp_attr_view *view, char *out, size_t capacity);      /* "IGP" */
void s2si_bgp_text_as_path(const struct s2si_bgp_attr_view *view, char *out, size_t capacity);     /* "64512 {1 2}" */
void s2si_bgp_text_next_hop(const struct s2si_bgp_attr_view *view, char *out, size_t capacity);
void s2si_bgp_text_med(const struct s2si_bgp_attr_view *view, char *out, size_t capacity);
void s2si_bgp_text_local_pref(const struct s2si_bgp_attr_view *view, char *out, size_t capacity);
void s2si_bgp_text_atomic(const struct s2si_bgp_attr_view *view, char *out, size_t capacity);
void s2si_bgp_text_aggregator(const struct s2si_bgp_attr_view *view, char *out, size_t capacity);  /* "64512 192.0.2.1" */
void s2si_bgp_text_communities(const struct s2si_bgp_attr_view *view, char *out, size_t capacity); /* "65000:1 no-export" */
void s2si_bgp_text_originator(const struct s2si_bgp_attr_view *view, char *out, size_t capacity);
void s2si_bgp_text_clusters(const struct s2si_bgp_attr_view *view, char *out, size_t capacity);
void s2si_bgp_text_extended(const struct s2si_bgp_attr_view *view, char *out, size_t capacity);    /* "0002fde800000001" */
void s2si_bgp_text_large(const struct s2si_bgp_attr_view *view, char *out, size_t capacity);       /* "65000:1:2" */

#endif
