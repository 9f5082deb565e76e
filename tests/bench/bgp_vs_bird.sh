#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bgp_vs_bird.sh BUILD [ROUTES]: see bgp_vs_bird.py.
exec python3 "$(dirname "$0")/bgp_vs_bird.py" "$@"
