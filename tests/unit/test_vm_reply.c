/* test_vm_reply: answers of a hostile machine; the archive that a kernel boots from; the ring of
 * the console. SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "spear/vm/console.h"
#include "spear/vm/cpio.h"
#include "spear/vm/reply.h"
#include "tap.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ROOM = 8192, ID = 77, FIRST = sizeof(struct wire_result) };

/* ---- answers ---- */

static const struct {
    const char *name;
    struct wire_reply reply;
    struct wire_call_reply call; /* the first */
    enum status status;
    const char *message;
} replies[] = {
    {"empty", {.id = ID}, {0}, ST_OK, ""},
    {"another request", {.id = ID + 1}, {0}, ST_MALFORMED, "expected one to 77"},
    {"unknown status", {.id = ID, .status = 3}, {0}, ST_MALFORMED, "status 3"},
    {"all calls", {.id = ID, .call_count = WIRE_CALLS_MAX}, {0}, ST_OK, ""},
    {"a call too many", {.id = ID, .call_count = WIRE_CALLS_MAX + 1}, {0}, ST_MALFORMED,
     "41 calls, at most 40"},
    {"text to the end", {.id = ID, .text_offset = FIRST, .text_bytes = ROOM - FIRST}, {0}, ST_OK,
     ""},
    {"text past the end", {.id = ID, .text_offset = FIRST, .text_bytes = ROOM - FIRST + 1}, {0},
     ST_MALFORMED, "text of call 0"},
    {"text in the header", {.id = ID, .text_offset = 8, .text_bytes = 1}, {0}, ST_MALFORMED,
     "text of call 0"},
    {"text that wraps", {.id = ID, .text_offset = UINT32_MAX - 3, .text_bytes = 8}, {0},
     ST_MALFORMED, "text of call 0"},
    {"signal", {.id = ID}, {.signal_offset = FIRST, .signal_count = 4}, ST_OK, ""},
    {"signal to the end", {.id = ID},
     {.signal_offset = ROOM - 8, .signal_count = 2}, ST_OK, ""},
    {"signal past the end", {.id = ID},
     {.signal_offset = ROOM - 8, .signal_count = 3}, ST_MALFORMED, "signal of call 0"},
    {"signal that wraps", {.id = ID},
     {.signal_offset = FIRST, .signal_count = 0x40000001}, ST_MALFORMED, "signal of call 0"},
    {"crooked signal", {.id = ID},
     {.signal_offset = FIRST + 2, .signal_count = 1}, ST_MALFORMED, "not aligned to 4"},
    {"nothing, anywhere", {.id = ID},
     {.signal_offset = UINT32_MAX, .signal_count = 0}, ST_OK, ""},
    {"coverage past the end", {.id = ID},
     {.cover_offset = ROOM, .cover_count = 1}, ST_MALFORMED, "coverage of call 0"},
    {"comparisons", {.id = ID},
     {.comparison_offset = (FIRST + 7) / 8 * 8, .comparison_count = 3}, ST_OK, ""},
    {"comparisons past the end", {.id = ID},
     {.comparison_offset = ROOM - 24, .comparison_count = 2}, ST_MALFORMED,
     "comparisons of call 0"},
};

static void check_replies(void)
{
    uint8_t *shared = mem_alloc(ROOM, 1), *data = mem_alloc(ROOM, 1);
    struct vm_result *result = mem_alloc(1, sizeof(*result));

    for (uint32_t i = 0; i < LENGTH_OF(replies); i++) {
        struct wire_result wire = {.reply = replies[i].reply, .calls[0] = replies[i].call};
        struct diag dg = {0};
        for (uint32_t at = 0; at < ROOM; at++)
            shared[at] = (uint8_t)(at * 7 + i);
        memcpy(shared, &wire, sizeof(wire));
        memset(data, 0, ROOM);
        result->data = data; /* with the sanitizer a byte past ROOM is noticed */
        enum status st = vm_reply_copy(shared, ROOM, ID, result, &dg);
        const struct wire_call_reply *c = &replies[i].call;
        bool same = st != ST_OK || memcmp(data + c->signal_offset % ROOM,
                                          shared + c->signal_offset % ROOM,
                                          4 * (size_t)c->signal_count) == 0;
        tap_ok(st == replies[i].status && strstr(dg.text, replies[i].message) != NULL && same,
               "%s: %s %s", replies[i].name, status_text(st), dg.text);
    }
    mem_free(result);
    mem_free(data);
    mem_free(shared);

    struct wire_machine m = {0}, copy;
    memset(m.kernel, 'k', sizeof(m.kernel));
    memset(m.reasons, 'r', sizeof(m.reasons));
    vm_machine_copy(&m, &copy);
    tap_ok(strlen(copy.kernel) == sizeof(m.kernel) - 1 &&
               strlen(copy.reasons) == sizeof(m.reasons) - 1, "texts without an end get one");
}

/* ---- the archive ---- */

struct root {
    struct arena arena;
    struct buf out;
};

static const char executor_bytes[] = "\177ELF executor";

static enum status make_root(void *ctx, struct diag *dg)
{
    struct root *r = ctx;

    (void)dg;
    buf_init(&r->out, &r->arena);
    cpio_root(&r->out, executor_bytes, sizeof(executor_bytes));
    return ST_OK;
}

static uint32_t field(const uint8_t *header, uint32_t index)
{
    char digits[9] = "";

    memcpy(digits, header + 6 + (size_t)8 * index, 8);
    return (uint32_t)strtoul(digits, NULL, 16);
}

static void check_archive(void)
{
    static const char *const wanted = "dev 40755, proc 40755, sys 40755, tmp 40755, run 40755, "
                                      "root 40755, mnt 40755, dev/console 20600 5:1, "
                                      "dev/null 20600 1:3, init 100755, TRAILER!!! 0, ";
    struct root r = {0};
    char found[512] = "";
    size_t used = 0, at = 0;
    bool has_init = false;

    arena_init(&r.arena, 1 << 20);
    if (!tap_ok(arena_guard(&r.arena, make_root, &r, NULL) == ST_OK, "an archive is made"))
        return;
    while (at + 110 <= r.out.size && memcmp(r.out.data + at, "070701", 6) == 0) {
        const uint8_t *h = r.out.data + at;
        const char *name = (const char *)h + 110;
        uint32_t mode = field(h, 1), size = field(h, 6), name_size = field(h, 11);
        if (field(h, 9) + field(h, 10) != 0)
            used += (size_t)snprintf(found + used, sizeof(found) - used, "%s %o %u:%u, ", name,
                                     mode, field(h, 9), field(h, 10));
        else
            used += (size_t)snprintf(found + used, sizeof(found) - used, "%s %o, ", name, mode);
        size_t data = (at + 110 + name_size + 3) / 4 * 4;
        if (strcmp(name, "init") == 0)
            has_init = size == sizeof(executor_bytes) &&
                       memcmp(r.out.data + data, executor_bytes, size) == 0;
        at = (data + size + 3) / 4 * 4;
    }
    tap_ok(strcmp(found, wanted) == 0, "its entries: %s", found);
    tap_ok(has_init && at == r.out.size && at % 4 == 0, "init has its bytes; nothing is after the "
           "last entry");
    arena_free(&r.arena);
}

/* ---- the console ---- */

struct searches {
    unsigned count;
    size_t from, size;
    char line[64];
};

static bool note_search(void *ctx, struct str console, size_t from)
{
    struct searches *s = ctx;

    s->count++;
    s->from = from;
    s->size = console.size;
    return memmem(console.text + from, console.size - from, "BUG:", 4) != NULL;
}

static void add(struct console *c, const char *text)
{
    console_add(c, text, strlen(text));
}

static void check_console(void)
{
    struct console c;
    struct searches s = {0};
    char tail[64];

    if (!tap_ok(console_open(&c), "a console"))
        return;
    console_tail(&c, 3, tail, sizeof(tail));
    tap_ok(strcmp(tail, "it has printed nothing") == 0, "%s", tail);
    add(&c, "one\r\ntwo\nthr");
    tap_ok(!console_search(&c, false, note_search, &s) && s.count == 1 && s.size == 9,
           "whole lines are searched: %zu bytes", s.size);
    tap_ok(!console_search(&c, false, note_search, &s) && s.count == 1, "and only once");
    add(&c, "ee\x1b[0m\nfour\r\n\r\n");
    console_tail(&c, 2, tail, sizeof(tail));
    tap_ok(strcmp(tail, "three [0m | four") == 0, "the last lines: %s", tail);
    console_tail(&c, 9, tail, sizeof(tail));
    tap_ok(strcmp(tail, "one | two | three [0m | four") == 0, "all lines: %s", tail);
    console_tail(&c, 9, tail, 12);
    tap_ok(strlen(tail) < 12, "cut to size: %s", tail);
    for (unsigned i = 0; i < 100; i++)
        add(&c, "a line of thirty bytes or so \n");
    console_search(&c, false, note_search, &s);
    add(&c, "next\n");
    console_search(&c, false, note_search, &s);
    tap_ok(s.count == 3 && s.from > 2500 && (s.from + s.size) % 30 != 1,
           "a search begins a little before what is new: %zu of %zu", s.from, s.size);
    add(&c, "BUG: x");
    tap_ok(!console_search(&c, false, note_search, &s), "half a line is not searched");
    tap_ok(console_search(&c, true, note_search, &s), "but at the end it is");
    unsigned count = s.count;
    add(&c, "more\n");
    tap_ok(console_search(&c, false, note_search, &s) && s.count == count,
           "after a crash nothing is searched any more");
    console_close(&c);

    if (!console_open(&c))
        return;
    char line[4096];
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\n';
    for (unsigned i = 0; i < 1000; i++) {
        line[0] = (char)('a' + i % 26);
        console_add(&c, line, sizeof(line));
        console_search(&c, false, note_search, &s);
    }
    struct str all = console_text(&c);
    tap_ok(all.size == VM_CONSOLE_MAX && all.text[0] == 'a' + (1000 - 256) % 26 &&
               c.total == 1000 * sizeof(line) && c.scanned == c.size,
           "of 4 MB the last 1 MiB is kept: %zu", all.size);
    char *big = mem_alloc(3, VM_CONSOLE_MAX);
    memset(big, 'b', (size_t)3 * VM_CONSOLE_MAX);
    console_add(&c, big, (size_t)3 * VM_CONSOLE_MAX);
    all = console_text(&c);
    tap_ok(all.size == VM_CONSOLE_MAX && all.text[0] == 'b', "a piece of 3 MiB: %zu", all.size);
    mem_free(big);
    console_close(&c);
}

int main(void)
{
    check_replies();
    check_archive();
    check_console();
    return tap_done();
}
