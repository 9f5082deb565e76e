/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alibaba's failure codes (DiagnoseVpnConnections, FailedReasonCode) and what of IKEv2 produces each; the first fitting
 * row wins. The other profiles use the same table, having no codes of their own. IKEv1's codes
 * (DpdHashNotifyCompatibility, NegotiationModeMismatch, CommitMismatch, NegotiationFailed) and those of proposals that
 * this library never makes nor takes (SecurityProtocolMismatch, EncapsulationModeMismatch) have no row.
 * LifetimeMismatch has none either: IKEv2 does not exchange lifetimes (RFC 7296 section 2.8).
 */
#include "lib/cloud/cloud.h"

#define N_UNSUPPORTED_CRITICAL_PAYLOAD 1

#define CRITICAL S2S_DIAGNOSIS_CRITICAL
#define PHASE1 S2SI_STAGE_INIT
#define PHASE2 S2SI_STAGE_CHILD
#define NO_PROPOSAL S2S_REASON_NO_PROPOSAL

const struct s2si_diagnosis_row s2si_alibaba_diagnosis[S2SI_ALIBABA_DIAGNOSIS] = {
    /* phase 1 proposals */
    {"DhGroupMismatch", CRITICAL, 2, NO_PROPOSAL, 0, PHASE1, S2SI_DIFFERS_GROUP,
     "the key exchange groups of phase 1 have nothing in common",
     "Set ike.dh_group of one end to a group that the other end allows (Alibaba: IkePfs, AWS: Phase1DHGroupNumbers)."},
    {"DhGroupMismatch", CRITICAL, 2, S2S_REASON_INVALID_KE, 0, PHASE1, S2SI_DIFFERS_GROUP,
     "the peer asks for a key exchange group that is not offered",
     "Add the group that the peer wants to ike.dh_group here, or allow ours at the peer (Alibaba: IkePfs, AWS: "
     "Phase1DHGroupNumbers)."},
    {"AuthenticationAlgorithmMismatch", CRITICAL, 2, NO_PROPOSAL, 0, PHASE1, S2SI_DIFFERS_INTEGRITY,
     "the integrity algorithms (or PRFs) of phase 1 have nothing in common",
     "Set ike.integrity of one end to what the other end allows (Alibaba: IkeAuthAlg, AWS: "
     "Phase1IntegrityAlgorithms)."},
    {"AlgorithmMismatch", CRITICAL, 2, NO_PROPOSAL, 0, PHASE1, S2SI_DIFFERS_ENCRYPTION,
     "the encryption algorithms of phase 1 have nothing in common",
     "Set ike.encryption of one end to what the other end allows (Alibaba: IkeEncAlg, AWS: "
     "Phase1EncryptionAlgorithms)."},
    {"AlgorithmMismatch", CRITICAL, 2, NO_PROPOSAL, 0, PHASE1, S2SI_DIFFERS_SEVERAL,
     "several algorithms of phase 1 have nothing in common",
     "Give both ends the same ike.encryption, ike.integrity and ike.dh_group; the values above stand in this order."},
    /* phase 2 proposals */
    {"PfsMismatch", CRITICAL, 2, NO_PROPOSAL, 0, PHASE2, S2SI_DIFFERS_GROUP,
     "the key exchange groups of phase 2 (PFS) have nothing in common",
     "Set ipsec.pfs of both ends alike (Alibaba: IpsecPfs, AWS: Phase2DHGroupNumbers). The first IPsec SA comes up all "
     "the "
     "same, since it takes no key exchange of its own; traffic ends with its lifetime."},
    {"PfsMismatch", CRITICAL, 2, S2S_REASON_INVALID_KE, 0, PHASE2, 0, "the group of phase 2 (PFS) differs",
     "Set ipsec.pfs of both ends alike (Alibaba: IpsecPfs, AWS: Phase2DHGroupNumbers)."},
    {"EncryptionAlgorithmMismatch", CRITICAL, 2, NO_PROPOSAL, 0, PHASE2, S2SI_DIFFERS_ENCRYPTION,
     "the encryption algorithms of phase 2 have nothing in common",
     "Set ipsec.encryption of one end to what the other end allows (Alibaba: IpsecEncAlg, AWS: "
     "Phase2EncryptionAlgorithms)."},
    {"AlgorithmMismatch", CRITICAL, 2, NO_PROPOSAL, 0, PHASE2, S2SI_DIFFERS_INTEGRITY,
     "the integrity algorithms of phase 2 have nothing in common",
     "Set ipsec.integrity of one end to what the other end allows (Alibaba: IpsecAuthAlg, AWS: "
     "Phase2IntegrityAlgorithms)."},
    {"AlgorithmMismatch", CRITICAL, 2, NO_PROPOSAL, 0, PHASE2, S2SI_DIFFERS_SEVERAL,
     "several algorithms of phase 2 have nothing in common",
     "Give both ends the same ipsec.encryption, ipsec.integrity, ipsec.pfs and esn; the values above stand in this "
     "order."},
    /* the peer refused and did not tell why (RFC 7296 section 2.7) */
    {"ProposalMismatch", CRITICAL, 1, NO_PROPOSAL, 0, PHASE2, 0, "the peer takes none of the proposals for phase 2",
     "Compare ipsec.encryption, ipsec.integrity, ipsec.pfs and esn with the peer's settings; its own log names the "
     "one."},
    {"ProposalMismatch", CRITICAL, 1, NO_PROPOSAL, 0, 0, 0, "the peer takes none of the proposals for phase 1",
     "Compare ike.encryption, ike.integrity, ike.prf and ike.dh_group with the peer's settings; its own log names the "
     "one."},
    /* who they are */
    {"PeerIdMismatch", CRITICAL, 2, S2S_REASON_ID_MISMATCH, 0, 0, 0, "the peer calls itself by another identity",
     "Set ike.remote_id here to what the peer sends, or the peer's local identity (Alibaba: LocalId) to what is "
     "expected "
     "here. Behind a NAT the default identity is often the private address."},
    {"PskMismatch", CRITICAL, 2, S2S_REASON_AUTH_FAILED, 0, 0, 0, "the pre-shared keys differ",
     "Enter the same key at both ends; look for a space at its end, and whether it belongs to the other tunnel."},
    {"PskMismatch", CRITICAL, 1, S2S_REASON_AUTH_FAILED_BY_PEER, 0, 0, 0,
     "the peer refused the authentication: the pre-shared keys differ, or it does not know our identity",
     "Enter the same key at both ends and check that ike.local_id here is the peer's remote identity (Alibaba: "
     "RemoteId)."},
    {"TrafficSelectorMismatch", CRITICAL, 2, S2S_REASON_TS_UNACCEPTABLE, 0, 0, 0,
     "the protected networks of the two ends have nothing in common",
     "local_subnets here must be the peer's remote networks and the other way round. Alibaba: LocalSubnet is Alibaba's "
     "own "
     "side; AWS: LocalIpv4NetworkCidr is the customer's side."},
    {"PeerMismatch", CRITICAL, 2, 0, N_UNSUPPORTED_CRITICAL_PAYLOAD, 0, 0,
     "the peer does not know a payload marked critical",
     "Check the customer gateway's address and the peer's IKE software."},
    {"IkeVersionMismatch", CRITICAL, 2, S2S_REASON_VERSION, 0, 0, 0, "the IKE versions differ",
     "Set ike.version of both ends alike; ikev2 is advised."},
    {"NatTMismatch", CRITICAL, 2, S2S_REASON_NAT_FORBIDDEN, 0, 0, 0,
     "there is a NAT on the way, and encapsulation in UDP is forbidden here",
     "Set encapsulation to auto and nat_traversal to true here, and allow UDP 4500 on the way."},
    /* silence */
    {"NoResponse", CRITICAL, 1, S2S_REASON_TIMEOUT, 0, PHASE1, 0, "the peer does not answer",
     "Check the customer gateway's address, that the peer's gateway runs and knows this end's public address, and that "
     "UDP "
     "500 and 4500 pass both ways."},
    {"Phase1NegotiationTimeout", CRITICAL, 1, S2S_REASON_TIMEOUT, 0, S2SI_STAGE_AUTH, 0,
     "the peer answered the first message of phase 1 and then no more",
     "Allow UDP 4500 on the way in both directions when a NAT is there, and fragments; the peer's log tells whether "
     "the "
     "second message came in."},
    {"Phase2NegotiationTimeout", CRITICAL, 1, S2S_REASON_TIMEOUT, 0, PHASE2, 0,
     "phase 1 stands, and the peer does not answer in phase 2",
     "Check whether the peer still runs and whether large UDP packets pass."},
    {"DpdTimeout", CRITICAL, 1, S2S_REASON_DPD, 0, 0, 0, "dead-peer detection: the peer is not there any more",
     "Check the peer and the way to it; with dpd.action restart this end begins again by itself."},
    {"DpdTimeout", CRITICAL, 1, S2S_REASON_TIMEOUT, 0, 0, 0, "the peer stopped answering",
     "Check the peer and the way to it."},
    {"ReceiveDeleteNotify", S2S_DIAGNOSIS_WARN, 1, S2S_REASON_PEER_DELETE, 0, 0, 0, "the peer deleted the SA",
     "Look at the peer why: a change of its settings, a restart, its own dead-peer detection, or an idle timer."},
};
