/* call_env: arguments, environment, clocks, random bytes, and the end of the program.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasi/wasi_int.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* One pointer per string, then the strings; decode_strings() checked the room for both. */
static enum wasi_errno put_strings(struct wasi_call *c, const struct wasi_strings *strings)
{
    uint64_t at = c->num[0]; /* guest address of the bytes */
    const char *text = strings->bytes;

    for (uint32_t i = 0; i < strings->count; i++) {
        size_t size = strlen(text) + 1;
        wasi_put(c->out[0] + (size_t)i * 4, at, 4);
        memcpy(c->out[1] + (at - c->num[0]), text, size);
        at += size;
        text += size;
    }
    return WASI_SUCCESS;
}

enum wasi_errno wasi_perform_args_get(struct wasi_call *c)
{
    return put_strings(c, &c->wasi->args);
}

enum wasi_errno wasi_perform_environ_get(struct wasi_call *c)
{
    return put_strings(c, &c->wasi->env);
}

static enum wasi_errno put_sizes(struct wasi_call *c, const struct wasi_strings *strings)
{
    wasi_put(c->out[0], strings->count, 4);
    wasi_put(c->out[1], strings->size, 4);
    return WASI_SUCCESS;
}

enum wasi_errno wasi_perform_args_sizes_get(struct wasi_call *c)
{
    return put_sizes(c, &c->wasi->args);
}

enum wasi_errno wasi_perform_environ_sizes_get(struct wasi_call *c)
{
    return put_sizes(c, &c->wasi->env);
}

enum wasi_errno wasi_perform_clock_res_get(struct wasi_call *c)
{
    static const clockid_t ids[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID,
                                    CLOCK_THREAD_CPUTIME_ID};
    struct timespec ts = {.tv_nsec = 1};

    if (!c->wasi->has_fixed_clock && clock_getres(ids[c->num[0]], &ts) != 0)
        return wasi_errno_of(errno);
    uint64_t ns = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
    wasi_put(c->out[0], MAX(ns, 1), 8);
    return WASI_SUCCESS;
}

enum wasi_errno wasi_perform_clock_time_get(struct wasi_call *c)
{
    wasi_put(c->out[0], wasi_now_ns(c->wasi, (enum wasi_clock)c->num[0]), 8);
    return WASI_SUCCESS;
}

/* SplitMix64: repeatable, and only that; never used unless a seed was asked for. */
static void random_from_seed(struct wasi *w, uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size; i += 8) {
        uint64_t z = w->random_state += UINT64_C(0x9e3779b97f4a7c15);
        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        wasi_put(at + i, z ^ z >> 31, (uint32_t)MIN(size - i, 8));
    }
}

enum wasi_errno wasi_perform_random_get(struct wasi_call *c)
{
    size_t done = 0;

    while (done < c->buffer_size) {
        size_t chunk = MIN(c->buffer_size - done, (size_t)WASI_RANDOM_CHUNK);
        if (wasi_interrupted(c))
            return WASI_INTR;
        if (c->wasi->has_seed) {
            random_from_seed(c->wasi, c->buffer + done, chunk);
            done += chunk;
            continue;
        }
        ssize_t got = getrandom(c->buffer + done, chunk, 0);
        if (got < 0 && errno != EINTR)
            return wasi_errno_of(errno);
        done += got > 0 ? (size_t)got : 0;
    }
    return WASI_SUCCESS;
}

static enum wasi_errno end_program(struct wasi_call *c, uint32_t code)
{
    c->guest->store->exit_code = (int)code;
    c->end = ST_EXIT;
    return WASI_SUCCESS;
}

enum wasi_errno wasi_perform_proc_exit(struct wasi_call *c)
{
    return end_program(c, (uint32_t)c->num[0]);
}

/* No signal ever reaches the host: one that would end the program ends it with the code a shell
 * reports (128 + number), one that does nothing by default does nothing, stopping is refused. */
enum wasi_errno wasi_perform_proc_raise(struct wasi_call *c)
{
    enum {
        NONE = 0,
        CHLD = 16,
        CONT = 17,
        STOP = 18,
        TSTP = 19,
        TTIN = 20,
        TTOU = 21,
        URG = 22,
        WINCH = 27
    };

    switch (c->num[0]) {
    case NONE:
    case CHLD:
    case CONT:
    case URG:
    case WINCH: return WASI_SUCCESS;
    case STOP:
    case TSTP:
    case TTIN:
    case TTOU: return WASI_NOTSUP;
    default: return end_program(c, 128 + (uint32_t)c->num[0]);
    }
}

enum wasi_errno wasi_perform_sched_yield(struct wasi_call *c)
{
    if (wasi_interrupted(c))
        return WASI_INTR;
    sched_yield();
    return WASI_SUCCESS;
}
