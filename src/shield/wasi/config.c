/*
 * config: collects what a guest is given, and opens it. Text is checked where it comes in: no NUL,
 * no "=" in a variable's name, limits on the totals.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasi/wasi_int.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct config_dir {
    char *host_path, *guest_path; /* owned */
    bool read_only;
};

struct config_stdio {
    int host;                  /* -1: bytes, captured, or nothing */
    struct wasi_stream stream; /* when host is -1 */
};

struct wasi_config {
    struct wasi_strings args, env;
    struct config_dir *dirs;
    int *sockets; /* borrowed descriptors */
    uint32_t dir_count, socket_count;
    struct config_stdio stdio[3];
    enum wasi_resolver resolver;
    bool has_fixed_clock, has_seed;
    uint64_t clock_ns, clock_step_ns, seed;
};

struct wasi_config *wasi_config_new(void)
{
    struct wasi_config *c = mem_alloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    for (uint32_t i = 0; i < LENGTH_OF(c->stdio); i++)
        c->stdio[i].host = -1;
    return c;
}

void wasi_config_free(struct wasi_config *c)
{
    if (c == NULL)
        return;
    for (uint32_t i = 0; i < c->dir_count; i++) {
        mem_free(c->dirs[i].host_path);
        mem_free(c->dirs[i].guest_path);
    }
    mem_free(c->dirs);
    mem_free(c->sockets);
    mem_free(c->args.bytes);
    mem_free(c->env.bytes);
    mem_free(c);
}

static enum status no_memory(struct diag *dg)
{
    return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no memory for the WASI configuration");
}

/* Appends "name", or "name=value" when value is not NULL, with its NUL. */
static enum status strings_add(struct wasi_strings *s, const char *what, const char *name,
                               const char *value, struct diag *dg)
{
    size_t name_size = strlen(name), value_size = value == NULL ? 0 : strlen(value) + 1;
    size_t more = name_size + value_size + 1;

    if (more > WASI_STRINGS_MAX || s->size + more > WASI_STRINGS_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "%s of the guest need more than %d bytes (STRINGS_MAX)", what,
                         WASI_STRINGS_MAX);
    if (s->size + more > s->capacity) {
        uint32_t capacity = (uint32_t)MAX(2 * (size_t)s->capacity, s->size + more + 64);
        char *bytes = mem_resize(s->bytes, capacity, 1);
        if (bytes == NULL)
            return no_memory(dg);
        s->bytes = bytes;
        s->capacity = capacity;
    }
    char *at = s->bytes + s->size;
    memcpy(at, name, name_size + 1);
    if (value != NULL) {
        at[name_size] = '=';
        memcpy(at + name_size + 1, value, value_size);
    }
    s->size += (uint32_t)more;
    s->count++;
    return ST_OK;
}

enum status wasi_config_arg(struct wasi_config *c, const char *arg, struct diag *dg)
{
    return strings_add(&c->args, "arguments", arg, NULL, dg);
}

enum status wasi_config_env(struct wasi_config *c, const char *name, const char *value,
                            struct diag *dg)
{
    const char *equals = strchr(name, '=');

    if (value == NULL && (equals == NULL || equals == name))
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "environment variable: expected NAME=VALUE, found \"%s\"", name);
    if (value != NULL && (equals != NULL || *name == '\0'))
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "environment variable: expected a name without \"=\", found \"%s\"", name);
    return strings_add(&c->env, "environment variables", name, value, dg);
}

static char *copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = mem_alloc(size, 1);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

enum status wasi_config_dir(struct wasi_config *c, const char *host_path, const char *guest_path,
                            bool read_only, struct diag *dg)
{
    if (*host_path == '\0' || *guest_path == '\0' || strlen(guest_path) > WASI_PATH_MAX)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "directory: expected two paths of 1 to %d bytes, found \"%s\" and \"%s\"",
                         WASI_PATH_MAX, host_path, guest_path);
    if (3 + c->dir_count + c->socket_count >= WASI_FDS_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "a guest can be given %d descriptors (FDS_MAX)", WASI_FDS_MAX);
    struct config_dir *dirs = mem_resize(c->dirs, c->dir_count + 1, sizeof(*dirs));
    if (dirs == NULL)
        return no_memory(dg);
    c->dirs = dirs;
    struct config_dir dir = {copy_text(host_path), copy_text(guest_path), read_only};
    if (dir.host_path == NULL || dir.guest_path == NULL) {
        mem_free(dir.host_path);
        mem_free(dir.guest_path);
        return no_memory(dg);
    }
    c->dirs[c->dir_count++] = dir;
    return ST_OK;
}

enum status wasi_config_socket(struct wasi_config *c, int host_fd, struct diag *dg)
{
    struct wasi_fd fd;

    if (wasi_fd_describe(host_fd, &fd) != WASI_SUCCESS || fd.kind != WASI_SOCKET)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "descriptor %d is not a socket", host_fd);
    if (3 + c->dir_count + c->socket_count >= WASI_FDS_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "a guest can be given %d descriptors (FDS_MAX)", WASI_FDS_MAX);
    int *sockets = mem_resize(c->sockets, c->socket_count + 1, sizeof(*sockets));
    if (sockets == NULL)
        return no_memory(dg);
    c->sockets = sockets;
    c->sockets[c->socket_count++] = host_fd;
    return ST_OK;
}

enum status wasi_config_stdio(struct wasi_config *c, uint32_t number, int host_fd, struct diag *dg)
{
    if (number >= LENGTH_OF(c->stdio) || fcntl(host_fd, F_GETFD) < 0)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "standard stream %u: expected 0, 1 or 2 and an open descriptor, found %d",
                         number, host_fd);
    c->stdio[number] = (struct config_stdio){.host = host_fd};
    return ST_OK;
}

void wasi_config_stdin_bytes(struct wasi_config *c, const void *bytes, size_t size)
{
    c->stdio[0] = (struct config_stdio){
        .host = -1, .stream = {.bytes = bytes, .size = size}
    };
}

enum status wasi_config_capture(struct wasi_config *c, uint32_t number, size_t limit_bytes,
                                struct diag *dg)
{
    if (number != 1 && number != 2)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "capture: expected stream 1 or 2, found %u",
                         number);
    c->stdio[number] = (struct config_stdio){
        .host = -1, .stream = {.keeps = true, .limit_bytes = limit_bytes}
    };
    return ST_OK;
}

void wasi_config_clock(struct wasi_config *c, uint64_t start_ns, uint64_t step_ns)
{
    c->has_fixed_clock = true;
    c->clock_ns = start_ns;
    c->clock_step_ns = step_ns;
}

void wasi_config_random_seed(struct wasi_config *c, uint64_t seed)
{
    c->has_seed = true;
    c->seed = seed;
}

void wasi_config_resolver(struct wasi_config *c, enum wasi_resolver resolver)
{
    c->resolver = resolver;
}

static enum status strings_copy(const struct wasi_strings *from, struct wasi_strings *to,
                                struct diag *dg)
{
    *to = (struct wasi_strings){.size = from->size, .capacity = from->size, .count = from->count};
    to->bytes = mem_alloc((size_t)from->size + 1, 1);
    if (to->bytes == NULL)
        return no_memory(dg);
    if (from->size > 0)
        memcpy(to->bytes, from->bytes, from->size);
    return ST_OK;
}

static enum status open_stdio(struct wasi *w, const struct wasi_config *c, uint32_t number,
                              struct diag *dg)
{
    const struct config_stdio *from = &c->stdio[number];
    struct wasi_fd *fd = &w->fds[number];

    w->fd_end = number + 1;
    *fd = (struct wasi_fd){.kind = WASI_FREE};
    if (from->host < 0) {
        w->streams[number] = from->stream;
        *fd = (struct wasi_fd){.kind = WASI_MEMORY,
                               .host = -1,
                               .stream = &w->streams[number],
                               .base = wasi_rights_of(WASI_MEMORY)};
    } else {
        enum wasi_errno e = wasi_fd_describe(from->host, fd);
        if (e != WASI_SUCCESS || fd->kind == WASI_DIR)
            return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "standard stream %u: %s", number,
                             e == WASI_SUCCESS ? "is a directory" : strerror(errno));
        if (fd->kind == WASI_FILE && (fcntl(from->host, F_GETFL) & O_APPEND) != 0)
            fd->flags = WASI_FDFLAG_APPEND;
    }
    fd->base &= ~(number == 0 ? wasi_rights_writing() : WASI_RIGHT(FD_READ));
    return ST_OK;
}

static enum status open_dir(struct wasi *w, const struct config_dir *dir, struct diag *dg)
{
    struct wasi_preopen *p = &w->preopens[w->preopen_count];
    struct wasi_fd fd;
    struct stat st;
    uint32_t number = 0;
    int host = open(dir->host_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (host < 0)
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "cannot open directory \"%s\" for \"%s\": %s",
                         dir->host_path, dir->guest_path, strerror(errno));
    enum wasi_errno e = wasi_fd_describe(host, &fd);
    fd.is_owned = true;
    if (dir->read_only) {
        fd.base &= ~wasi_rights_writing();
        fd.inheriting &= ~wasi_rights_writing();
    }
    p->guest_path = copy_text(dir->guest_path);
    fd.preopen = p->guest_path;
    if (e == WASI_SUCCESS)
        e = p->guest_path == NULL ? WASI_NOMEM : wasi_fd_add(w, &fd, &number);
    if (e != WASI_SUCCESS || fstat(host, &st) != 0) {
        if (e != WASI_SUCCESS)
            close(host); /* else the table owns it */
        mem_free(p->guest_path);
        if (e == WASI_NOMEM)
            return no_memory(dg);
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "cannot use directory \"%s\": %s",
                         dir->host_path, wasi_errno_name(e));
    }
    p->dev = st.st_dev;
    p->ino = st.st_ino;
    w->preopen_count++;
    return ST_OK;
}

static enum status open_all(struct wasi *w, const struct wasi_config *c, struct diag *dg)
{
    TRY(strings_copy(&c->args, &w->args, dg));
    TRY(strings_copy(&c->env, &w->env, dg));
    for (uint32_t i = 0; i < LENGTH_OF(c->stdio); i++)
        TRY(open_stdio(w, c, i, dg));
    w->preopens = mem_alloc((size_t)c->dir_count + 1, sizeof(*w->preopens));
    if (w->preopens == NULL)
        return no_memory(dg);
    for (uint32_t i = 0; i < c->dir_count; i++)
        TRY(open_dir(w, &c->dirs[i], dg));
    for (uint32_t i = 0; i < c->socket_count; i++) {
        struct wasi_fd fd;
        uint32_t number = 0;
        if (wasi_fd_describe(c->sockets[i], &fd) != WASI_SUCCESS ||
            wasi_fd_add(w, &fd, &number) != WASI_SUCCESS)
            return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "socket %d was closed", c->sockets[i]);
    }
    return ST_OK;
}

enum status wasi_new(const struct wasi_config *config, struct wasi **out, struct diag *dg)
{
    struct wasi *w = mem_resize(NULL, 1, sizeof(*w));
    if (w == NULL)
        return no_memory(dg);
    memset(w, 0, offsetof(struct wasi, fds));
    w->has_fixed_clock = config->has_fixed_clock;
    w->clock_ns = config->clock_ns;
    w->clock_step_ns = config->clock_step_ns;
    w->has_seed = config->has_seed;
    w->random_state = config->seed;
    w->resolver = config->resolver;
    if (w->resolver == WASI_RESOLVER_AUTO) /* without a directory there is nothing to resolve */
        w->resolver = config->dir_count > 0 && wasi_kernel_has_openat2() ? WASI_RESOLVER_KERNEL
                                                                         : WASI_RESOLVER_WALK;
    enum status st = open_all(w, config, dg);
    if (st != ST_OK) {
        wasi_free(w);
        return st;
    }
    *out = w;
    return ST_OK;
}

void wasi_free(struct wasi *w)
{
    if (w == NULL)
        return;
    for (uint32_t i = 0; i < w->fd_end; i++)
        if (w->fds[i].kind != WASI_FREE)
            wasi_fd_clear(w, i);
    for (uint32_t i = 0; i < w->preopen_count; i++)
        mem_free(w->preopens[i].guest_path);
    for (uint32_t i = 0; i < LENGTH_OF(w->streams); i++)
        mem_free(w->streams[i].kept);
    mem_free(w->preopens);
    mem_free(w->args.bytes);
    mem_free(w->env.bytes);
    mem_free(w);
}

struct str wasi_output(const struct wasi *w, uint32_t number)
{
    if (number >= LENGTH_OF(w->streams) || w->streams[number].kept == NULL)
        return STR("");
    return (struct str){(const char *)w->streams[number].kept, w->streams[number].kept_size};
}
