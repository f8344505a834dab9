/*
 * decode: turns the parameters of a call into struct wasi_call, as the call's shape says, and runs
 * the call. The compiler makes a function of each row of wasi.def, in which the shape is constant:
 * what it does not name costs nothing.
 * All that can be known before acting is checked here: pointers and lengths against the guest's
 * memory (in 64 bits, so nothing wraps), descriptors and their kinds, rights, flags. Lists and
 * paths are copied first, so that another thread of the guest cannot change them after the check.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shield/wasi/wasi_int.h"

#include <assert.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { SHAPE_LETTERS_MAX = 8 };
enum shape_kind {
    SHAPE_FD,
    SHAPE_FD_FILE,
    SHAPE_FD_DIR,
    SHAPE_FD_SOCKET,
    SHAPE_PATH,
    SHAPE_BUFFERS,
    SHAPE_BUFFER,
    SHAPE_STRINGS,
    SHAPE_POLL,
    SHAPE_OUT,
    SHAPE_NUMBER,
    SHAPE_FLAGS
};

struct shape_info {
    const char *sig;
    uint64_t arg;
    uint8_t kind;        /* enum shape_kind */
    uint8_t param_count; /* length of sig */
    bool is_wide;        /* its only parameter is an i64 */
};

static const struct shape_info shape_info[128] = {
#define SHAPE(letter, sig, kind, arg, what)                                                        \
    [letter] = {sig, arg, SHAPE_##kind, sizeof(sig) - 1, (sig)[0] == 'I'},
#include "shield/wasi/shapes.def"
#undef SHAPE
};

void wasi_shape_sig(const char *shape, char *out)
{
    size_t size = 0;
    for (; *shape != '\0'; shape++)
        for (const char *sig = shape_info[*shape & 127].sig; sig != NULL && *sig != '\0'; sig++)
            if (size + 1 < WASI_SIG_MAX)
                out[size++] = *sig;
    out[size] = '\0';
}

ALWAYS_INLINE enum wasi_errno decode_fd(struct wasi_call *c, const uint64_t *rights,
                                        enum shape_kind kind, uint32_t number)
{
    uint32_t i = c->fd_count++;
    struct wasi_fd *fd = NULL;
    enum wasi_errno e = wasi_fd_get(c->wasi, number, &fd);

    if (e != WASI_SUCCESS)
        return e;
    if (kind == SHAPE_FD_FILE && fd->kind == WASI_DIR)
        return WASI_ISDIR;
    if (kind == SHAPE_FD_DIR && fd->kind != WASI_DIR)
        return WASI_NOTDIR;
    if (kind == SHAPE_FD_SOCKET && fd->kind != WASI_SOCKET)
        return WASI_NOTSOCK;
    if ((fd->base & rights[i]) != rights[i])
        return WASI_NOTCAPABLE;
    c->fd[i] = fd;
    c->fd_number[i] = number;
    return WASI_SUCCESS;
}

static enum wasi_errno decode_path(struct wasi_call *c, uint32_t pointer, uint32_t size)
{
    char *path = c->path[c->path_count++];
    const uint8_t *bytes = wasi_guest_bytes(c->guest, pointer, size);

    if (bytes == NULL)
        return WASI_FAULT;
    if (size > WASI_PATH_MAX)
        return WASI_NAMETOOLONG;
    memcpy(path, bytes, size);
    path[size] = '\0';
    return strlen(path) == size ? WASI_SUCCESS : WASI_INVAL; /* the copy holds a NUL */
}

/* An array of {u32 pointer, u32 length}. */
static enum wasi_errno decode_buffers(struct wasi_call *c, uint32_t pointer, uint32_t count)
{
    const uint8_t *list = wasi_guest_bytes(c->guest, pointer, (uint64_t)count * 8);
    uint64_t total = 0;

    if (list == NULL)
        return WASI_FAULT;
    if (count > WASI_IOVS_MAX)
        return WASI_INVAL;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t at = wasi_get(list + (size_t)i * 8, 4);
        uint64_t size = wasi_get(list + (size_t)i * 8 + 4, 4);
        uint8_t *bytes = wasi_guest_bytes(c->guest, at, size);
        if (bytes == NULL)
            return WASI_FAULT;
        total += size;
        c->iov[i] = (struct iovec){bytes, (size_t)size};
    }
    if (total > INT32_MAX)
        return WASI_INVAL; /* as readv(2) does; the count must fit the guest's size type */
    c->iov_count = count;
    c->iov_bytes = (size_t)total;
    return WASI_SUCCESS;
}

ALWAYS_INLINE enum wasi_errno decode_strings(struct wasi_call *c,
                                             const struct wasi_strings *strings, uint32_t pointers,
                                             uint32_t bytes)
{
    c->out[0] = wasi_guest_bytes(c->guest, pointers, (uint64_t)strings->count * 4);
    c->out[1] = wasi_guest_bytes(c->guest, bytes, strings->size);
    c->num[0] = bytes;
    c->out_count = 2;
    c->num_count = 1;
    return c->out[0] != NULL && c->out[1] != NULL ? WASI_SUCCESS : WASI_FAULT;
}

static enum wasi_errno decode_poll(struct wasi_call *c, uint32_t in, uint32_t out, uint32_t count)
{
    uint64_t size = c->is_unstable ? WASI_SUBSCRIPTION_UNSTABLE_BYTES : WASI_SUBSCRIPTION_BYTES;

    if (count == 0 || count > WASI_EVENTS_MAX)
        return WASI_INVAL;
    c->subscriptions = wasi_guest_bytes(c->guest, in, count * size);
    c->events = wasi_guest_bytes(c->guest, out, (uint64_t)count * WASI_EVENT_BYTES);
    c->subscription_count = count;
    return c->subscriptions != NULL && c->events != NULL ? WASI_SUCCESS : WASI_FAULT;
}

ALWAYS_INLINE enum wasi_errno decode_out(struct wasi_call *c, uint32_t pointer, uint64_t size)
{
    uint8_t *at = NULL;

    if (size == WASI_FILESTAT_BYTES && c->is_unstable)
        size = WASI_FILESTAT_UNSTABLE_BYTES;
    at = wasi_guest_bytes(c->guest, pointer, size);
    if (at == NULL)
        return WASI_FAULT;
    c->out[c->out_count++] = at;
    return WASI_SUCCESS;
}

ALWAYS_INLINE enum wasi_errno decode_buffer(struct wasi_call *c, uint32_t pointer, uint32_t size)
{
    c->buffer = wasi_guest_bytes(c->guest, pointer, size);
    c->buffer_size = size;
    return c->buffer != NULL ? WASI_SUCCESS : WASI_FAULT;
}

/* One parameter group; args points at its first parameter. */
ALWAYS_INLINE enum wasi_errno decode_one(struct wasi_call *c, const uint64_t *rights,
                                         const struct shape_info *shape,
                                         const union rt_value *args)
{
    uint64_t first = shape->is_wide ? args[0].i64 : args[0].i32;

    switch ((enum shape_kind)shape->kind) {
    case SHAPE_FD:
    case SHAPE_FD_FILE:
    case SHAPE_FD_DIR:
    case SHAPE_FD_SOCKET: return decode_fd(c, rights, (enum shape_kind)shape->kind, args[0].i32);
    case SHAPE_PATH: return decode_path(c, args[0].i32, args[1].i32);
    case SHAPE_BUFFERS: return decode_buffers(c, args[0].i32, args[1].i32);
    case SHAPE_BUFFER: return decode_buffer(c, args[0].i32, args[1].i32);
    case SHAPE_STRINGS:
        return decode_strings(c, shape->arg == 0 ? &c->wasi->args : &c->wasi->env, args[0].i32,
                              args[1].i32);
    case SHAPE_POLL: return decode_poll(c, args[0].i32, args[1].i32, args[2].i32);
    case SHAPE_OUT: return decode_out(c, args[0].i32, shape->arg);
    case SHAPE_NUMBER:
        c->num[c->num_count++] = first;
        return first <= shape->arg ? WASI_SUCCESS : WASI_INVAL;
    case SHAPE_FLAGS:
        c->num[c->num_count++] = first;
        return (first & ~shape->arg) == 0 ? WASI_SUCCESS : WASI_INVAL;
    }
    return WASI_NOSYS;
}

/* The letters from here on. shape is a constant wherever this is called. */
#define LETTER(i)                                                                                  \
    if ((i) < letters) {                                                                           \
        const struct shape_info *one = &shape_info[shape[(i)] & 127];                              \
        enum wasi_errno e = decode_one(c, rights, one, args);                                      \
        if (e != WASI_SUCCESS)                                                                     \
            return e;                                                                              \
        args += one->param_count;                                                                  \
    }
ALWAYS_INLINE enum wasi_errno decode(struct wasi_call *c, const char *shape, size_t letters,
                                     const uint64_t *rights, const union rt_value *args)
{
    LETTER(0)
    LETTER(1)
    LETTER(2)
    LETTER(3)
    LETTER(4)
    LETTER(5)
    LETTER(6)
    LETTER(7)
    return WASI_SUCCESS;
}
#undef LETTER

/* ---- a function of each call ---- */

/* Large: only what the shape names is initialised, and the counts. */
ALWAYS_INLINE void begin(struct wasi_call *c, struct wasi *w, bool is_unstable,
                         const struct wasi_guest *guest)
{
    c->wasi = w;
    c->guest = guest;
    c->is_unstable = is_unstable;
    c->end = ST_OK;
    c->fd_count = c->path_count = c->out_count = c->num_count = c->iov_count = 0;
}

#define WASI(name, shape, sig, right1, right2, what)                                               \
    static enum status run_##name(struct wasi *w, bool is_unstable,                                \
                                  const struct wasi_guest *guest, const union rt_value *args,      \
                                  union rt_value *results)                                         \
    {                                                                                              \
        static const uint64_t rights[] = {WASI_RIGHT(right1), WASI_RIGHT(right2)};                 \
        struct wasi_call c;                                                                        \
                                                                                                   \
        _Static_assert(sizeof(shape) <= SHAPE_LETTERS_MAX + 1, "decode() reads every letter");     \
        begin(&c, w, is_unstable, guest);                                                          \
        enum wasi_errno e = decode(&c, shape, sizeof(shape) - 1, rights, args);                    \
        if (e == WASI_SUCCESS)                                                                     \
            e = wasi_perform_##name(&c);                                                           \
        assert((unsigned)e < WASI_ERRNO_COUNT && "a number the guest knows");                      \
        if (c.end == ST_OK)                                                                        \
            results[0].i32 = e;                                                                    \
        return c.end;                                                                              \
    }
#include "shield/wasi/wasi.def"
#undef WASI

const struct wasi_call_info wasi_call_info[WASI_CALL_COUNT] = {
#define WASI(name, shape, sig, right1, right2, what)                                               \
    [WASI_CALL_##name] = {                                                                         \
        #name, shape, sig, {WASI_RIGHT(right1), WASI_RIGHT(right2)}, run_##name},
#include "shield/wasi/wasi.def"
#undef WASI
};
