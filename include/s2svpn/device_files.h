/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file device_files.h
 * The files that clouds hand out for the device at the far end (library s2svpn-config): a connection of ours written as
 * one, and the files of both clouds read into a configuration that s2s_config_parse takes.
 *
 * Every file tells of a cloud and of its peer. Export writes our gateway as the cloud and our customer gateway as the
 * peer. Import becomes one of the two: the cloud when options->profile is the file's cloud, else the peer. AWS's words
 * local and remote are the customer's; they are turned round here, and nowhere else.
 */
#ifndef S2SVPN_DEVICE_FILES_H
#define S2SVPN_DEVICE_FILES_H

#include <s2svpn/config.h>

S2S_EXTERN_C_BEGIN

/** The kinds of files. */
enum s2s_device_file {
    S2S_DEVICE_FILE_ANY = 0, /**< import only: told apart by what the text starts with. */
    S2S_DEVICE_FILE_GENERIC, /**< "generic": AWS's text file for vendor Generic. Out and in. */
    S2S_DEVICE_FILE_AWS_XML, /**< "aws-xml": AWS's CustomerGatewayConfiguration. Out; in where the build has expat. */
    S2S_DEVICE_FILE_ALIBABA, /**< "alibaba": the answer of DownloadVpnConnectionConfig, seen from the peer. Out and in. */
    S2S_DEVICE_FILE_SWANCTL, /**< "swanctl": a swanctl.conf for a strongSwan at the far end. Out only. */
    S2S_DEVICE_FILE_AWS_CLI, /**< "aws-cli": the answer of `aws ec2 describe-vpn-connections`. In only. */
    S2S_DEVICE_FILE_ALIBABA_API /**< "alibaba-api": a CreateVpnConnection request, or the answer of DescribeVpnConnection
                                   or DescribeVpnConnections. In only. */
};
/** The name of a kind ("generic"), static storage; NULL for other values. */
S2S_API const char *s2s_device_file_name(int kind);
/** The kind of a name, or S2S_DEVICE_FILE_ANY when there is none. */
S2S_API enum s2s_device_file s2s_device_file_find(const char *name);
/** The MIME type of a kind that can be exported; "application/octet-stream" for others. */
S2S_API const char *s2s_device_file_type(int kind);

/** Which algorithms a file names where the connection allows several (AWS: SampleType). */
enum s2s_device_sample {
    S2S_DEVICE_SAMPLE_RECOMMENDED = 0,  /**< AES256, SHA2-256, group 14, or what is next to them. */
    S2S_DEVICE_SAMPLE_COMPATIBILITY = 1 /**< AES128, SHA1, group 2, or what is next to them. */
};

/**
 * Writes a connection for its far end. The text holds the PSKs. What is written holds now: a value that a cloud's own
 * file leaves at its minimum is the one that our gateway accepts.
 * @param connection a connection of an engine.
 * @param kind       enum s2s_device_file.
 * @param sample     enum s2s_device_sample; without meaning for swanctl, which lists all algorithms.
 * @param text       freed with s2s_device_file_free.
 * @return 0, S2S_ERR_INVALID (NULL, unknown kind), S2S_ERR_UNSUPPORTED (a kind that is not exported; the PSK, an
 * identity or a name holds bytes that the file cannot carry; a tunnel knows no address of its far end; cgw or own
 * address missing), S2S_ERR_NO_MEMORY.
 */
S2S_API int s2s_device_file_export(const s2s_connection *connection, int kind, int sample, char **text);
/** Wipes and frees a text of s2s_device_file_export. NULL is allowed. */
S2S_API void s2s_device_file_free(char *text);

/** What an import needs to know beside the file. */
struct s2s_import_options {
    size_t struct_size;
    const struct s2s_allocator *allocator; /**< copied; NULL = malloc. (cJSON and expat always use malloc.) */
    const struct s2s_profile *profile;     /**< what the new gateway behaves as; NULL = generic. */
    int kind;                              /**< enum s2s_device_file; default ANY. */
    const char *name;                      /**< name of the gateway; NULL = "gateway". */
    const char *local_address;   /**< our address where the file names none; NULL = our identity, if that is an address,
                                      else "dynamic". Two, with a comma between them, for alibaba. */
    const char *remote_address;  /**< the far end's, likewise; NULL = its identity, if that is an address, else an
                                      error where the file names none. */
    uint32_t customer_asn;       /**< ASN of the customer gateway where the file names none; 0 = unknown. */
    const char *local_networks;  /**< prefixes behind us ("10.0.0.0/16,10.1.0.0/16"), for vpc.cidr; NULL = what the
                                      file names. */
    const char *remote_networks; /**< prefixes behind the far end, for static routes; NULL = what the file names. */
    size_t max_size;             /**< bytes of each text; default 1 MiB. */
    const char *connection;      /**< of several connections in a file only the one of this id or name; NULL = all. */
};
/** Fills defaults for a struct of this size. */
S2S_API void s2s_import_options_init(struct s2s_import_options *options, size_t struct_size);

/** One file, borrowed for the call. */
struct s2s_import_file {
    const char *text;
    size_t length;
};

/** The outcome of an import: a configuration, and what could not go into it. Holds secrets, which are wiped when it is
 *  deleted. */
typedef struct s2s_import s2s_import;

/**
 * Reads files of one deployment into a configuration. Nothing is dropped in silence: each field of a file is carried,
 * or a warning names it with its value (secrets never) and the reason.
 *
 * With profile alibaba as the peer of AWS, tunnel 1 of each of two files becomes tunnels 1 and 2 of one connection: an
 * Alibaba gateway has two addresses, and an AWS connection knows one customer gateway.
 * @param files  one or more texts, all of one kind. UTF-8.
 * @param import set with S2S_OK and with S2S_ERR_CONFIG.
 * @return 0, S2S_ERR_CONFIG (the file is refused; see s2s_import_issue), S2S_ERR_INVALID, S2S_ERR_UNSUPPORTED (the kind
 * is not imported, or XML and this build has no expat), S2S_ERR_NO_MEMORY.
 *
 * AWS's Generic file may say IKEv1, which is its oldest sample; where this build has IKEv2 alone, IKEv2 is put in, with
 * a warning, since AWS's endpoints take both unless told otherwise.
 */
S2S_API int s2s_device_file_import(const struct s2s_import_file *files, size_t count,
                                   const struct s2s_import_options *options, s2s_import **import);
/** The configuration as JSON text, borrowed until s2s_import_delete; NULL after S2S_ERR_CONFIG. It holds the PSKs. */
S2S_API const char *s2s_import_text(const s2s_import *import);
/** Errors and warnings in the order found; error->struct_size is set by the caller; path is the place in the file
 *  ("VpnConnections[0].Options.EnableAcceleration"), led by "file 2: " when there are several.
 *  @return 0 or S2S_ERR_NOT_FOUND past the end. */
S2S_API int s2s_import_issue(const s2s_import *import, size_t index, struct s2s_config_error *error);
/** What became of the fields of the files; carried + noted + unknown = fields. Empty values and null are no fields. */
struct s2s_import_counts {
    size_t struct_size;
    size_t fields;  /**< in the files, repeated ones counted each time. */
    size_t carried; /**< in the configuration, or the only value that this library has. */
    size_t noted;   /**< left out for a reason that a warning gives (state, the far end's own affair, ...). */
    size_t unknown; /**< not known here; a warning names each. */
};
/** Fills counts; its struct_size is set by the caller. @return 0 or S2S_ERR_INVALID. */
S2S_API int s2s_import_count(const s2s_import *import, struct s2s_import_counts *counts);
/** Wipes and frees. NULL is allowed. */
S2S_API void s2s_import_delete(s2s_import *import);

S2S_EXTERN_C_END
#endif
