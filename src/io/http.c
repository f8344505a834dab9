/* http: over libmicrohttpd. SPDX-License-Identifier: Apache-2.0 */
#include "io/http.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is used of the library. */
#define HTTP_LIBRARY "libmicrohttpd.so.12"
struct library {
    __typeof__(&MHD_start_daemon) start;
    __typeof__(&MHD_stop_daemon) stop;
    __typeof__(&MHD_create_response_from_buffer) response;
    __typeof__(&MHD_add_response_header) header;
    __typeof__(&MHD_queue_response) queue;
    __typeof__(&MHD_destroy_response) destroy;
    __typeof__(&MHD_lookup_connection_value) lookup;
};

struct http_server {
    void *handle;
    struct library call;
    struct MHD_Daemon *daemon;
    void (*answer)(void *ctx, const struct http_request *request, struct http_answer *out);
    void *ctx;
    char url[128];
};

static bool load(struct http_server *s)
{
    static const struct {
        const char *name;
        size_t offset;
    } functions[] = {
        {"MHD_start_daemon",                offsetof(struct library, start)   },
        {"MHD_stop_daemon",                 offsetof(struct library, stop)    },
        {"MHD_create_response_from_buffer", offsetof(struct library, response)},
        {"MHD_add_response_header",         offsetof(struct library, header)  },
        {"MHD_queue_response",              offsetof(struct library, queue)   },
        {"MHD_destroy_response",            offsetof(struct library, destroy) },
        {"MHD_lookup_connection_value",     offsetof(struct library, lookup)  },
    };

    s->handle = dlopen(HTTP_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (s->handle == NULL)
        return false;
    for (size_t i = 0; i < LENGTH_OF(functions); i++) {
        void *function = dlsym(s->handle, functions[i].name);
        if (function == NULL)
            return false;
        memcpy((char *)&s->call + functions[i].offset, &function, sizeof(function));
    }
    return true;
}

/* ---- answering ------------------------------------------------------------------------------- */

struct job {
    struct http_server *server;
    struct http_request request;
    struct http_answer answer;
};

static const char *parameter(const struct http_request *r, const char *name)
{
    const struct job *job =
        (const struct job *)(const void *)((const char *)r - offsetof(struct job, request));
    return job->server->call.lookup(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

static enum status answer_guarded(void *ctx, struct diag *dg)
{
    struct job *job = ctx;

    (void)dg;
    buf_init(&job->answer.body, job->request.arena);
    job->server->answer(job->server->ctx, &job->request, &job->answer);
    return ST_OK;
}

static enum MHD_Result send_answer(struct http_server *s, struct MHD_Connection *connection,
                                   unsigned code, const char *type, const void *body, size_t size)
{
    /* The library only reads a persistent buffer, but takes it as writable. */
    static char nothing[1];
    void *copy = nothing;
    if (size != 0) {
        copy = mem_alloc(size, 1);
        if (copy == NULL)
            return MHD_NO;
        memcpy(copy, body, size);
    }
    struct MHD_Response *response =
        s->call.response(size, copy, size != 0 ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    s->call.header(response, "Content-Type", type);
    s->call.header(response, "Cache-Control", "no-store");
    s->call.header(response, "X-Content-Type-Options", "nosniff");
    s->call.header(response, "Content-Security-Policy",
                   "default-src 'none'; style-src 'unsafe-inline'; img-src data:");
    const enum MHD_Result result = s->call.queue(connection, code, response);
    s->call.destroy(response);
    return result;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **state)
{
    struct http_server *s = ctx;
    struct arena arena;
    struct job job = {.server = s};
    static const char only_get[] = "only GET is served here\n";

    (void)version, (void)upload, (void)upload_size, (void)state;
    const bool is_head = strcmp(method, "HEAD") == 0;
    if (!is_head && strcmp(method, "GET") != 0)
        return send_answer(s, connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain", only_get,
                           sizeof(only_get) - 1);
    arena_init(&arena, HTTP_REQUEST_BYTES_MAX);
    job.request = (struct http_request){url, is_head, &arena, parameter, connection};
    job.answer = (struct http_answer){.type = "text/html; charset=utf-8"};
    struct diag dg = {0};
    enum MHD_Result result;
    if (arena_guard(&arena, answer_guarded, &job, &dg) != ST_OK)
        result = send_answer(s, connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "text/plain", dg.text,
                             strlen(dg.text));
    else
        result = send_answer(s, connection, job.answer.code == 0 ? MHD_HTTP_OK : job.answer.code,
                             job.answer.type, job.answer.body.data, job.answer.body.size);
    arena_free(&arena);
    return result;
}

/* ---- starting -------------------------------------------------------------------------------- */

static enum status refuse_address(const char *address, struct diag *dg)
{
    return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                     "http: expected host:port such as 127.0.0.1:56741, found %s", address);
}

/* host is empty for all addresses. */
static enum status split(const char *address, char *host, size_t host_size, const char **port,
                         struct diag *dg)
{
    const char *colon = strrchr(address, ':');
    const char *start = address;
    size_t size = colon == NULL ? 0 : (size_t)(colon - address);

    if (colon == NULL || colon[1] == 0)
        return refuse_address(address, dg);
    if (size >= 2 && start[0] == '[' && start[size - 1] == ']') {
        start++;
        size -= 2;
    }
    if (size >= host_size)
        return refuse_address(address, dg);
    memcpy(host, start, size);
    host[size] = 0;
    *port = colon + 1;
    return ST_OK;
}

static int try_address(const struct addrinfo *a)
{
    const int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, HTTP_CONNECTIONS_MAX) == 0)
        return fd;
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static enum status listen_on(const char *address, int *fd, struct diag *dg)
{
    char host[256];
    const char *port = "";
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
        .ai_socktype = SOCK_STREAM,
    };

    TRY(split(address, host, sizeof(host), &port, dg));
    if (getaddrinfo(host[0] != 0 ? host : NULL, port, &hints, &found) != 0)
        return refuse_address(address, dg);
    *fd = -1;
    for (const struct addrinfo *a = found; a != NULL && *fd < 0; a = a->ai_next)
        *fd = try_address(a);
    const int error = errno;
    freeaddrinfo(found);
    if (*fd >= 0)
        return ST_OK;
    return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "http: cannot listen on %s: %s%s", address,
                     strerror(error),
                     error == EADDRINUSE ? "; stop the other program or give another port" : "");
}

static void write_url(struct http_server *s, int fd)
{
    struct sockaddr_storage bound;
    socklen_t size = sizeof(bound);
    char host[128], port[16];

    if (getsockname(fd, (struct sockaddr *)&bound, &size) != 0 ||
        getnameinfo((struct sockaddr *)&bound, size, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return;
    const bool is_six = bound.ss_family == AF_INET6;
    snprintf(s->url, sizeof(s->url), "http://%s%.90s%s:%s", is_six ? "[" : "", host,
             is_six ? "]" : "", port);
}

enum status http_start(const char *address,
                       void (*answer)(void *ctx, const struct http_request *request,
                                      struct http_answer *out),
                       void *ctx, struct http_server **out, struct diag *dg)
{
    int fd;
    struct http_server *s = mem_alloc(1, sizeof(*s));

    if (s == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "starting the HTTP server");
    s->answer = answer;
    s->ctx = ctx;
    if (!load(s)) {
        http_stop(s);
        return diag_fail(dg, ST_UNSUPPORTED, DIAG_NO_OFFSET,
                         "http: %s was not found; install libmicrohttpd12", HTTP_LIBRARY);
    }
    const enum status st = listen_on(address, &fd, dg);
    if (st != ST_OK) {
        http_stop(s);
        return st;
    }
    write_url(s, fd);
    s->daemon = s->call.start(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_request, s,
                              MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                              (unsigned)HTTP_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, 30u,
                              MHD_OPTION_END);
    if (s->daemon == NULL) {
        close(fd);
        http_stop(s);
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "http: the server did not start on %s",
                         address);
    }
    *out = s;
    return ST_OK;
}

void http_stop(struct http_server *s)
{
    if (s->daemon != NULL)
        s->call.stop(s->daemon);
    if (s->handle != NULL)
        dlclose(s->handle);
    mem_free(s);
}

const char *http_url(const struct http_server *s)
{
    return s->url;
}
