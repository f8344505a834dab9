/* http: a small server for pages that people look at. Requests are answered in the server's own
 * threads, one arena per request. Stands on libmicrohttpd, which is loaded when a server is
 * started. SPDX-License-Identifier: Apache-2.0 */
#ifndef IO_HTTP_H
#define IO_HTTP_H

#include "base/buf.h"

enum {
    HTTP_REQUEST_BYTES_MAX = 256 << 20, /* of an answer and all that is needed to make it */
    HTTP_CONNECTIONS_MAX = 64,
};

struct http_request {
    const char *path;   /* "/crash" */
    bool is_head;
    struct arena *arena; /* of this request */
    /* The value of a parameter of the query, decoded; NULL when it is not there. */
    const char *(*parameter)(const struct http_request *r, const char *name);
    void *connection; /* the library's */
};

struct http_answer {
    unsigned code;    /* 200, 404; 0 becomes 200 */
    const char *type; /* "text/html; charset=utf-8" */
    struct buf body;  /* in the request's arena; initialised */
};

struct http_server;

/* address: "127.0.0.1:56741", "[::1]:80", ":0" (any free port, all addresses). answer is called
 * inside arena_guard() of the request's arena, by several threads at once. A port in use, a bad
 * address, a missing library: each refused in its own words. */
MUST_USE enum status http_start(const char *address,
                                void (*answer)(void *ctx, const struct http_request *request,
                                               struct http_answer *out),
                                void *ctx, struct http_server **out, struct diag *dg);
void http_stop(struct http_server *server); /* waits for requests under way */
/* "http://127.0.0.1:56741", with the port that was taken. */
const char *http_url(const struct http_server *server);

#endif /* IO_HTTP_H */
