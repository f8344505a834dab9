/* wasi: the description of what a WASI program may see, and the state made from it for a store.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/api_int.h"

#include "base/mem.h"
#include "shield/wasi/wasi.h"

#include <string.h>

/* Standard input, shared by the description and the states that read it. */
struct input {
    _Atomic uint32_t references;
    size_t size;
    uint8_t bytes[];
};

struct mujun_wasi {
    struct wasi_config *config;
    struct input *input; /* NULL: not from bytes */
};

struct api_wasi {
    struct wasi *state;
    struct input *input;
    struct api_wasi *older; /* in the same store */
};

extern char **environ;

static void input_release(struct input *in)
{
    if (in != NULL && atomic_fetch_sub_explicit(&in->references, 1, memory_order_acq_rel) == 1)
        mem_free(in);
}

struct mujun_wasi *mujun_wasi_new(void)
{
    struct mujun_wasi *w = mem_alloc(1, sizeof(*w));

    if (w == NULL)
        return NULL;
    w->config = wasi_config_new();
    if (w->config == NULL) {
        mem_free(w);
        return NULL;
    }
    return w;
}

void mujun_wasi_free(struct mujun_wasi *wasi)
{
    if (wasi == NULL)
        return;
    wasi_config_free(wasi->config);
    input_release(wasi->input);
    mem_free(wasi);
}

static enum mujun_status done(enum status st, const struct diag *dg, struct mujun_error **err)
{
    return st == ST_OK ? api_ok(err) : api_refuse(err, st, dg);
}

enum mujun_status mujun_wasi_add_args(struct mujun_wasi *wasi, const char *const *args,
                                      size_t count, struct mujun_error **err)
{
    struct diag dg = {0};
    enum status st = ST_OK;

    for (size_t i = 0; i < count && st == ST_OK; i++)
        st = wasi_config_arg(wasi->config, args[i], &dg);
    return done(st, &dg, err);
}

enum mujun_status mujun_wasi_add_env(struct mujun_wasi *wasi, const char *name, const char *value,
                                     struct mujun_error **err)
{
    struct diag dg = {0};
    enum status st = wasi_config_env(wasi->config, name, value, &dg);

    return done(st, &dg, err);
}

enum mujun_status mujun_wasi_inherit_env(struct mujun_wasi *wasi, struct mujun_error **err)
{
    struct diag dg = {0};
    enum status st = ST_OK;

    for (char **e = environ; e != NULL && *e != NULL && st == ST_OK; e++)
        st = wasi_config_env(wasi->config, *e, NULL, &dg);
    return done(st, &dg, err);
}

enum mujun_status mujun_wasi_add_dir(struct mujun_wasi *wasi, const char *host_path,
                                     const char *guest_path, bool is_read_only,
                                     struct mujun_error **err)
{
    struct diag dg = {0};
    enum status st = wasi_config_dir(wasi->config, host_path, guest_path, is_read_only, &dg);

    return done(st, &dg, err);
}

enum mujun_status mujun_wasi_add_socket(struct mujun_wasi *wasi, int fd, struct mujun_error **err)
{
    struct diag dg = {0};
    enum status st = wasi_config_socket(wasi->config, fd, &dg);

    return done(st, &dg, err);
}

enum mujun_status mujun_wasi_inherit_stdio(struct mujun_wasi *wasi, struct mujun_error **err)
{
    struct diag dg = {0};
    enum status st = ST_OK;

    for (uint32_t number = 0; number < 3 && st == ST_OK; number++)
        st = wasi_config_stdio(wasi->config, number, (int)number, &dg);
    return done(st, &dg, err);
}

enum mujun_status mujun_wasi_set_stdio(struct mujun_wasi *wasi, int guest_fd, int fd,
                                       struct mujun_error **err)
{
    struct diag dg = {0};

    if (guest_fd < 0 || guest_fd > 2)
        return api_fail(err, ST_USAGE, "%d is no standard stream, which are 0, 1 and 2", guest_fd);
    return done(wasi_config_stdio(wasi->config, (uint32_t)guest_fd, fd, &dg), &dg, err);
}

enum mujun_status mujun_wasi_set_stdin_bytes(struct mujun_wasi *wasi, const void *bytes,
                                             size_t size, struct mujun_error **err)
{
    struct input *in = size > SIZE_MAX - sizeof(*in) ? NULL : mem_alloc(1, sizeof(*in) + size);

    if (in == NULL)
        return api_fail(err, ST_NO_MEMORY, "for %zu bytes of standard input", size);
    atomic_init(&in->references, 1);
    in->size = size;
    if (size != 0)
        memcpy(in->bytes, bytes, size);
    input_release(wasi->input);
    wasi->input = in;
    wasi_config_stdin_bytes(wasi->config, in->bytes, size);
    return api_ok(err);
}

enum mujun_status mujun_wasi_capture(struct mujun_wasi *wasi, int guest_fd, size_t max_bytes,
                                     struct mujun_error **err)
{
    struct diag dg = {0};

    if (guest_fd != 1 && guest_fd != 2)
        return api_fail(err, ST_USAGE, "%d is no output stream, which are 1 and 2", guest_fd);
    return done(wasi_config_capture(wasi->config, (uint32_t)guest_fd, max_bytes, &dg), &dg, err);
}

void mujun_wasi_set_clock(struct mujun_wasi *wasi, uint64_t start_ns, uint64_t step_ns)
{
    wasi_config_clock(wasi->config, start_ns, step_ns);
}

void mujun_wasi_set_random_seed(struct mujun_wasi *wasi, uint64_t seed)
{
    wasi_config_random_seed(wasi->config, seed);
}

enum mujun_status mujun_linker_define_wasi(struct mujun_linker *linker, struct mujun_wasi *wasi,
                                           struct mujun_error **err)
{
    struct mujun_store *s = api_linker_store(linker);
    struct api_wasi *w = mem_alloc(1, sizeof(*w));
    struct diag dg = {0};

    if (w == NULL)
        return api_fail(err, ST_NO_MEMORY, "for WASI");
    enum status st = wasi_new(wasi->config, &w->state, &dg);
    if (st != ST_OK) {
        mem_free(w);
        return api_refuse(err, st, &dg);
    }
    w->input = wasi->input;
    if (w->input != NULL)
        atomic_fetch_add_explicit(&w->input->references, 1, memory_order_relaxed);
    w->older = s->wasi;
    s->wasi = w;
    api_linker_set_wasi(linker, w);
    return api_ok(err);
}

enum status api_wasi_func(struct mujun_store *s, struct api_wasi *state, struct str module,
                          struct str name, struct rt_func **out, struct diag *dg)
{
    return wasi_define(state->state, s->rt, module, name, out, dg);
}

void api_wasi_free_all(struct mujun_store *s)
{
    while (s->wasi != NULL) {
        struct api_wasi *w = s->wasi;
        s->wasi = w->older;
        wasi_free(w->state);
        input_release(w->input);
        mem_free(w);
    }
}

struct mujun_name mujun_store_output(const struct mujun_store *store, int guest_fd)
{
    struct str out = {NULL, 0};

    if (store->wasi != NULL && (guest_fd == 1 || guest_fd == 2))
        out = wasi_output(store->wasi->state, (uint32_t)guest_fd);
    return (struct mujun_name){out.text, out.size};
}
