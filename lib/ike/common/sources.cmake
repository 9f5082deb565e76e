# SPDX-License-Identifier: Apache-2.0
set(S2S_IKE_COMMON_SOURCES lib/ike/common/identity.c lib/ike/common/notify.c lib/ike/common/numbers.c
    lib/ike/common/proposal.c)
