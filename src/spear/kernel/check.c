/* check: what the first machine can do. Features come from the executor; calls are tried here, once
 * each, many to a program: ENOSYS switches off every variant of a call, a file that is not there
 * the calls that open it, a family that is not there its sockets. What remains unknown stays on.
 *
 * A call may end its process or its machine: what comes after it in the program is tried again,
 * and the batch that kills a machine is not tried in the next one: its calls stay on.
 * The answers are kept beside the corpus, under a digest of the kernel and the descriptions.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "io/digest.h"
#include "io/file.h"
#include "spear/kernel/target_int.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    BATCH_CALLS = 16,
    PROBE_VALUES_MAX = 8, /* names of files that are tried for one call */
    CACHE_BYTES_MAX = 4 << 20,
};

enum probe_kind { PROBE_NUMBER, PROBE_OPEN, PROBE_SOCKET };

struct probe {
    const struct syz_call *call;
    enum probe_kind kind;
    struct str path; /* OPEN: to be opened */
    bool is_done;
    int32_t error; /* of a probe that is done; 0 also when nothing is known */
};

struct check {
    struct kernel_target *k;
    struct kernel_machine *machine;
    struct arena arena; /* probes and programs */
    struct probe *probes;
    uint32_t count, capacity;
    struct syz_prog *prog; /* of the batch at hand */
    struct buf stream;
    char key[DIGEST_TEXT_BYTES];
};

/* ---- what to try ---- */

static bool begins_with(struct str s, const char *start)
{
    size_t size = strlen(start);
    return s.size >= size && memcmp(s.text, start, size) == 0;
}

/* The argument that points to a fixed path; NULL when the call opens no such thing. */
static const struct syz_type *path_of(const struct syz_call *call, uint32_t *at)
{
    if (!str_equal(call->base, STR("open")) && !str_equal(call->base, STR("openat")) &&
        !str_equal(call->base, STR("syz_open_dev")))
        return NULL;
    for (uint32_t i = 0; i < call->arg_count; i++) {
        const struct syz_type *t = call->args[i].type;
        if (t->kind != SYZ_PTR || t->ptr.to->kind != SYZ_BUFFER)
            continue;
        const struct syz_type *to = t->ptr.to;
        if (to->buffer.kind == SYZ_STRING && to->buffer.value_count != 0 &&
            begins_with(to->buffer.values[0], "/")) {
            *at = i;
            return to;
        }
    }
    return NULL;
}

static void add_probe(struct check *c, struct probe probe)
{
    ARENA_PUSH(&c->arena, c->probes, c->count, c->capacity, probe);
}

static void add_probes_of(struct check *c, const struct syz_call *call, bool *seen_numbers,
                          uint32_t numbers_max)
{
    uint32_t at = 0;
    const struct syz_type *path = path_of(call, &at);

    if (call->number >= 0 && call->number < (int64_t)numbers_max && !seen_numbers[call->number]) {
        seen_numbers[call->number] = true;
        add_probe(c, (struct probe){.call = call, .kind = PROBE_NUMBER});
    }
    for (uint32_t i = 0; path != NULL && i < MIN(path->buffer.value_count, PROBE_VALUES_MAX); i++)
        add_probe(c,
                  (struct probe){.call = call, .kind = PROBE_OPEN, .path = path->buffer.values[i]});
    if ((str_equal(call->base, STR("socket")) || str_equal(call->base, STR("socketpair"))) &&
        call->arg_count > 2 && call->args[0].type->kind == SYZ_CONST)
        add_probe(c, (struct probe){.call = call, .kind = PROBE_SOCKET});
}

enum { NUMBERS_MAX = 4096 };

static enum status list_probes(void *ctx, struct diag *dg)
{
    struct check *c = ctx;
    bool *seen = arena_new(&c->arena, bool, NUMBERS_MAX);

    (void)dg;
    for (uint32_t i = 0; i < c->k->syz->call_count; i++)
        if (c->k->enabled[i] && !c->k->untried[i])
            add_probes_of(c, &c->k->syz->calls[i], seen, NUMBERS_MAX);
    return ST_OK;
}

/* ---- trying ---- */

static struct syz_arg *path_arg(struct check *c, const struct probe *p, uint32_t at, uint32_t area)
{
    const struct syz_field *field = &p->call->args[at];
    struct arena *a = c->prog->arena;
    struct syz_arg *pointer = arena_new(a, struct syz_arg, 1);
    struct syz_arg *data = arena_new(a, struct syz_arg, 1);

    data->type = field->type->ptr.to;
    data->kind = SYZ_ARG_DATA;
    data->dir = SYZ_IN;
    data->data.bytes = arena_new(a, uint8_t, p->path.size + 1);
    memcpy(data->data.bytes, p->path.text, p->path.size);
    bool has_nul = p->path.size != 0 && p->path.text[p->path.size - 1] == '\0';
    data->data.size = p->path.size + (has_nul ? 0 : 1);
    pointer->type = field->type;
    pointer->kind = SYZ_ARG_POINTER;
    pointer->dir = SYZ_IN;
    pointer->pointer.to = data;
    pointer->pointer.address = (uint64_t)area * SYZ_PAGE_BYTES;
    return pointer;
}

/* An ordinary small call: every argument what it is when nobody has chosen, but for paths, and
 * for socket types, which have no such value. */
static void append_call(struct check *c, const struct probe *p)
{
    struct arena *a = c->prog->arena;
    const struct syz_call *call = p->call;
    struct syz_step step = {.call = call, .args = arena_new(a, struct syz_arg *, call->arg_count)};
    uint32_t path_at = 0;

    for (uint32_t i = 0; i < call->arg_count; i++) {
        const struct syz_field *f = &call->args[i];
        step.args[i] = syz_arg_default(a, f->type, f->has_dir ? f->dir : SYZ_IN);
        if (p->kind == PROBE_SOCKET && i == 1 && f->type->kind == SYZ_FLAGS &&
            f->type->flags->count != 0)
            step.args[i]->value = f->type->flags->values[0];
    }
    if (p->kind == PROBE_OPEN && path_of(call, &path_at) != NULL)
        step.args[path_at] = path_arg(c, p, path_at, c->prog->count);
    if (call->result != NULL)
        step.result = syz_arg_default(a, call->result, SYZ_OUT);
    syz_prog_insert(c->prog, c->prog->count, step);
    syz_step_assign_sizes(c->prog, &c->prog->steps[c->prog->count - 1]);
}

struct batch {
    struct check *c;
    uint32_t members[BATCH_CALLS];
    uint32_t count;
};

static enum status encode_batch(void *ctx, struct diag *dg)
{
    struct batch *b = ctx;
    struct check *c = b->c;

    c->prog = syz_prog_new(&c->arena, c->k->syz);
    for (uint32_t i = 0; i < b->count; i++)
        append_call(c, &c->probes[b->members[i]]);
    syz_prog_neutralise(c->prog);
    buf_init(&c->stream, &c->arena);
    return syz_prog_encode(c->prog, &c->stream, dg);
}

/* Notes the answers; false when the machine has died. */
static bool run_batch(struct batch *b, struct vm_result *result)
{
    struct check *c = b->c;
    struct kernel_slot *slot = &c->machine->slots[0];
    struct diag dg = {0};

    if (arena_guard(&c->arena, encode_batch, b, &dg) != ST_OK) {
        for (uint32_t i = 0; i < b->count; i++)
            c->probes[b->members[i]].is_done = true;
        return true;
    }
    struct vm_request request = {
        .kind = WIRE_PROGRAM,
        .flags = WIRE_RUN_THREADED | WIRE_RUN_FRESH | WIRE_RUN_QUIET,
        .id = atomic_fetch_add(&c->k->next_id, 1) + 1,
        .payload = c->stream.data,
        .payload_bytes = c->stream.size,
    };
    result->data = slot->data;
    enum vm_end end = vm_run(c->machine->vm, 0, &request, result);
    for (uint32_t i = 0; i < b->count; i++) {
        struct probe *p = &c->probes[b->members[i]];
        bool has_answer =
            end == VM_RAN && result->reply.status != WIRE_BROKEN && i < result->reply.call_count;
        bool was_run = has_answer && (result->calls[i].flags & WIRE_CALL_EXECUTED) != 0;
        /* The first is done whatever came of it, or this would never end. */
        p->is_done = was_run || i == 0 || end != VM_RAN;
        if (was_run && (result->calls[i].flags & WIRE_CALL_FINISHED) != 0)
            p->error = result->calls[i].error;
    }
    return end == VM_RAN;
}

static enum status try_all(struct check *c, struct diag *dg)
{
    struct vm_result *result = mem_alloc(1, sizeof(*result));

    if (result == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "a result");
    for (;;) {
        struct batch b = {.c = c};
        for (uint32_t i = 0; i < c->count && b.count < BATCH_CALLS; i++)
            if (!c->probes[i].is_done)
                b.members[b.count++] = i;
        if (b.count == 0)
            break;
        struct arena_mark mark = arena_mark(&c->arena);
        bool is_alive = run_batch(&b, result);
        arena_release(&c->arena, mark);
        for (uint32_t i = 0; i < b.count && !is_alive; i++)
            c->k->untried[c->probes[b.members[i]].call->id] = true;
        if (!is_alive) {
            const struct probe *first = &c->probes[b.members[0]];
            mem_free(result);
            return diag_fail(dg, ST_TRAP, DIAG_NO_OFFSET,
                             "the machine died while %.*s and the calls after it were tried: %s",
                             STR_ARG(first->call->name), vm_end_text(vm_why_dead(c->machine->vm)));
        }
    }
    mem_free(result);
    return ST_OK;
}

/* ---- what it means ---- */

static void switch_off(struct kernel_target *k, const struct syz_call *call, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
static void switch_off(struct kernel_target *k, const struct syz_call *call, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (k->why_off[call->id] == NULL)
        k->why_off[call->id] = arena_copy_text(&k->arena, text, strlen(text));
}

static void judge_number(struct check *c, const struct probe *p)
{
    for (uint32_t i = 0; p->error == ENOSYS && i < c->k->syz->call_count; i++)
        if (c->k->syz->calls[i].number == p->call->number)
            switch_off(c->k, &c->k->syz->calls[i], "%.*s: this kernel does not have it",
                       STR_ARG(p->call->base));
}

static bool is_absent(int32_t error)
{
    return error == ENOENT || error == ENODEV || error == ENXIO || error == ENOTDIR;
}

/* A call that opens one of several files is on when any of them is there. Returns the number of
 * its probes, which stand together. */
static uint32_t judge_open(struct check *c, uint32_t first)
{
    const struct probe *p = &c->probes[first];
    uint32_t count = 0;
    bool any = false;

    while (first + count < c->count && p[count].call == p->call && p[count].kind == PROBE_OPEN)
        any = !is_absent(p[count++].error) || any;
    if (!any)
        switch_off(c->k, p->call,
                   p->error == ENODEV || p->error == ENXIO ? "%.*s has no driver"
                                                           : "%.*s does not exist",
                   (int)strnlen(p->path.text, p->path.size), p->path.text);
    return count;
}

static void judge_socket(struct check *c, const struct probe *p)
{
    if (p->error == EAFNOSUPPORT)
        switch_off(c->k, p->call, "socket family %ju is not supported by this kernel",
                   (uintmax_t)p->call->args[0].type->constant.value);
    else if (p->error == EPROTONOSUPPORT || p->error == ESOCKTNOSUPPORT)
        switch_off(c->k, p->call, "this kind of socket is not supported by this kernel");
}

static enum status judge_all(void *ctx, struct diag *dg)
{
    struct check *c = ctx;

    (void)dg;
    for (uint32_t i = 0; i < c->count;) {
        if (c->probes[i].kind == PROBE_OPEN) {
            i += judge_open(c, i);
            continue;
        }
        if (c->probes[i].kind == PROBE_NUMBER)
            judge_number(c, &c->probes[i]);
        else
            judge_socket(c, &c->probes[i]);
        i++;
    }
    return ST_OK;
}

/* ---- the answers on disk: a line with the key, then NAME TAB REASON ---- */

static void cache_path(const struct check *c, char out[FILE_PATH_MAX])
{
    snprintf(out, FILE_PATH_MAX, "%s/machine-check", c->k->options.cache_dir);
}

static enum status make_key(struct check *c, struct diag *dg)
{
    const struct vm_options *vm = c->k->options.vm;
    struct digest d;

    digest_begin(&d);
    digest_add_text(&d, c->machine->info.kernel);
    if (vm->kernel != NULL)
        TRY(digest_add_file(&d, vm->kernel, dg));
    digest_add(&d, &vm->sandbox, sizeof(vm->sandbox));
    digest_add(&d, &c->machine->info.features, sizeof(c->machine->info.features));
    for (uint32_t i = 0; i < c->k->syz->call_count; i++)
        if (c->k->enabled[i])
            digest_add_text(&d, c->k->names[i]);
    digest_done(&d, c->key);
    return ST_OK;
}

static void cache_save(struct check *c)
{
    char path[FILE_PATH_MAX];
    struct diag dg = {0};
    struct buf b;

    buf_init(&b, &c->arena);
    buf_printf(&b, "%s\n", c->key);
    for (uint32_t i = 0; i < c->k->syz->call_count; i++)
        if (c->k->enabled[i] && c->k->why_off[i] != NULL)
            buf_printf(&b, "%s\t%s\n", c->k->names[i], c->k->why_off[i]);
    cache_path(c, path);
    if (file_write(path, b.data, b.size, &dg) != ST_OK)
        kernel_say(c->k, "the machine check is not kept: %s", dg.text);
}

static void cache_line(struct check *c, char *line)
{
    char *tab = strchr(line, '\t');
    const struct syz_call *call = NULL;

    if (tab == NULL)
        return;
    call = syz_call_find(c->k->syz, (struct str){line, (size_t)(tab - line)});
    if (call != NULL)
        switch_off(c->k, call, "%s", tab + 1);
}

static bool cache_load(struct check *c)
{
    char path[FILE_PATH_MAX];
    struct diag dg = {0};
    uint8_t *data = NULL;
    size_t size = 0;
    char *rest = NULL;

    cache_path(c, path);
    if (file_read(path, CACHE_BYTES_MAX, &data, &size, &dg) != ST_OK)
        return false;
    char *line = strtok_r((char *)data, "\n", &rest);
    bool is_ours = line != NULL && strcmp(line, c->key) == 0;
    while (is_ours && (line = strtok_r(NULL, "\n", &rest)) != NULL)
        cache_line(c, line);
    mem_free(data);
    return is_ours;
}

static enum status cache_load_guarded(void *ctx, struct diag *dg)
{
    struct check *c = ctx;

    (void)dg;
    c->k->check.is_cached = cache_load(c);
    return ST_OK;
}

static enum status cache_save_guarded(void *ctx, struct diag *dg)
{
    (void)dg;
    cache_save(ctx);
    return ST_OK;
}

/* ---- the table ---- */

/* "name: reason" of the executor's list. */
static struct str reason_of(const char *reasons, const char *name)
{
    size_t size = strlen(name);

    for (const char *line = reasons; *line != '\0';) {
        size_t end = strcspn(line, "\n");
        if (strncmp(line, name, size) == 0 && line[size] == ':') {
            size_t skip = size + 1 + strspn(line + size + 1, " ");
            return (struct str){line + skip, end > skip ? end - skip : 0};
        }
        line += end + (line[end] == '\n');
    }
    return (struct str){0};
}

static const struct {
    const char *name, *label;
} features[] = {
#define FEATURE(name, label, what) {#name, label},
#include "spear/wire/wire.def"
};

static struct check_row feature_row(struct kernel_target *k, const struct wire_machine *info,
                                    uint32_t feature)
{
    struct check_row row = {str_of(features[feature].label), STR("enabled")};

    if ((info->features >> feature & 1) != 0)
        return row;
    struct str reason = reason_of(info->reasons, features[feature].name);
    if (reason.size == 0)
        reason = STR("not there, and the executor does not say why");
    row.verdict = (struct str){arena_copy_text(&k->arena, reason.text, reason.size), reason.size};
    return row;
}

static void list_disabled(struct kernel_target *k)
{
    struct check_row *rows = arena_new(&k->arena, struct check_row, k->syz->call_count);
    uint32_t count = 0;

    for (uint32_t i = 0; i < k->syz->call_count; i++)
        if (k->why_off[i] != NULL)
            rows[count++] = (struct check_row){str_of(k->names[i]), str_of(k->why_off[i])};
    k->check.disabled = rows;
    k->check.disabled_count = count;
    k->check.parts_total = k->syz->call_count;
    k->check.parts_enabled = k->syz->call_count - count;
}

static enum status make_table(void *ctx, struct diag *dg)
{
    struct check *c = ctx;
    struct kernel_target *k = c->k;
    struct wire_machine info = c->machine->info;
    struct check_row *rows = arena_new(&k->arena, struct check_row, WIRE_FEATURE_COUNT + 1);
    struct buf calls;

    (void)dg;
    info.reasons[sizeof(info.reasons) - 1] = '\0';
    kernel_calls_settle(k);
    list_disabled(k);
    buf_init(&calls, &k->arena);
    buf_printf(&calls, "%u/%u", k->check.parts_enabled, k->check.parts_total);
    rows[0] = (struct check_row){
        STR("syscalls"), {(const char *)calls.data, calls.size}
    };
    for (uint32_t i = 0; i < WIRE_FEATURE_COUNT; i++)
        rows[i + 1] = feature_row(k, &info, i);
    k->check.rows = rows;
    k->check.row_count = WIRE_FEATURE_COUNT + 1;
    k->check.has_signal = (info.features >> WIRE_FEATURE_coverage & 1) != 0;
    k->check.has_comparisons = (info.features >> WIRE_FEATURE_comparisons & 1) != 0;
    k->check.has_faults = (info.features >> WIRE_FEATURE_fault & 1) != 0;
    k->check.has_leaks = (info.features >> WIRE_FEATURE_leak & 1) != 0;
    return ST_OK;
}

static enum status run_check(struct check *c, struct diag *dg)
{
    struct kernel_target *k = c->k;
    bool has_cache = k->options.cache_dir != NULL && make_key(c, dg) == ST_OK;

    if (has_cache)
        TRY(arena_guard(&k->arena, cache_load_guarded, c, dg));
    if (!k->check.is_cached) {
        TRY(arena_guard(&c->arena, list_probes, c, dg));
        TRY(try_all(c, dg));
        TRY(arena_guard(&k->arena, judge_all, c, dg));
        if (has_cache)
            TRY(arena_guard(&c->arena, cache_save_guarded, c, dg));
    }
    TRY(arena_guard(&k->arena, make_table, c, dg));
    if (k->check.parts_enabled == 0)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "no call is left that this machine can run; `mujun desc explain CALL` and "
                         "the list of disabled calls say why");
    return kernel_choice_build(k, NULL, 0, dg);
}

enum status kernel_check(void *self, void *machine, const struct machine_check **out,
                         struct diag *dg)
{
    struct check c = {.k = self, .machine = machine};

    arena_init(&c.arena, KERNEL_ARENA_BYTES);
    enum status st = run_check(&c, dg);
    arena_free(&c.arena);
    if (st == ST_OK)
        *out = &c.k->check;
    return st;
}
