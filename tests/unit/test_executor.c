/* test_executor: the executor as a local process, fed with streams written by hand: every kind of
 * argument, results, threads that block, time limits, broken streams and headers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>

#include "executor_host.h"

enum { ADDRESS_META = 8, BIG = EXEC_BIG_ENDIAN << 8 };

#define META_FIELD(size, offset, bits) ((size) | (uint64_t)(offset) << 16 | (uint64_t)(bits) << 24)

/* Compares what now stands at data + 0 with the text, through the call made for that. */
static void put_compare(struct stream *s, const void *want, size_t size)
{
    put_data(s, 0x1000, want, size);
    put_call(s, EXEC_syz_compare, EXEC_NO_INDEX, 4);
    put(s, EXEC_ADDR64);
    put(s, 0x1000);
    put_const(s, 8, size);
    put(s, EXEC_ADDR64);
    put(s, 0);
    put_const(s, 8, size);
}

static void copyin_const(struct stream *s, uint64_t address, uint64_t meta, uint64_t value)
{
    put(s, (uint64_t)EXEC_COPYIN);
    put(s, address);
    put_const(s, meta, value);
}

static void put_errno(struct stream *s, uint64_t error)
{
    put_call(s, EXEC_syz_errno, EXEC_NO_INDEX, 1);
    put_const(s, 4, error);
}

static void put_sleep(struct stream *s, uint64_t ms)
{
    put_call(s, EXEC_syz_sleep_ms, EXEC_NO_INDEX, 1);
    put_const(s, 8, ms);
}

/* ---- programs: each writes its calls; the row says what must come back ------------------------
 */
static void errors(struct stream *s)
{
    put_errno(s, 0);
    put_errno(s, EINVAL);
    put_errno(s, EBADF);
}

static void numbers(struct stream *s)
{
    copyin_const(s, 0, 1, 0x11);
    copyin_const(s, 1, 2, 0x2233);
    copyin_const(s, 3, 4 | BIG, 0x44556677);
    copyin_const(s, 7, 8, UINT64_C(0x8899aabbccddeeff));
    put_compare(s, "\x11\x33\x22\x44\x55\x66\x77\xff\xee\xdd\xcc\xbb\xaa\x99\x88", 15);
}

static void fields(struct stream *s)
{
    copyin_const(s, 0, META_FIELD(2, 0, 4), 0x3);
    copyin_const(s, 0, META_FIELD(2, 4, 12), 0xfabc); /* the f does not fit */
    copyin_const(s, 2, META_FIELD(2 | BIG, 12, 4), 0x1);
    copyin_const(s, 2, META_FIELD(2 | BIG, 0, 12), 0x234);
    put_compare(s, "\xc3\xab\x12\x34", 4);
}

static void digits(struct stream *s)
{
    copyin_const(s, 0, 4 | EXEC_DEC << 8, 83);
    copyin_const(s, 20, 4 | EXEC_HEX << 8, 83);
    copyin_const(s, 38, 4 | EXEC_OCT << 8, 83);
    put_compare(s, "000000000000000000830x000000000000005300000000000000000000123", 61);
}

static void addresses(struct stream *s)
{
    put(s, (uint64_t)EXEC_COPYIN);
    put(s, 0);
    put(s, EXEC_ADDR64);
    put(s, 0x20);
    put(s, (uint64_t)EXEC_COPYIN);
    put(s, 8);
    put(s, EXEC_ADDR32);
    put(s, 0x30);
    put_compare(s, "\x20\0\0\0\0\x20\0\0\x30\0\0\0", 12);
}

/* The example header of RFC 1071's readers: 4500 0073 0000 4000 4011 ---- c0a8 0001 c0a8 00c7. */
static void checksum(struct stream *s)
{
    const char packet[] = "\x45\0\0\x73\0\0\x40\0\x40\x11\0\0\xc0\xa8\0\x01\xc0\xa8";

    put_data(s, 0, packet, 18);
    put(s, (uint64_t)EXEC_COPYIN);
    put(s, 10);
    put(s, EXEC_CSUM);
    put(s, 2);
    put(s, EXEC_CSUM_INET);
    put(s, 2);
    put(s, EXEC_CHUNK_DATA);
    put(s, 0);
    put(s, 18);
    put(s, EXEC_CHUNK_CONST);
    put(s, 0x00c7);
    put(s, 2);
    put_compare(s, "\x45\0\0\x73\0\0\x40\0\x40\x11\xb8\x61\xc0\xa8\0\x01\xc0\xa8", 18);
}

static void put_result(struct stream *s, uint64_t meta, uint64_t index, uint64_t divide,
                       uint64_t add, uint64_t otherwise)
{
    put(s, EXEC_RESULT);
    put(s, meta);
    put(s, index);
    put(s, divide);
    put(s, add);
    put(s, otherwise);
}

static void results(struct stream *s)
{
    copyin_const(s, 0x40, 4, 21);
    put_call(s, SYS_dup, 7, 1); /* gives some descriptor */
    put_const(s, 4, 0);
    put_call(s, SYS_fcntl, EXEC_NO_INDEX, 3); /* it is open: F_GETFD works */
    put_result(s, 4, 7, 1, 0, UINT64_MAX);
    put_const(s, 4, 1);
    put_const(s, 4, 0);
    put_call(s, SYS_getpid, EXEC_NO_INDEX, 0);
    put(s, (uint64_t)EXEC_COPYOUT);
    put(s, 8);
    put(s, 0x40);
    put(s, 4);
    put(s, (uint64_t)EXEC_COPYIN); /* 21 / 2 + 5 */
    put(s, 0);
    put_result(s, 4, 8, 2, 5, 0);
    put(s, (uint64_t)EXEC_COPYIN); /* nobody made number 9 */
    put(s, 4);
    put_result(s, 4, 9, 1, 0, 0x77);
    put_compare(s, "\x0f\0\0\0\x77\0\0\0", 8);
}

static void stride(struct stream *s) /* always run in slot 1 */
{
    copyin_const(s, 0, 4 | UINT64_C(3) << 32, 100);
    put_compare(s, "\x67\0\0\0", 4);
}

static void outside(struct stream *s)
{
    put_data(s, EXEC_DATA_BYTES - 2, "abcd", 4);
    copyin_const(s, UINT64_MAX, 8, 1);
    put_call(s, EXEC_syz_compare, EXEC_NO_INDEX, 4);
    put_const(s, 8, UINT64_MAX - 1);
    put_const(s, 8, 1);
    put_const(s, 8, UINT64_MAX);
    put_const(s, 8, 1);
}

static void unmapped(struct stream *s)
{
    put_call(s, SYS_munmap, EXEC_NO_INDEX, 2);
    put(s, EXEC_ADDR64);
    put(s, 0);
    put_const(s, 8, EXEC_DATA_BYTES);
    put_data(s, 0x100, "abcd", 4);
    put_errno(s, 0);
}

static void clear(struct stream *s) /* after others: their memory is gone */
{
    put_compare(s, "\0\0\0\0\0\0\0\0", 8);
}

static void blocking(struct stream *s)
{
    put_sleep(s, 60000);
    put_errno(s, EPERM);
    put_sleep(s, 60000);
    put_errno(s, 0);
}

static void late(struct stream *s) /* 50 ms are allowed, and 2 more calls wait for as long */
{
    put_sleep(s, 80);
    put_errno(s, EPERM);
}

static void patient(struct stream *s)
{
    put(s, (uint64_t)EXEC_ATTRS);
    put(s, 500);
    put(s, 0);
    put(s, 0);
    put_sleep(s, 120);
    put_errno(s, 0);
}

static void async(struct stream *s)
{
    put(s, (uint64_t)EXEC_PROPS);
    put(s, 0);
    put(s, 1);
    put(s, 0);
    put_sleep(s, 20);
    put_errno(s, EPERM);
}

static void leaves(struct stream *s)
{
    put_errno(s, EPERM);
    put_call(s, EXEC_syz_exit, EXEC_NO_INDEX, 1);
    put_const(s, 8, 0);
    put_errno(s, EPERM);
}

static void forks(struct stream *s)
{
    put_call(s, SYS_fork, EXEC_NO_INDEX, 0);
    put_errno(s, 0);
}

static void leaves_files(struct stream *s)
{
    put_data(s, 0, "./file0", 8);
    put_call(s, SYS_mkdir, EXEC_NO_INDEX, 2); /* EEXIST if the last run's is still there */
    put(s, EXEC_ADDR64);
    put(s, 0);
    put_const(s, 8, 0777);
    put_data(s, 0x40, "./file0/x", 10);
    put_call(s, SYS_mknod, EXEC_NO_INDEX, 3);
    put(s, EXEC_ADDR64);
    put(s, 0x40);
    put_const(s, 8, 0100666);
    put_const(s, 8, 0);
}

/* Descriptor 1 of a program once was the console, and what was written there split the kernel's
 * reports. */
static void standard_output(struct stream *s)
{
    put_data(s, 0x100, "/proc/self/fd/1", 16);
    put_call(s, SYS_readlink, EXEC_NO_INDEX, 3);
    put(s, EXEC_ADDR64);
    put(s, 0x100);
    put(s, EXEC_ADDR64);
    put(s, 0);
    put_const(s, 8, 9);
    put_compare(s, "/dev/null", 9);
}

enum {
    DONE = WIRE_DONE,
    HUNG = WIRE_HUNG,
    NO = WIRE_ERRNO_NOT_RUN,
    THREADED = WIRE_RUN_THREADED,
    FRESH = WIRE_RUN_FRESH
};

static const struct {
    const char *name;
    void (*write)(struct stream *s);
    uint32_t calls; /* that the stream announces */
    uint32_t flags;
    uint32_t status;   /* enum wire_status */
    int32_t errors[4]; /* of its calls */
} rows[] = {
    {"errors come back",                errors,       3, 0,        DONE, {0, EINVAL, EBADF}},
    {"numbers of every size",           numbers,      1, 0,        DONE, {0}               },
    {"bit-fields",                      fields,       1, 0,        DONE, {0}               },
    {"digits",                          digits,       1, 0,        DONE, {0}               },
    {"addresses",                       addresses,    1, 0,        DONE, {0}               },
    {"internet checksum",               checksum,     1, 0,        DONE, {0}               },
    {"results and copyouts",            results,      4, 0,        DONE, {0, 0, 0, 0}      },
    {"results, threaded",               results,      4, THREADED, DONE, {0, 0, 0, 0}      },
    {"process number",                  stride,       1, 0,        DONE, {0}               },
    {"addresses outside: no harm",      outside,      1, 0,        DONE, {EFAULT}          },
    {"memory is empty again",           clear,        1, 0,        DONE, {0}               },
    {"data region unmapped",            unmapped,     2, 0,        DONE, {0, 0}            },
    {"and is there again",              numbers,      1, 0,        DONE, {0}               },
    {"blocked calls are left behind",   blocking,     4, THREADED, DONE, {NO, EPERM, NO, 0}},
    {"a call comes back late",          late,         2, THREADED, DONE, {0, EPERM}        },
    {"a call that may take long",       patient,      2, THREADED, DONE, {0, 0}            },
    {"async",                           async,        2, THREADED, DONE, {0, EPERM}        },
    {"async without threads",           async,        2, 0,        DONE, {0, EPERM}        },
    {"blocked without threads: killed", blocking,     4, 0,        HUNG, {NO, NO, NO, NO}  },
    {"exit ends the program",           leaves,       3, 0,        DONE, {EPERM, NO, NO}   },
    {"fork: the child does not go on",  forks,        2, 0,        DONE, {0, 0}            },
    {"files are removed",               leaves_files, 2, 0,        DONE, {0, 0}            },
    {"they were",                       leaves_files, 2, 0,        DONE, {0, 0}            },
    {"standard output is nowhere",      standard_output, 2, 0,     DONE, {0, 0}            },
    {"in a fresh process",              leaves_files, 2, FRESH,    DONE, {0, 0}            },
};

static void check_programs(struct host *h)
{
    for (size_t i = 0; i < LENGTH_OF(rows); i++) {
        struct stream s = {0};
        put(&s, rows[i].calls);
        rows[i].write(&s);
        put(&s, (uint64_t)EXEC_EOF);
        const int bell = host_run(h, 1, &s, rows[i].flags);
        const struct wire_result *result = host_result(h, 1);
        bool pass = bell == 1 && result->reply.status == rows[i].status &&
                    result->reply.id == host_request(h, 1)->id;
        for (uint32_t k = 0; k < rows[i].calls; k++)
            pass &= result->calls[k].error == rows[i].errors[k];
        tap_ok(pass, "%s: bell %d, status %u, errors %d %d %d %d, %.*s", rows[i].name, bell,
               result->reply.status, result->calls[0].error, result->calls[1].error,
               result->calls[2].error, result->calls[3].error, (int)result->reply.text_bytes,
               (const char *)result + result->reply.text_offset);
    }
}

static void check_flags(struct host *h)
{
    struct stream s = {0};

    put(&s, 4);
    blocking(&s);
    put(&s, (uint64_t)EXEC_EOF);
    host_run(h, 0, &s, THREADED);
    const struct wire_call_reply *calls = host_result(h, 0)->calls;
    const uint32_t back = WIRE_CALL_EXECUTED | WIRE_CALL_FINISHED;
    tap_ok(calls[0].flags == (WIRE_CALL_EXECUTED | WIRE_CALL_BLOCKED) && calls[1].flags == back &&
               calls[3].flags == back && calls[4].flags == 0 &&
               host_result(h, 0)->reply.call_count == 4,
           "flags tell which calls block: %x %x %x %x", calls[0].flags, calls[1].flags,
           calls[2].flags, calls[3].flags);
}

/* ---- signal ---------------------------------------------------------------------------------- */
static void inject(struct stream *s, const uint64_t *addresses, size_t count)
{
    put(s, 1);
    put_data(s, 0, addresses, count * 8);
    put_call(s, EXEC_syz_inject_cover, EXEC_NO_INDEX, 2);
    put(s, EXEC_ADDR64);
    put(s, 0);
    put_const(s, 8, count * 8);
    put(s, (uint64_t)EXEC_EOF);
}

static void check_signal(struct host *h)
{
    const uint64_t pcs[] = {0xffffffff81000010, 0xffffffff81000020, 0xffffffff81000010,
                            0xffffffff81000020};
    const uint32_t second = wire_edge(0x81000020, 0x81000010);
    uint32_t *known = (uint32_t *)(void *)(h->base + HOST_KNOWN_OFFSET);
    struct stream s = {0};

    inject(&s, pcs, 4);
    host_run(h, 0, &s, WIRE_RUN_SIGNAL | WIRE_RUN_COVER);
    const struct wire_call_reply *call = &host_result(h, 0)->calls[0];
    const uint32_t *signal = host_list(h, 0, call->signal_offset);
    tap_ok(call->signal_count == 3 && signal[0] == wire_edge(0x81000010, 0) &&
               signal[1] == second && signal[2] == wire_edge(0x81000010, 0x81000020),
           "each edge once: %u", call->signal_count);
    const uint32_t *cover = host_list(h, 0, call->cover_offset);
    tap_ok(call->cover_count == 2 && cover[0] == 0x81000010 && cover[1] == 0x81000020,
           "each address once: %u", call->cover_count);
    known[wire_known_place(second, HOST_KNOWN_LOG2)] = second;
    host_run(h, 0, &s, WIRE_RUN_SIGNAL);
    tap_ok(call->signal_count == 2 && call->cover_count == 0, "known edges stay away: %u",
           call->signal_count);
    memset(known, 0, 4 << HOST_KNOWN_LOG2);

    s.size = 0;
    put(&s, 2);
    put_errno(&s, 0);
    put_errno(&s, EINVAL);
    put(&s, (uint64_t)EXEC_EOF);
    host_run(h, 0, &s, WIRE_RUN_SIGNAL);
    const struct wire_call_reply *calls = host_result(h, 0)->calls;
    tap_ok(calls[0].signal_count == 1 && calls[1].signal_count == 1 &&
               *host_list(h, 0, calls[0].signal_offset) != *host_list(h, 0, calls[1].signal_offset),
           "without coverage, another error is another signal");
}

#define END UINT64_MAX /* also: no index */
#define IN  ((uint64_t)EXEC_COPYIN)
#define OUT ((uint64_t)EXEC_COPYOUT)

enum { CHUNKS = EXEC_CHUNKS_MAX, WIDE = META_FIELD(2, 8, 9), PID = SYS_getpid };

/* ---- what must be refused -------------------------------------------------------------------- */
/* clang-format off */
static const struct {
    const char *name;
    uint64_t words[10];
    uint32_t count;
} broken[] = {
    {"empty", {0}, 0},
    {"too many calls", {EXEC_CALLS_MAX + 1}, 1},
    {"no end", {1, PID, END, 0}, 4},
    {"fewer calls than announced", {2, PID, END, 0, END}, 5},
    {"more calls than announced", {0, PID, END, 0, END}, 5},
    {"unknown instruction", {0, (uint64_t)-77}, 2},
    {"unknown pseudo-call", {1, EXEC_PSEUDO_END, END, 0, END}, 5},
    {"unknown kind of argument", {1, PID, END, 1, 9, 9}, 6},
    {"ten arguments", {1, PID, END, 10}, 4},
    {"result index", {1, PID, EXEC_RESULTS_MAX, 0, END}, 5},
    {"copyout index", {1, PID, END, 0, OUT, 1000, 0, 4}, 8},
    {"copyout before a call", {1, OUT, 1, 0, 4}, 5},
    {"size of a number", {1, IN, 0, EXEC_CONST, 3, 0}, 6},
    {"format of a number", {1, IN, 0, EXEC_CONST, 4 | 9 << 8, 0}, 6},
    {"bit-field over its word", {1, IN, 0, EXEC_CONST, WIDE, 0}, 6},
    {"data past the end", {1, IN, 0, EXEC_DATA, 100, 1}, 6},
    {"huge data", {1, IN, 0, EXEC_DATA, INT64_MAX, 1}, 6},
    {"kind of checksum", {1, IN, 0, EXEC_CSUM, 2, 7, 0}, 7},
    {"chunks of a checksum", {1, IN, 0, EXEC_CSUM, 2, 0, CHUNKS + 1}, 7},
};
/* clang-format on */

static void check_broken(struct host *h)
{
    for (size_t i = 0; i < LENGTH_OF(broken); i++) {
        struct stream s = {0};
        for (uint32_t k = 0; k < broken[i].count; k++)
            put(&s, broken[i].words[k]);
        const int bell = host_run(h, 0, &s, 0);
        const struct wire_reply *reply = &host_result(h, 0)->reply;
        tap_ok(bell == 0 && reply->status == WIRE_BROKEN && reply->text_bytes > 0,
               "broken stream, %s: %.*s", broken[i].name, (int)reply->text_bytes,
               (const char *)reply + reply->text_offset);
    }
    struct stream s = {.size = 4};
    memset(s.bytes, 0xff, 20);
    s.size = 20;
    host_run(h, 0, &s, 0);
    tap_ok(host_result(h, 0)->reply.status == WIRE_BROKEN, "a number without an end");
}

/* Random bytes, and good programs with a byte or two changed; calls are made harmless by giving
 * only numbers of pseudo-calls a chance: a local executor runs on our own machine. */
static void check_random(struct host *h)
{
    uint64_t seed = 12345;
    unsigned answered = 0, rounds = 300;

    for (unsigned i = 0; i < rounds; i++) {
        struct stream s = {0};
        put(&s, 1);
        (i % 2 == 0 ? numbers : digits)(&s);
        put(&s, (uint64_t)EXEC_EOF);
        const size_t from = i % 3 == 0 ? 0 : s.size - 60; /* data and arguments */
        for (unsigned k = 0; k < 1 + i % 4; k++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            const size_t at = from + (seed >> 33) % (s.size - from);
            if (s.bytes[at] < 0x80 && at > 0 && s.bytes[at - 1] < 0x80)
                s.bytes[at] = (uint8_t)(seed >> 56) & 0x7f;
        }
        if (memmem(s.bytes, s.size, (const uint8_t[]){0x8a, 0x80, 0x08}, 3) == NULL)
            s.size /= 2;
        answered += host_run(h, 0, &s, i % 5 == 0 ? THREADED : 0) == 0;
    }
    tap_ok(answered == rounds, "changed streams are answered: %u of %u", answered, rounds);
    struct stream s = {0};
    put(&s, 3);
    errors(&s);
    put(&s, (uint64_t)EXEC_EOF);
    tap_ok(host_run(h, 0, &s, 0) == 0 && host_result(h, 0)->reply.status == WIRE_DONE &&
               host_result(h, 0)->calls[2].error == EBADF,
           "and the executor works on");
}

static void no_magic(struct wire_header *h)
{
    h->magic++;
}
static void other_version(struct wire_header *h)
{
    h->version++;
}
static void no_slots(struct wire_header *h)
{
    h->slot_count = 0;
}
static void many_slots(struct wire_header *h)
{
    h->slot_count = WIRE_SLOTS_MAX;
}
static void known_outside(struct wire_header *h)
{
    h->known_log2 = 30;
}
static void reply_outside(struct wire_header *h)
{
    h->reply_offset = h->slot_bytes;
}

static const struct {
    const char *name;
    void (*spoil)(struct wire_header *h);
} headers[] = {
    {"magic",              no_magic     },
    {"version",            other_version},
    {"no slots",           no_slots     },
    {"slots do not fit",   many_slots   },
    {"table does not fit", known_outside},
    {"replies do not fit", reply_outside},
};

static void check_headers(void)
{
    for (size_t i = 0; i < LENGTH_OF(headers); i++) {
        struct host h = {0};
        const int bell = host_start(&h, headers[i].spoil);
        const struct wire_machine *machine =
            (const struct wire_machine *)(const void *)(h.base + WIRE_MACHINE_OFFSET);
        tap_ok(bell == WIRE_BELL_FAILED && machine->reasons[0] != '\0', "header, %s: %.100s",
               headers[i].name, machine->reasons);
        host_stop(&h);
    }
}

/* Two slots at the same time: one sleeps, the other answers first; the host hears ALIVE. */
static void check_slots(struct host *h)
{
    struct stream sleeper = {0};

    put(&sleeper, 1);
    put_sleep(&sleeper, 1400);
    put(&sleeper, (uint64_t)EXEC_EOF);
    *host_request(h, 0) =
        (struct wire_request){.id = 5, .kind = WIRE_PROGRAM, .payload_bytes = sleeper.size};
    memcpy((uint8_t *)host_request(h, 0) + WIRE_REQUEST_BYTES, sleeper.bytes, sleeper.size);
    h->alive = 0;
    host_ring(h, 0);
    struct stream s = {0};
    put(&s, 3);
    errors(&s);
    put(&s, (uint64_t)EXEC_EOF);
    tap_ok(host_run(h, 1, &s, 0) == 1, "one slot answers while the other is busy");
    tap_ok(host_wait_bell(h, HOST_WAIT_MS) == 0 && h->alive >= 1, "then the other; alive %u",
           h->alive);
    *host_request(h, 0) = (struct wire_request){.id = 6, .kind = WIRE_EMPTY};
    host_ring(h, 0);
    tap_ok(host_wait_bell(h, HOST_WAIT_MS) == 0 && host_result(h, 0)->reply.id == 6,
           "an empty request is answered");
}

/* A request that is run three times; one that is posted and found without a bell. */
static void check_repeat_and_post(struct host *h)
{
    struct wire_request *request = host_request(h, 0);
    const struct wire_machine *machine =
        (const struct wire_machine *)(const void *)(h->base + WIRE_MACHINE_OFFSET);
    struct stream s = {0};

    put(&s, 3);
    errors(&s);
    put(&s, (uint64_t)EXEC_EOF);
    for (uint32_t fresh = 0; fresh <= WIRE_RUN_FRESH; fresh += WIRE_RUN_FRESH) {
        *request = (struct wire_request){
            .id = 7, .kind = WIRE_PROGRAM, .flags = fresh, .payload_bytes = s.size, .repeat = 3};
        memcpy((uint8_t *)request + WIRE_REQUEST_BYTES, s.bytes, s.size);
        host_ring(h, 0);
        const int bell = host_wait_bell(h, HOST_WAIT_MS);
        const uint32_t runs = host_result(h, 0)->reply.runs;
        tap_ok(bell == 0 && runs == 3 && host_result(h, 0)->calls[1].error == EINVAL,
               "run three times%s: bell %d, runs %u", fresh != 0 ? ", fresh" : "", bell, runs);
    }
    unsigned answered = 0, rung = 0;
    for (uint32_t i = 1; i <= 200; i++) {
        request->id = 100 + i;
        request->repeat = 0;
        request->flags = 0;
        __atomic_store_n(&request->posted, i, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&machine->awake[0], __ATOMIC_SEQ_CST) == 0) {
            host_ring(h, 0);
            rung++;
        }
        answered += host_wait_bell(h, HOST_WAIT_MS) == 0 && host_result(h, 0)->reply.id == 100 + i;
    }
    tap_ok(answered == 200, "posted requests are answered: %u, %u bells rung", answered, rung);
    struct pollfd line = {.fd = h->bell, .events = POLLIN};
    tap_ok(poll(&line, 1, 50) == 0, "and none of them twice");
    request->posted = 0;
}

/* A shell script is an executable as well. */
static void check_binary(struct host *h)
{
    static const struct {
        const char *name, *script, *output;
        int32_t exit_code;
        uint32_t status;
    } scripts[] = {
        {"says and ends",  "#!/bin/sh\necho hello; exit 7\n", "hello\n", 7,   WIRE_DONE},
        {"is killed",      "#!/bin/sh\nkill -9 $$\n",         "",        137, WIRE_DONE},
        {"takes too long", "#!/bin/sh\necho on; sleep 60\n",  "on\n",    137, WIRE_HUNG},
    };

    for (size_t i = 0; i < LENGTH_OF(scripts); i++) {
        const size_t size = strlen(scripts[i].script);
        *host_request(h, 0) = (struct wire_request){
            .id = 9, .kind = WIRE_BINARY, .payload_bytes = size, .program_timeout_ms = 500};
        memcpy((uint8_t *)host_request(h, 0) + WIRE_REQUEST_BYTES, scripts[i].script, size);
        host_ring(h, 0);
        const int bell = host_wait_bell(h, HOST_WAIT_MS);
        const struct wire_reply *reply = &host_result(h, 0)->reply;
        const char *text = (const char *)reply + reply->text_offset;
        tap_ok(bell == 0 && reply->status == scripts[i].status &&
                   reply->exit_code == scripts[i].exit_code &&
                   reply->text_bytes == strlen(scripts[i].output) &&
                   memcmp(text, scripts[i].output, reply->text_bytes) == 0,
               "a binary %s: bell %d, status %u, code %d, %u bytes", scripts[i].name, bell,
               reply->status, reply->exit_code, reply->text_bytes);
    }
}

static void measure(struct host *h)
{
    struct stream s = {0};
    struct timespec start, end;
    enum { PROGRAMS = 500 };

    put(&s, 3);
    errors(&s);
    put(&s, (uint64_t)EXEC_EOF);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < PROGRAMS; i++)
        host_run(h, 0, &s, THREADED | WIRE_RUN_SIGNAL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    const double seconds =
        (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
    printf("# %.0f programs/s of three calls, threaded\n", PROGRAMS / seconds);
}

int main(void)
{
    struct host h = {0};

    if (host_executor_path() == NULL)
        return tap_skip_all("mujun-executor is not built");
    check_headers();
    if (!tap_ok(host_start(&h, NULL) == WIRE_BELL_READY, "ready"))
        return tap_done();
    host_ring(&h, WIRE_BELL_GO);
    tap_ok(host_wait_bell(&h, HOST_WAIT_MS) == WIRE_BELL_RUNNING, "running");
    check_programs(&h);
    check_flags(&h);
    check_signal(&h);
    check_broken(&h);
    check_random(&h);
    check_slots(&h);
    check_repeat_and_post(&h);
    check_binary(&h);
    measure(&h);
    tap_ok(host_stop(&h) == 0, "ends when the host is gone");
    return tap_done();
}
