/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <s2svpn/config.h>

void answer(struct evhttp_request *request, int code, const char *reason, const char *type,
                   struct evbuffer *body)
{
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", type);
    evhttp_send_reply(request, code, reason, body);
    if (body) {
        evbuffer_free(body);
    }
}

void answer_json(struct evhttp_request *request, int code, const char *reason, char *text)
{
    struct evbuffer *body = evbuffer_new();

    if (body && text) {
        evbuffer_add_printf(body, "%s\n", text);
    }
    s2s_json_free(text);
    answer(request, code, reason, "application/json", body);
}

void answer_text(struct evhttp_request *request, int code, const char *reason, const char *text)
{
    struct evbuffer *body = evbuffer_new();

    if (body) {
        evbuffer_add_printf(body, "%s\n", text);
    }
    answer(request, code, reason, "text/plain; charset=utf-8", body);
}
