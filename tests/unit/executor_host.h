/* executor_host: the host's side of the wire, for tests: a local executor over a memfd and a
 * socket, requests with a limit on waiting, and a writer of streams by hand.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_EXECUTOR_HOST_H
#define TESTS_UNIT_EXECUTOR_HOST_H

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spear/wire/exec.h"
#include "spear/wire/wire.h"

enum {
    HOST_SLOT_BYTES = WIRE_PAGE_BYTES + WIRE_PAYLOAD_MAX + WIRE_REPLY_MAX,
    HOST_REPLY_OFFSET = WIRE_PAGE_BYTES + WIRE_PAYLOAD_MAX,
    HOST_KNOWN_LOG2 = 12,
    HOST_KNOWN_OFFSET = 2 * WIRE_PAGE_BYTES,
    HOST_SLOTS_OFFSET = HOST_KNOWN_OFFSET + (4 << HOST_KNOWN_LOG2),
    HOST_SLOTS = 2,
    HOST_WAIT_MS = 30000,
};

struct host {
    uint8_t *base;
    size_t bytes;
    int bell;
    pid_t pid;
    uint32_t alive; /* bells of that kind seen */
};

/* The program stands beside the other results of the build. */
static inline const char *host_executor_path(void)
{
    static char path[4096];
    const char *build = getenv("MUJUN_BUILD");

    snprintf(path, sizeof(path), "%s/mujun-executor", build != NULL ? build : "build/release");
    return access(path, X_OK) == 0 ? path : NULL;
}

/* The next bell that is not ALIVE; -1 when none comes in time. */
static inline int host_wait_bell(struct host *h, int wait_ms)
{
    uint8_t byte = 0;

    for (;;) {
        struct pollfd line = {.fd = h->bell, .events = POLLIN};
        if (poll(&line, 1, wait_ms) != 1 || read(h->bell, &byte, 1) != 1)
            return -1;
        if (byte != WIRE_BELL_ALIVE)
            return byte;
        h->alive++;
    }
}

static inline void host_ring(struct host *h, uint8_t bell)
{
    if (write(h->bell, &bell, 1) != 1)
        perror("host_ring");
}

static inline void host_write_header(struct host *h)
{
    *(struct wire_header *)(void *)h->base = (struct wire_header){
        .magic = WIRE_MAGIC,
        .version = WIRE_VERSION,
        .region_bytes = h->bytes,
        .slot_count = HOST_SLOTS,
        .known_log2 = HOST_KNOWN_LOG2,
        .known_offset = HOST_KNOWN_OFFSET,
        .slots_offset = HOST_SLOTS_OFFSET,
        .slot_bytes = HOST_SLOT_BYTES,
        .reply_offset = HOST_REPLY_OFFSET,
        .syscall_timeout_ms = 50,
        .program_timeout_ms = 2000,
    };
}

/* Starts the executor; the header can be spoilt before. Returns the first bell. */
static inline int host_start(struct host *h, void (*spoil)(struct wire_header *))
{
    int pair[2];
    char region_text[16], bell_text[16];
    const int fd = memfd_create("region", 0);

    h->bytes = HOST_SLOTS_OFFSET + (size_t)HOST_SLOTS * HOST_SLOT_BYTES;
    if (fd < 0 || ftruncate(fd, (off_t)h->bytes) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        return -1;
    h->base = mmap(NULL, h->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    h->bell = pair[0];
    host_write_header(h);
    if (spoil != NULL)
        spoil((struct wire_header *)(void *)h->base);
    snprintf(region_text, sizeof(region_text), "%d", fd);
    snprintf(bell_text, sizeof(bell_text), "%d", pair[1]);
    h->pid = fork();
    if (h->pid == 0) {
        close(pair[0]);
        execl(host_executor_path(), "mujun-executor", "--local", region_text, bell_text, NULL);
        _exit(127);
    }
    close(fd);
    close(pair[1]);
    return host_wait_bell(h, HOST_WAIT_MS);
}

/* Closes the line, which ends the executor; its exit code. */
static inline int host_stop(struct host *h)
{
    int status = 0;

    close(h->bell);
    waitpid(h->pid, &status, 0);
    munmap(h->base, h->bytes);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline struct wire_request *host_request(struct host *h, uint32_t slot)
{
    return (struct wire_request *)(void *)(h->base + HOST_SLOTS_OFFSET +
                                           (size_t)slot * HOST_SLOT_BYTES);
}

static inline struct wire_result *host_result(struct host *h, uint32_t slot)
{
    return (struct wire_result *)(void *)((uint8_t *)host_request(h, slot) + HOST_REPLY_OFFSET);
}

/* The list of 32-bit numbers at an offset of the reply. */
static inline const uint32_t *host_list(struct host *h, uint32_t slot, uint32_t offset)
{
    return (const uint32_t *)(const void *)((const uint8_t *)host_result(h, slot) + offset);
}

/* ---- streams --------------------------------------------------------------------------------- */
struct stream {
    uint8_t bytes[8192];
    size_t size;
};

static inline void put(struct stream *s, uint64_t value)
{
    uint64_t zigzag = value << 1 ^ (uint64_t)((int64_t)value >> 63);

    do {
        s->bytes[s->size++] = (uint8_t)((zigzag & 0x7f) | (zigzag > 0x7f ? 0x80 : 0));
        zigzag >>= 7;
    } while (zigzag != 0);
}

static inline void put_const(struct stream *s, uint64_t meta, uint64_t value)
{
    put(s, EXEC_CONST);
    put(s, meta);
    put(s, value);
}

static inline void put_data(struct stream *s, uint64_t address, const void *bytes, size_t size)
{
    put(s, (uint64_t)EXEC_COPYIN);
    put(s, address);
    put(s, EXEC_DATA);
    put(s, size);
    memcpy(s->bytes + s->size, bytes, size);
    s->size += size;
}

static inline void put_call(struct stream *s, uint64_t call, int64_t index, uint64_t arguments)
{
    put(s, call);
    put(s, (uint64_t)index);
    put(s, arguments);
}

/* Runs what the stream holds in a slot. Returns the bell that answered, -1 for none. */
static inline int host_run(struct host *h, uint32_t slot, const struct stream *s, uint32_t flags)
{
    static uint64_t id;
    struct wire_request *request = host_request(h, slot);

    *request = (struct wire_request){
        .id = ++id, .kind = WIRE_PROGRAM, .flags = flags, .payload_bytes = s->size};
    memcpy((uint8_t *)request + WIRE_REQUEST_BYTES, s->bytes, s->size);
    host_ring(h, (uint8_t)slot);
    return host_wait_bell(h, HOST_WAIT_MS);
}

#endif /* TESTS_UNIT_EXECUTOR_HOST_H */
