# SPDX-License-Identifier: Apache-2.0
set(S2S_CLOUD_SOURCES
    lib/cloud/alibaba_diagnosis.c lib/cloud/alibaba_fields.c lib/cloud/alibaba_rules.c lib/cloud/alibaba_words.c
    lib/cloud/aws_fields.c lib/cloud/aws_rules.c lib/cloud/aws_words.c
    lib/cloud/generic_fields.c lib/cloud/generic_rules.c lib/cloud/generic_words.c
    lib/cloud/rules_common.c)
