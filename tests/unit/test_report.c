/* test_report: patterns, console lines, frames, titles, and reports cut at every byte.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "spear/kernel/console.h"
#include "spear/kernel/match.h"
#include "spear/kernel/oops.h"
#include "spear/kernel/report.h"
#include "spear/kernel/stack.h"

#include <string.h>

/* want: NULL no match, else the captures joined by "|". */
static const struct {
    const char *pattern, *text, *want;
} match_rows[] = {
    {"abc",             "xxabcxx",                   ""              },
    {"^abc",            "xabc",                      NULL            },
    {"^abc$",           "abc",                       ""              },
    {"abc$",            "abcabc",                    ""              },
    {"abc$",            "abcd",                      NULL            },
    {"",                "",                          ""              },
    {"a",               "",                          NULL            },
    {"%(%d%) s",        "for 143 s",                 "143"           },
    {"%(%x%)$",         "at 0xffff8",                "0xffff8"       },
    {"%(%x%)$",         "at fish",                   NULL            },
    {"a*b%(%d%)",       "a b b12",                   "12"            },
    {"a%(*%)c%(*%)e",   "abcde",                     "b|d"           },
    {"{Read|Write} of", "Write of",                  ""              },
    {"{Read|Write} of", "Wrote of",                  NULL            },
    {"no{t|} x",        "no x",                      ""              },
    {"{a|ab}c",         "abc",                       NULL            },
    {"in %F",           "in kfree+0x12/0x20",        "kfree"         },
    {"in %F",           "in kfree.isra.3+0x12/0x20", "kfree"         },
    {"in %F",           "Bad RIP in value.",         NULL            },
    {"%p",              "[<ffffffff81000000>]",      ""              },
    {"%p",              "[c0123456]",                ""              },
    {"%p",              "[<>]",                      NULL            },
    {"%p",              "[<(____ptrval____)>]",      ""              },
    {"%p",              "[<(____ptr",                NULL            },
    {"^%a%F",           "[<c0123456>] f+0x1/0x2",    "f"             },
    {"^%a%F",           "f+0x1/0x2",                 "f"             },
    {"at %S",           "at mm/slab-x.c:12 f",       "mm/slab-x.c:12"},
    {"at %S",           "at mm/slab:12",             NULL            },
    {"%%%*%{%^%$%|",    "%*{^$|",                    ""              },
    {"{open",           "open",                      NULL            },
    {"%q",              "q",                         NULL            },
    {"%",               "%",                         NULL            },
    {"^%_%n$",          "  a_1",                     ""              },
    {"%({T|C}%)%(%d%)", "T12",                       "T|12"          },
};

static bool match_is(const char *pattern, const char *text, const char *want)
{
    char got[256] = "";
    struct match m;

    if (!match_find(pattern, str_of(text), &m))
        return want == NULL;
    for (uint32_t i = 0, used = 0; i < m.count; i++)
        used += (uint32_t)snprintf(got + used, sizeof(got) - used, "%s%.*s", i == 0 ? "" : "|",
                                   (int)m.captures[i].size, m.captures[i].text);
    return want != NULL && strcmp(got, want) == 0;
}

static const struct {
    const char *raw, *text;
    enum console_speaker speaker;
    uint32_t id;
    bool is_doubtful, is_header;
} line_rows[] = {
    {"plain",                                   "plain",         CONSOLE_NONE,   0,   false, false},
    {"[    1.000000] hello",                    "hello",         CONSOLE_KERNEL, 0,   false, false},
    {"[1.000000]x",                             "[1.000000]x",   CONSOLE_NONE,   0,   false, false},
    {"<4>[   12.345678] hello\r",               "hello",         CONSOLE_KERNEL, 0,   false, false},
    {"[   12.345678][  T298] hello",            "hello",         CONSOLE_TASK,   298, false, false},
    {"[   12.345678][    C1] hello",            "hello",         CONSOLE_CPU,    1,   false, false},
    {"vm login: [   12.345678] hello",          "hello",         CONSOLE_KERNEL, 0,   false, false},
    {"** 7 printk messages dropped ** [1.0] a", "a",             CONSOLE_KERNEL, 0,   false, false},
    {"[ 1.0]  ? f+0x1/0x2",                     " f+0x1/0x2",    CONSOLE_KERNEL, 0,   true,  false},
    {"[ 1.0]  [<c0000000>] ? f+0x1/0x2",        " f+0x1/0x2",    CONSOLE_KERNEL, 0,   true,  false},
    {"[ 1.0] [c0] f+0x1 (unreliable)",          "[c0] f+0x1",    CONSOLE_KERNEL, 0,   true,  false},
    {"[ 1.0] what? now",                        "what? now",     CONSOLE_KERNEL, 0,   false, false},
    {"[ 1.0] BUG: KASAN: x",                    "BUG: KASAN: x", CONSOLE_KERNEL, 0,   false, true },
    {"[ 1.0] DEBUG: x",                         "DEBUG: x",      CONSOLE_KERNEL, 0,   false, false},
};

static const struct {
    const char *line, *function; /* NULL: no frame */
} frame_rows[] = {
    {" [<ffffffff82d4e304>] __memset+0x24/0x30",                          "__memset"    },
    {" vfs_read+0x9bd/0xbc0 fs/read_write.c:474",                         "vfs_read"    },
    {" __call_rcu.constprop.76+0x1f/0x280",                               "__call_rcu"  },
    {"[<8015df40>] (wake_up) from [<801559ec>] (set_task_cpu+0x4c/0xf8)", "set_task_cpu"},
    {"RIP: 0010:kfree+0xb2/0x250",                                        "kfree"       },
    {"RIP: 0033:0x4529d9",                                                NULL          },
    {"Modules linked in:",                                                NULL          },
    {" <TASK>",                                                           NULL          },
};

static const struct {
    const char *title, *want;
} title_rows[] = {
    {"WARNING in foo",                 "WARNING in foo"               },
    {"task syz-executor.3/1234 died",  "task syz-executor died"       },
    {"task syzkaller547737:4493 died", "task syzkaller died"          },
    {"bad at ffff88002bde1e40",        "bad at ADDR"                  },
    {"bad at 0xc0de",                  "bad at ADDR"                  },
    {"stuck for 22s! CPU#3",           "stuck for NUMs! CPU"          },
    {"kernel BUG at mm/slab.c:123!",   "kernel BUG at mm/slab.c:LINE!"},
    {"in kfree+0x12/0x20 at",          "in kfree at"                  },
    {"crc32 of ext4",                  "crc32 of ext4"                },
    {"torn \x01\xff title  ",          "torn  title"                  },
    {"",                               ""                             },
};

static const char whole[] =
    "[    1.000000][   T10] all is well\n"
    "[    2.000000][   T11] BUG: KASAN: use-after-free in kfree+0x12/0x20\n"
    "[    2.000000][   T12] somebody else\n"
    "[    2.000001][   T11] Read of size 8 at addr ffff8880 by task syz.3.20/99\n"
    "[    2.000002][   T11] CPU: 1 PID: 99 Comm: syz.3.20 Not tainted 6.1.0 #1\n"
    "[    2.000003][   T11] Call Trace:\n"
    "[    2.000004][   T11]  dump_stack+0x1/0x2\n"
    "[    2.000005][   T11]  ? other_thing+0x1/0x2\n"
    "[    2.000006][   T11]  toy_read+0x1/0x2\n"
    "[    2.000007][   T11]  vfs_read+0x1/0x2\n";

struct job {
    struct arena *arena;
    struct str console;
    struct report report;
};

static enum status parse(void *ctx, struct diag *dg)
{
    struct job *job = ctx;

    (void)dg;
    report_parse(job->arena, job->console, 0, &job->report);
    return ST_OK;
}

static bool is(struct str got, const char *want)
{
    return str_equal(got, str_of(want));
}

static void test_whole(struct arena *a)
{
    struct job job = {.arena = a, .console = STR(whole)};
    const struct report *r = &job.report;
    bool pass = arena_guard(a, parse, &job, NULL) == ST_OK;

    pass = pass && is(r->title, "KASAN: use-after-free Read in toy_read") && r->alt_count == 1 &&
           is(r->alts[0], "bad-access in toy_read") && is(r->function, "toy_read");
    tap_ok(pass, "whole report: %.*s", (int)r->title.size, r->title.text);
    tap_ok(r->corrupted == NULL && !r->is_suppressed, "it can be trusted");
    tap_ok(r->has_executor && r->executor_proc == 3 && r->executor_id == 20,
           "the program is named");
    tap_ok(!match_has(r->text, "somebody") && !match_has(r->text, "other_thing") &&
               !match_has(r->text, "T11"),
           "other contexts, doubtful frames and prefixes are gone");
    tap_ok(r->type != NULL && strcmp(r->type, "KASAN-USE-AFTER-FREE-READ") == 0, "its type");
}

/* A console that ends anywhere gives no report or one that is sound. */
static void test_cut(void)
{
    bool pass = true;

    for (size_t size = 0; size < sizeof(whole) && pass; size++) {
        struct arena a;
        arena_init(&a, REPORT_ARENA_BYTES);
        struct job job = {
            .arena = &a, .console = {whole, size}
        };
        struct report_spot spot = {0};
        pass = arena_guard(&a, parse, &job, NULL) == ST_OK;
        pass = pass && report_find(job.console, 0, &spot) == (job.report.title.size != 0);
        pass = pass && job.report.title.size <= REPORT_TITLE_MAX && job.report.end <= size;
        arena_free(&a);
        tap_ok(pass, "cut at %zu", size);
    }
}

static enum status clean_rows(void *ctx, struct diag *dg)
{
    (void)dg;
    for (uint32_t i = 0; i < LENGTH_OF(title_rows); i++) {
        struct str got = report_clean_title(ctx, str_of(title_rows[i].title));
        tap_ok(is(got, title_rows[i].want), "title \"%s\": %.*s", title_rows[i].want, (int)got.size,
               got.text);
    }
    return ST_OK;
}

/* Every rule of the tables can be read: it opens with a title, and says something. */
static void test_tables(void)
{
    bool has_says = true;

    for (uint32_t i = 0; i < oops_row_count; i++) {
        if (oops_rows[i].kind == OOPS_TITLE || oops_rows[i].kind == OOPS_HEADER) {
            tap_ok(has_says, "the rule before row %u, \"%s\", has a title", i, oops_rows[i].text);
            has_says = oops_rows[i].kind == OOPS_HEADER;
        }
        has_says = has_says || oops_rows[i].kind == OOPS_SAYS;
    }
    tap_ok(has_says && oops_rows[0].kind == OOPS_HEADER, "the first row is a header");
}

int main(void)
{
    static const char benign[] = "[ 1.0] INFO: lockdep is turned off.";
    struct arena a;

    tap_ok(console_header_of(str_of(benign)) == CONSOLE_NO_HEADER, "benign: %s", benign);
    for (uint32_t i = 0; i < LENGTH_OF(match_rows); i++)
        tap_ok(match_is(match_rows[i].pattern, match_rows[i].text, match_rows[i].want),
               "pattern %s in \"%s\"", match_rows[i].pattern, match_rows[i].text);
    for (uint32_t i = 0; i < LENGTH_OF(line_rows); i++) {
        struct console_line l = console_read(str_of(line_rows[i].raw), 0);
        bool pass = is(l.text, line_rows[i].text) && l.context.speaker == line_rows[i].speaker &&
                    l.context.id == line_rows[i].id && l.is_doubtful == line_rows[i].is_doubtful &&
                    (l.header != CONSOLE_NO_HEADER) == line_rows[i].is_header;
        tap_ok(pass, "line %s: \"%.*s\"", line_rows[i].text, (int)l.text.size, l.text.text);
    }
    for (uint32_t i = 0; i < LENGTH_OF(frame_rows); i++) {
        struct str function = {0};
        bool found = stack_frame(str_of(frame_rows[i].line), &function);
        bool pass = found ? frame_rows[i].function != NULL && is(function, frame_rows[i].function)
                          : frame_rows[i].function == NULL;
        tap_ok(pass, "frame %s", frame_rows[i].line);
    }
    tap_ok(match_find("", (struct str){0}, NULL) && !match_find("a", (struct str){0}, NULL),
           "text that is not there");
    arena_init(&a, REPORT_ARENA_BYTES);
    tap_ok(arena_guard(&a, clean_rows, &a, NULL) == ST_OK, "titles fit the arena");
    test_whole(&a);
    arena_free(&a);
    test_cut();
    test_tables();
    return tap_done();
}
