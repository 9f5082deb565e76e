/* SPDX-License-Identifier: Apache-2.0 */
/* answer: what goes back over the control socket. */
#ifndef S2S_GATEWAY_ANSWER_H
#define S2S_GATEWAY_ANSWER_H

struct evbuffer;
struct evhttp_request;

/* Takes body. */
void answer(struct evhttp_request *request, int code, const char *reason, const char *type, struct evbuffer *body);
/* Takes text, which is one of those that s2s_json_free() frees. */
void answer_json(struct evhttp_request *request, int code, const char *reason, char *text);
void answer_text(struct evhttp_request *request, int code, const char *reason, const char *text);

#endif
