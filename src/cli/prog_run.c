/* prog_run: programs run in a machine: the end of each call, or, for test programs, whether it is
 * the one that their comments ask for. SPDX-License-Identifier: Apache-2.0 */
#include "cli/prog.h"

#include "base/mem.h"
#include "io/file.h"
#include "spear/kernel/prog_test.h"
#include "spear/kernel/report.h"
#include "spear/syz/expect.h"

#include <stdlib.h>
#include <string.h>

struct session {
    const struct prog_job *job;
    char work_dir[64];
    struct vm_pool *pool;
    struct prog_tester tester;
    uint32_t machines;
    json_t *list; /* NULL: tables */
    uint32_t counts[PROG_SKIPPED + 1];
};

static void log_line(void *ctx, const char *line)
{
    (void)ctx;
    fprintf(stderr, "%s\n", line);
}

/* Calls of the synthetic descriptions never enter a kernel: they may run right here. */
static bool runs_here(const struct prog_job *job)
{
    return job->target->arch->os == SYZ_TEST || job->options->own_machine;
}

static enum status open_pool(struct session *s, struct diag *dg)
{
    const struct prog_options *o = s->job->options;
    struct vm_options vm = {
        .type = runs_here(s->job) ? VM_LOCAL : VM_QEMU,
        .kernel = o->kernel != NULL ? o->kernel : getenv("MUJUN_KERNEL"),
        .executor = o->executor,
        .work_dir = s->work_dir,
        .slots = 1,
        .features_wanted = (UINT64_C(1) << WIRE_FEATURE_COUNT) - 1,
        .is_crash = report_is_there,
        .log = vm.type == VM_QEMU && !o->json ? log_line : NULL,
    };

    snprintf(s->work_dir, sizeof(s->work_dir), "/tmp/mujun-prog-XXXXXX");
    if (vm.type == VM_QEMU && vm.kernel == NULL)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "expected --kernel (or $MUJUN_KERNEL), for programs run in a machine of "
                         "their own; --i-own-this-machine runs them on this very system");
    if (mkdtemp(s->work_dir) == NULL) {
        s->work_dir[0] = '\0';
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "cannot make a folder in /tmp");
    }
    return vm_pool_open(&vm, &s->pool, dg);
}

/* A machine that is alive; another one after a crash. */
static enum status need_machine(struct session *s, struct diag *dg)
{
    struct vm *vm = s->tester.vm;

    if (vm != NULL && vm_is_alive(vm))
        return ST_OK;
    if (vm != NULL)
        vm_stop(vm);
    s->tester.vm = NULL;
    return vm_start(s->pool, s->machines++, &s->tester.vm, dg);
}

/* ---- tests ---- */

static void show_tested(struct session *s, const char *name, const struct prog_tested *t)
{
    static const char *const words[] = {"passed", "failed", "skipped"};

    s->counts[t->verdict]++;
    if (s->list != NULL)
        json_array_append_new(
            s->list, json_pack("{s:o, s:s, s:i, s:i, s:i, s:o}", "file", cli_json_text(name),
                               "verdict", words[t->verdict], "calls", (int)t->calls, "ways",
                               (int)t->ways, "line", (int)t->line, "why", cli_json_text(t->why)));
    else if (t->verdict == PROG_PASSED)
        printf("passed   %s: %u calls, %u ways\n", name, t->calls, t->ways);
    else if (t->line != 0)
        printf("%-8s %s:%u: %s\n", words[t->verdict], name, t->line, t->why);
    else
        printf("%-8s %s: %s\n", words[t->verdict], name, t->why);
    fflush(stdout); /* in a machine that is emulated a test takes seconds */
}

static enum status test_file(struct session *s, const char *name, struct diag *dg)
{
    struct cli_input in = {0};
    struct prog_tested tested;

    TRY(need_machine(s, dg));
    enum status st = cli_input_open(name, &in, dg);
    if (st == ST_OK) {
        prog_test(&s->tester, (struct str){(const char *)in.bytes, in.size}, &tested);
        show_tested(s, name, &tested);
    }
    cli_input_close(&in);
    return st;
}

/* ---- single programs ---- */

struct encoding {
    struct prog_file *file;
    struct buf stream;
};

static enum status encode(void *ctx, struct diag *dg)
{
    struct encoding *e = ctx;

    buf_init(&e->stream, &e->file->arena);
    TRY(syz_prog_encode(e->file->prog, &e->stream, dg));
    if (e->stream.size > WIRE_PAYLOAD_MAX || e->file->prog->count > WIRE_CALLS_MAX)
        return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                         "expected at most %d calls and %d bytes to send, found %u and %zu",
                         WIRE_CALLS_MAX, WIRE_PAYLOAD_MAX, e->file->prog->count, e->stream.size);
    return ST_OK;
}

static const char *end_of(const struct wire_call_reply *r, char *text, size_t size)
{
    const char *name = syz_errno_name(r->error);

    if ((r->flags & WIRE_CALL_EXECUTED) == 0)
        return "not run";
    if ((r->flags & WIRE_CALL_FINISHED) == 0)
        return "not finished";
    if (r->error == 0)
        return "ok";
    snprintf(text, size, "error %d", r->error);
    return name != NULL ? name : text;
}

static void show_run(struct session *s, const char *name, const struct syz_prog *p, enum vm_end end)
{
    const struct vm_result *r = s->tester.result;
    json_t *calls = s->list != NULL ? json_array() : NULL;
    bool has_result = end == VM_RAN && r->reply.status != WIRE_BROKEN;
    const char *verdict = end != VM_RAN                  ? vm_end_text(end)
                          : r->reply.status == WIRE_DONE ? "done"
                          : r->reply.status == WIRE_HUNG ? "killed, it took too long"
                                                         : "the executor refuses";
    char text[32];

    for (uint32_t i = 0; i < p->count && has_result && i < r->reply.call_count; i++) {
        const char *how = end_of(&r->calls[i], text, sizeof(text));
        if (calls != NULL)
            json_array_append_new(
                calls,
                json_pack("{s:o, s:s}", "call", cli_json_str(p->steps[i].call->name), "end", how));
        else
            printf("%4u  %-12s %.*s\n", i, how, (int)p->steps[i].call->name.size,
                   p->steps[i].call->name.text);
    }
    if (s->list != NULL)
        json_array_append_new(s->list, json_pack("{s:o, s:s, s:o}", "file", cli_json_text(name),
                                                 "end", verdict, "calls", calls));
    else if (has_result)
        printf("%s: %s, %.3f ms in %u run%s\n", name, verdict, (double)r->reply.elapsed_ns / 1e6,
               r->reply.runs, r->reply.runs == 1 ? "" : "s");
    else
        printf("%s: %s\n", name, verdict);
}

static enum status run_file(struct session *s, const char *name, struct diag *dg)
{
    const struct prog_options *o = s->job->options;
    struct prog_file file = {0};
    struct encoding e = {.file = &file};
    uint32_t flags = WIRE_RUN_FRESH | (o->unthreaded ? 0u : WIRE_RUN_THREADED);

    enum status st = prog_file_load(s->job, name, o->repair ? SYZ_REPAIR : SYZ_STRICT, &file, dg);
    if (st == ST_OK)
        st = arena_guard(&file.arena, encode, &e, dg);
    if (st == ST_OK)
        st = need_machine(s, dg);
    if (st == ST_OK) {
        struct str stream = {(const char *)e.stream.data, e.stream.size};
        enum vm_end end =
            prog_run(&s->tester, stream, flags, (uint32_t)MIN(MAX(o->repeat.value, 1), UINT32_MAX));
        s->counts[end == VM_RAN ? PROG_PASSED : PROG_FAILED]++;
        show_run(s, name, file.prog, end);
    }
    prog_file_free(&file);
    return st;
}

/* ---- */

static int run_all(struct session *s)
{
    bool tests = s->job->options->tests;
    int exit_code = 0;

    for (int i = 0; i < s->job->file_count; i++) {
        struct diag dg = {0};
        const char *name = s->job->files[i];
        enum status st = tests ? test_file(s, name, &dg) : run_file(s, name, &dg);
        if (st != ST_OK) {
            int code = cli_report(name, &dg);
            exit_code = exit_code == 0 ? code : exit_code;
        }
    }
    if (s->list != NULL)
        cli_json_print(s->list);
    else if (tests)
        printf("%u passed, %u failed, %u skipped\n", s->counts[PROG_PASSED], s->counts[PROG_FAILED],
               s->counts[PROG_SKIPPED]);
    return exit_code == 0 && s->counts[PROG_FAILED] != 0 ? CLI_EXIT_FAILED : exit_code;
}

int prog_run_files(const struct prog_job *job)
{
    struct session s = {.job = job};
    struct diag dg = {0};

    s.tester.target = job->target;
    s.tester.runs_manual = job->options->manual;
    s.tester.result = mem_alloc(1, sizeof(*s.tester.result));
    uint8_t *data = mem_alloc(WIRE_REPLY_MAX, 1);
    enum status st = s.tester.result != NULL && data != NULL
                         ? open_pool(&s, &dg)
                         : diag_fail(&dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no room for a reply");
    int exit_code = 0;
    if (st == ST_OK) {
        s.tester.result->data = data;
        s.list = job->options->json ? json_array() : NULL;
        exit_code = run_all(&s);
    } else {
        exit_code = cli_report("mujun prog run", &dg);
    }
    if (s.tester.vm != NULL)
        vm_stop(s.tester.vm);
    if (s.pool != NULL)
        vm_pool_close(s.pool);
    if (s.work_dir[0] != '\0')
        file_remove_all(s.work_dir);
    mem_free(data);
    mem_free(s.tester.result);
    return exit_code;
}
