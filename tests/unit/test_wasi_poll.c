/*
 * test_wasi_poll: poll_oneoff with clocks and descriptors, and that every call which may block ends
 * when the store is interrupted.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tap.h"
#include "wasi_fake.h"

#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

enum { CLOCK, READ, WRITE };
enum { SECOND_SUB = AT_SUBS + WASI_SUBSCRIPTION_BYTES };
enum { REALTIME, MONOTONIC, CPU };
enum { ABSOLUTE = 1, HANGUP = 1 };
enum { MS = 1000000, INTERRUPT_AFTER_MS = 60, SOON_MS = 2000 };

static struct fake f;

static uint64_t now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / MS;
}

/* Subscription number i. */
static void put_clock(uint32_t i, uint64_t userdata, uint32_t clock, uint64_t timeout,
                      uint32_t flags)
{
    uint32_t size = f.is_unstable ? WASI_SUBSCRIPTION_UNSTABLE_BYTES : WASI_SUBSCRIPTION_BYTES;
    uint8_t *at = f.memory + AT_SUBS + i * size;

    memset(at, 0, size);
    wasi_put(at, userdata, 8);
    at[8] = CLOCK;
    at += f.is_unstable ? 24 : 16;
    wasi_put(at, clock, 4);
    wasi_put(at + 8, timeout, 8);
    wasi_put(at + 24, flags, 2);
}

static void put_fd(uint32_t i, uint64_t userdata, uint8_t type, uint32_t fd)
{
    uint8_t *at = f.memory + AT_SUBS + i * WASI_SUBSCRIPTION_BYTES;

    memset(at, 0, WASI_SUBSCRIPTION_BYTES);
    wasi_put(at, userdata, 8);
    at[8] = type;
    wasi_put(at + 16, fd, 4);
}

/* Polls; returns how many events came, or 1000 + the error number. */
static uint32_t poll_for(uint32_t count)
{
    enum wasi_errno e = FAKE_CALL(&f, poll_oneoff, AT_SUBS, AT_EVENTS, count, AT_OUT);
    return e == WASI_SUCCESS ? (uint32_t)fake_get(&f, AT_OUT, 4) : 1000 + (uint32_t)e;
}

static bool event_is(uint32_t i, uint64_t userdata, enum wasi_errno error, uint8_t type)
{
    uint32_t at = AT_EVENTS + i * WASI_EVENT_BYTES;
    return fake_get(&f, at, 8) == userdata && fake_get(&f, at + 8, 2) == error &&
           fake_get(&f, at + 10, 1) == type;
}

static uint64_t event_bytes(uint32_t i)
{
    return fake_get(&f, AT_EVENTS + i * WASI_EVENT_BYTES + 16, 8);
}

static uint64_t event_flags(uint32_t i)
{
    return fake_get(&f, AT_EVENTS + i * WASI_EVENT_BYTES + 24, 2);
}

static void check_clocks(void)
{
    uint64_t start = now_ms();

    put_clock(0, 7, MONOTONIC, 30 * MS, 0);
    tap_ok(poll_for(1) == 1 && event_is(0, 7, WASI_SUCCESS, CLOCK) && now_ms() - start >= 30,
           "30 ms of the monotonic clock take %ju ms", (uintmax_t)(now_ms() - start));
    FAKE_CALL(&f, clock_time_get, REALTIME, 0, AT_OUT);
    start = now_ms();
    put_clock(0, 8, REALTIME, fake_get(&f, AT_OUT, 8) + 20 * MS, ABSOLUTE);
    tap_ok(poll_for(1) == 1 && event_is(0, 8, WASI_SUCCESS, CLOCK) && now_ms() - start >= 19,
           "a point 20 ms ahead on the realtime clock takes %ju ms", (uintmax_t)(now_ms() - start));
    put_clock(0, 9, MONOTONIC, 1, ABSOLUTE);
    put_clock(1, 10, MONOTONIC, UINT64_MAX, 0);
    tap_ok(poll_for(2) == 1 && event_is(0, 9, WASI_SUCCESS, CLOCK),
           "a point in the past is due at once, one 584 years ahead is not");
    put_clock(0, 1, MONOTONIC, 5 * MS, 0);
    put_clock(1, 2, MONOTONIC, 5 * MS, 0);
    put_clock(2, 1, MONOTONIC, 5 * MS, 0);
    tap_ok(poll_for(3) >= 1 && event_is(0, 1, WASI_SUCCESS, CLOCK), "the same twice: as it comes");
    put_clock(0, 3, CPU, 5, 0);
    put_clock(1, 4, 17, 5, 0);
    put_clock(2, 5, MONOTONIC, 5, 2);
    tap_ok(poll_for(3) == 3 && event_is(0, 3, WASI_NOTSUP, CLOCK) &&
               event_is(1, 4, WASI_INVAL, CLOCK) && event_is(2, 5, WASI_INVAL, CLOCK),
           "a CPU clock, an unknown clock, an unknown flag: events with errors");
    f.memory[AT_SUBS + 8] = 3;
    tap_ok(poll_for(1) == 1000 + WASI_INVAL, "an unknown kind of subscription: INVAL");
    f.is_unstable = true;
    put_clock(0, 6, MONOTONIC, UINT64_C(3600) * 1000 * MS, 0);
    put_clock(1, 7, MONOTONIC, 1 * MS, 0);
    tap_ok(poll_for(2) == 1 && event_is(0, 7, WASI_SUCCESS, CLOCK),
           "wasi_unstable's subscription has 56 bytes");
    f.is_unstable = false;
}

/* 0: a pipe to read, 1: a pipe to write, 4: a socket, 5: a file. */
static void check_fds(int to_guest, int from_guest, int peer)
{
    char got[16];

    put_fd(0, 1, READ, 0);
    put_clock(1, 2, MONOTONIC, 10 * MS, 0);
    tap_ok(poll_for(2) == 1 && event_is(0, 2, WASI_SUCCESS, CLOCK), "an empty pipe: the clock");
    tap_ok(write(to_guest, "abc", 3) == 3 && poll_for(2) == 1 &&
               event_is(0, 1, WASI_SUCCESS, READ) && event_bytes(0) == 3 && event_flags(0) == 0,
           "a pipe with 3 bytes: readable, %ju bytes", (uintmax_t)event_bytes(0));
    put_fd(1, 3, WRITE, 1);
    put_fd(2, 4, READ, 0);
    put_fd(3, 5, READ, 4);
    tap_ok(poll_for(4) == 3 && event_is(0, 1, WASI_SUCCESS, READ) &&
               event_is(1, 3, WASI_SUCCESS, WRITE) && event_is(2, 4, WASI_SUCCESS, READ),
           "two that are ready, one of them twice, and a silent socket: three events");
    put_fd(0, 6, READ, 5);
    put_fd(1, 7, WRITE, 5);
    put_fd(2, 8, READ, 4);
    tap_ok(poll_for(3) == 2 && event_is(0, 6, WASI_SUCCESS, READ) && event_bytes(0) == 4 &&
               event_is(1, 7, WASI_SUCCESS, WRITE),
           "a file is always ready, with its bytes");
    put_fd(0, 9, READ, 77);
    put_fd(1, 10, READ, 4);
    tap_ok(poll_for(2) == 1 && event_is(0, 9, WASI_BADF, READ), "no descriptor: an event, BADF");
    f.wasi->fds[4].base &= ~WASI_RIGHT(POLL_FD_READWRITE);
    tap_ok(poll_for(2) == 2 && event_is(1, 10, WASI_NOTCAPABLE, READ), "no right: NOTCAPABLE");
    f.wasi->fds[4].base |= WASI_RIGHT(POLL_FD_READWRITE);
    put_fd(0, 11, READ, 4);
    tap_ok(write(peer, "hello", 5) == 5 && poll_for(1) == 1 && event_bytes(0) == 5,
           "a socket with 5 bytes");
    shutdown(peer, SHUT_RDWR);
    close(peer);
    tap_ok(poll_for(1) == 1 && event_flags(0) == HANGUP && event_bytes(0) == 5,
           "its peer gone: hung up, the bytes still there");
    close(to_guest);
    put_fd(0, 12, READ, 0);
    tap_ok(poll_for(1) == 1 && event_flags(0) == HANGUP, "a pipe without a writer: hung up");
    tap_ok(fake_write(&f, 1, "out") == WASI_SUCCESS && read(from_guest, got, 16) == 3, "3 bytes");
    close(from_guest);
    put_fd(0, 13, WRITE, 1);
    tap_ok(poll_for(1) == 1 && event_flags(0) == HANGUP, "a pipe without a reader: hung up");
}

static void check_fixed_clock(void)
{
    struct wasi_config *c = wasi_config_new();
    uint8_t first[32];

    wasi_config_clock(c, 1000, 10);
    wasi_config_random_seed(c, 42);
    fake_start(&f, c);
    FAKE_CALL(&f, clock_time_get, REALTIME, 0, AT_OUT);
    FAKE_CALL(&f, clock_time_get, MONOTONIC, 0, AT_OUT2);
    tap_ok(fake_get(&f, AT_OUT, 8) == 1000 && fake_get(&f, AT_OUT2, 8) == 1010,
           "a clock of our own starts at 1000 and moves by 10");
    uint64_t start = now_ms();
    put_clock(0, 1, MONOTONIC, UINT64_C(3600) * 1000 * MS, 0);
    put_clock(1, 2, REALTIME, UINT64_C(5400) * 1000 * MS, ABSOLUTE);
    tap_ok(poll_for(2) == 1 && event_is(0, 1, WASI_SUCCESS, CLOCK) && now_ms() - start < SOON_MS,
           "an hour passes at once");
    FAKE_CALL(&f, clock_time_get, MONOTONIC, 0, AT_OUT);
    tap_ok(fake_get(&f, AT_OUT, 8) == 1020 + UINT64_C(3600) * 1000 * MS, "and has passed: %ju ns",
           (uintmax_t)fake_get(&f, AT_OUT, 8));
    FAKE_CALL(&f, random_get, AT_DATA, 32);
    memcpy(first, f.memory + AT_DATA, 32);
    FAKE_CALL(&f, random_get, AT_DATA, 32);
    tap_ok(memcmp(first, f.memory + AT_DATA, 32) != 0, "random bytes go on");
    fake_stop(&f);
    c = wasi_config_new();
    wasi_config_random_seed(c, 42);
    fake_start(&f, c);
    FAKE_CALL(&f, random_get, AT_DATA, 32);
    tap_ok(memcmp(first, f.memory + AT_DATA, 32) == 0, "the same seed, the same bytes");
    fake_stop(&f);
}

static void *interrupt_later(void *arg)
{
    (void)arg;
    usleep(INTERRUPT_AFTER_MS * 1000);
    f.store.interrupted = 1;
    return NULL;
}

/* Each would block for ever: an empty pipe, a full one, a silent socket, a listening one, a clock
 * far ahead, a poll of nothing that comes. */
static void check_interruption(void)
{
    static const struct {
        const char *name;
        enum wasi_call_id id;
        uint64_t params[9];
    } rows[] = {
        {"reading an empty pipe",     WASI_CALL_fd_read,     {0, AT_IOV, 1, AT_OUT}            },
        {"writing a full pipe",       WASI_CALL_fd_write,    {1, AT_IOV, 1, AT_OUT}            },
        {"receiving from nobody",     WASI_CALL_sock_recv,   {3, AT_IOV, 1, 0, AT_OUT, AT_OUT2}},
        {"accepting nobody",          WASI_CALL_sock_accept, {4, 0, AT_OUT}                    },
        {"sleeping for a year",       WASI_CALL_poll_oneoff, {AT_SUBS, AT_EVENTS, 1, AT_OUT}   },
        {"waiting for a silent pipe", WASI_CALL_poll_oneoff, {SECOND_SUB, AT_EVENTS, 1, AT_OUT}},
    };
    struct wasi_config *c = wasi_config_new();
    struct sockaddr name = {.sa_family = AF_UNIX};
    struct diag dg = {0};
    int in[2], out[2], pair[2], listening = socket(AF_UNIX, SOCK_STREAM, 0);

    if (pipe(in) != 0 || pipe(out) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 ||
        bind(listening, &name, sizeof(name.sa_family)) != 0 || listen(listening, 1) != 0 ||
        wasi_config_stdio(c, 0, in[0], &dg) != ST_OK ||
        wasi_config_stdio(c, 1, out[1], &dg) != ST_OK ||
        wasi_config_socket(c, pair[0], &dg) != ST_OK ||
        wasi_config_socket(c, listening, &dg) != ST_OK)
        printf("Bail out! %s\n", dg.text);
    fake_start(&f, c);
    fake_iov(&f, 4096);
    FAKE_CALL(&f, fd_fdstat_set_flags, 1, WASI_FDFLAG_NONBLOCK);
    while (FAKE_CALL(&f, fd_write, 1, AT_IOV, 1, AT_OUT) == WASI_SUCCESS)
        ;
    FAKE_CALL(&f, fd_fdstat_set_flags, 1, 0);
    put_clock(0, 1, MONOTONIC, UINT64_C(365) * 86400 * 1000 * MS, 0);
    put_fd(1, 2, READ, 0);
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        pthread_t thread;
        uint64_t start = now_ms();
        f.store.interrupted = 0;
        pthread_create(&thread, NULL, interrupt_later, NULL);
        fake_call(&f, rows[i].id, rows[i].params);
        uint64_t took = now_ms() - start;
        pthread_join(thread, NULL);
        tap_ok(f.end == ST_TIMEOUT && took + 1 >= INTERRUPT_AFTER_MS && took < SOON_MS,
               "%s, interrupted after %d ms, ends after %ju ms: %s", rows[i].name,
               INTERRUPT_AFTER_MS, (uintmax_t)took, f.store.diag.text);
    }
    fake_stop(&f);
    const int all[] = {in[0], in[1], out[0], out[1], pair[0], pair[1], listening};
    for (uint32_t i = 0; i < LENGTH_OF(all); i++)
        close(all[i]);
}

int main(void)
{
    struct wasi_config *c = wasi_config_new();
    struct diag dg = {0};
    char scratch[FAKE_PATH_MAX];
    int in[2], out[2], pair[2];
    uint32_t fd = 0;

    if (!fake_scratch(scratch) || pipe(in) != 0 || pipe(out) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return tap_skip_all("no scratch directory, pipes or local sockets here");
    fake_file(scratch, "file", "text");
    if (wasi_config_stdio(c, 0, in[0], &dg) != ST_OK ||
        wasi_config_stdio(c, 1, out[1], &dg) != ST_OK ||
        wasi_config_dir(c, scratch, "/", false, &dg) != ST_OK ||
        wasi_config_socket(c, pair[0], &dg) != ST_OK)
        return 1;
    fake_start(&f, c);
    check_clocks();
    tap_ok(fake_open(&f, 3, "file", 0, 0, FAKE_ALL_RIGHTS, 0, &fd) == WASI_SUCCESS && fd == 5,
           "the file is descriptor %u", fd);
    check_fds(in[1], out[0], pair[1]);
    fake_stop(&f);
    check_fixed_clock();
    check_interruption();
    close(in[0]);
    close(out[1]);
    close(pair[0]);
    fake_remove(scratch);
    return tap_done();
}
