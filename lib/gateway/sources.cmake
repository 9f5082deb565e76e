# SPDX-License-Identifier: Apache-2.0
set(S2S_GATEWAY_SOURCES)
