/* strace: see strace.h. The whole log becomes one long list of steps, in which each knows the steps
 * whose results it uses. Programs are then cut out of it, process by process, so that each holds
 * what it needs. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/strace.h"

#include "spear/syz/memory.h"
#include "spear/syz/strace_int.h"

#include <stdio.h>
#include <string.h>

enum { USES_MAX = 32, AREAS_MAX = 1024 };

struct trace_step {
    uint32_t pid;
    uint32_t *uses; /* steps, each earlier */
    uint32_t use_count;
};

/* Where the pages of the log stand in the data region. */
struct area {
    uint64_t from, bytes, address;
};

struct importer {
    struct arena *a;
    const struct syz_target *target;
    struct syz_prog *all; /* every step of the log */
    struct trace_step *steps;
    uint32_t step_count, step_capacity;
    struct trace_results results;
    struct map names; /* of files in the log to those in programs */
    uint32_t name_count;
    struct area areas[AREAS_MAX];
    uint32_t area_count;
    uint64_t next_page;            /* of the data region, from its end */
    const struct trace_call *call; /* being taken over */
    uint32_t uses[USES_MAX], use_count;
    struct strace_import *out;
};

/* ---- values ---- */

static struct fit fit_of(const struct importer *im)
{
    return (struct fit){&im->results, im->call->pid};
}

static bool is_number(const struct trace_value *v)
{
    return v != NULL && v->kind == TRACE_NUMBER;
}

static void note_use(struct importer *im, uint32_t step)
{
    for (uint32_t i = 0; i < im->use_count; i++)
        if (im->uses[i] == step)
            return;
    if (im->use_count < USES_MAX)
        im->uses[im->use_count++] = step;
}

static void note_result(struct importer *im, uint64_t value, struct syz_arg *arg)
{
    struct trace_result r = {value, arg, im->call->pid, im->step_count};

    ARENA_PUSH(im->a, im->results.items, im->results.count, im->results.capacity, r);
}

static void set_resource(struct importer *im, const struct trace_value *v, struct syz_arg *arg)
{
    const struct syz_resource *r = arg->type->resource;

    if (!is_number(v))
        return;
    if (arg->dir != SYZ_IN) {
        if (im->call->has_succeeded)
            note_result(im, v->number, arg);
        if (arg->dir == SYZ_OUT)
            return;
    }
    const struct trace_result *found = trace_find(&im->results, im->call->pid, v->number, r);
    if (found != NULL && found->step != im->step_count && im->use_count < USES_MAX) {
        arg->result.from = found->arg;
        note_use(im, found->step);
        return;
    }
    for (uint32_t i = 0; i < r->value_count; i++)
        if ((uint32_t)r->values[i] == (uint32_t)v->number)
            arg->result.value = r->values[i];
}

static void set_number(const struct trace_value *v, struct syz_arg *arg)
{
    uint32_t bits =
        arg->type->scalar.bits != 0 ? arg->type->scalar.bits : 8u * arg->type->scalar.base_bytes;

    if (!is_number(v) || arg->dir == SYZ_OUT)
        return;
    if (arg->type->kind == SYZ_INT || arg->type->kind == SYZ_FLAGS)
        arg->value = bits >= 64 ? v->number : v->number & ((UINT64_C(1) << bits) - 1);
}

/* The same pages of the log are the same pages of the data region. */
static void set_area(struct importer *im, const struct trace_value *v, struct syz_arg *arg,
                     uint64_t bytes)
{
    const uint64_t usual = 4 * SYZ_PAGE_BYTES, most = 256 * SYZ_PAGE_BYTES;
    uint64_t from = is_number(v) ? v->number : 0;

    bytes = MIN(MAX(bytes, UINT64_C(1)), most); /* before rounding: it may be any number */
    bytes = (bytes + SYZ_PAGE_BYTES - 1) / SYZ_PAGE_BYTES * SYZ_PAGE_BYTES;
    arg->pointer.is_special = false;
    arg->pointer.vma_bytes = bytes;
    for (uint32_t i = im->area_count; i-- > 0 && from != 0;)
        if (from - im->areas[i].from < im->areas[i].bytes) {
            uint64_t inside = (from - im->areas[i].from) / SYZ_PAGE_BYTES * SYZ_PAGE_BYTES;
            arg->pointer.address = im->areas[i].address + inside;
            if (arg->pointer.address + bytes > SYZ_DATA_BYTES)
                arg->pointer.vma_bytes = SYZ_DATA_BYTES - arg->pointer.address;
            return;
        }
    uint64_t room = MAX(bytes, usual);
    if (im->next_page < room + SYZ_DATA_BYTES / 2)
        im->next_page = SYZ_DATA_BYTES;
    im->next_page -= room;
    arg->pointer.address = im->next_page;
    if (from == 0 && im->call->has_succeeded)
        from = im->call->result; /* mmap tells where it is */
    if (from != 0 && im->area_count < AREAS_MAX)
        im->areas[im->area_count++] = (struct area){from, bytes, arg->pointer.address};
}

/* ---- bytes ---- */

/* Absolute names, and those that lead out, become names below the working folder. */
static struct str local_name(struct importer *im, struct str name)
{
    bool leads_out =
        name.size == 0 || name.text[0] == '/' || memmem(name.text, name.size, "..", 2) != NULL;
    struct str *known = map_get(&im->names, name);
    char text[32];

    if (!leads_out)
        return name;
    if (known != NULL)
        return *known;
    known = arena_new(im->a, struct str, 1);
    int size = snprintf(text, sizeof(text), "./file%u", im->name_count++);
    *known = (struct str){arena_copy_text(im->a, text, (size_t)size), (size_t)size};
    map_put(&im->names, name, known);
    return *known;
}

static void set_bytes(struct importer *im, const struct trace_value *v, struct syz_arg *arg)
{
    const struct syz_type *t = arg->type;
    bool is_fixed = t->buffer.max != 0 && t->buffer.min == t->buffer.max;

    if (v == NULL || v->kind != TRACE_TEXT || t->buffer.kind == SYZ_IMAGE)
        return;
    struct str text = t->buffer.kind == SYZ_FILENAME ? local_name(im, v->text) : v->text;
    uint64_t size = text.size + t->buffer.has_zero;
    if (t->buffer.max != 0)
        size = MIN(MAX(size, t->buffer.min), t->buffer.max);
    size = is_fixed ? t->buffer.max : MIN(size, (uint64_t)SYZ_BLOB_BYTES_MAX);
    arg->data.size = size;
    if (arg->dir == SYZ_OUT)
        return;
    arg->data.bytes = arena_new(im->a, uint8_t, size);
    if (text.size != 0)
        memcpy(arg->data.bytes, text.text, MIN((uint64_t)text.size, size));
    if (t->buffer.has_zero && size != 0)
        arg->data.bytes[size - 1] = 0;
}

/* ---- arguments ---- */

static struct syz_arg *build(struct importer *im, const struct trace_value *v,
                             const struct syz_type *t, enum syz_dir dir, uint32_t nest);

static void build_array(struct importer *im, const struct trace_value *v, struct syz_arg *arg,
                        uint32_t nest)
{
    const struct syz_type *t = arg->type;
    uint64_t count = MIN(v->count, (uint32_t)STRACE_LIST_MAX);

    if (t->array.has_range)
        count = MIN(MAX(count, t->array.min), t->array.max);
    arg->group.items = arena_new(im->a, struct syz_arg *, count);
    arg->group.count = (uint32_t)count;
    for (uint32_t i = 0; i < count; i++)
        arg->group.items[i] =
            build(im, i < v->count ? v->items[i] : NULL, t->array.of, arg->dir, nest);
}

static void build_pointer(struct importer *im, const struct trace_value *v, struct syz_arg *arg,
                          uint32_t nest)
{
    if (is_number(v) && v->number == 0) {
        *arg = (struct syz_arg){.type = arg->type, .kind = arg->kind, .dir = arg->dir};
        arg->pointer.is_special = true;
        return;
    }
    arg->pointer.to =
        build(im, fit_pointee(v, arg->type->ptr.to), arg->type->ptr.to, arg->type->ptr.dir, nest);
    arg->pointer.is_special = false;
}

static struct syz_arg *build(struct importer *im, const struct trace_value *v,
                             const struct syz_type *t, enum syz_dir dir, uint32_t nest)
{
    enum { NEST_MAX = 24 };
    struct syz_arg *arg = syz_arg_default(im->a, t, dir);
    struct fit fit = fit_of(im);

    if (v == NULL || nest >= NEST_MAX)
        return arg;
    switch (t->kind) {
    case SYZ_RESOURCE: set_resource(im, v, arg); break;
    case SYZ_VMA:
        if (nest != 0)
            set_area(im, v, arg, 0); /* of a call: by apply_length() */
        break;
    case SYZ_PTR: build_pointer(im, v, arg, nest + 1); break;
    case SYZ_BUFFER: set_bytes(im, v, arg); break;
    case SYZ_ARRAY:
        if (v->kind == TRACE_LIST)
            build_array(im, v, arg, nest + 1);
        break;
    case SYZ_STRUCT:
        for (uint32_t i = 0; i < t->group.count && v->kind == TRACE_LIST; i++)
            arg->group.items[i] = build(im, fit_field(v, t, i), t->group.fields[i].type,
                                        field_dir(t, i, dir), nest + 1);
        break;
    case SYZ_UNION: {
        uint32_t option = is_hidden_union(t) ? 0 : fit_option(&fit, v, t, dir);
        arg->choice.option = option;
        arg->choice.value =
            build(im, v, t->group.fields[option].type, field_dir(t, option, dir), nest + 1);
        break;
    }
    default: set_number(v, arg); break;
    }
    return arg;
}

/* The argument that says how long another one is; NULL when none does. */
static const struct trace_value *length_of(const struct syz_call *call,
                                           const struct trace_call *seen, uint32_t arg)
{
    for (uint32_t i = 0; i < call->arg_count && i < seen->args->count; i++) {
        const struct syz_type *t = call->args[i].type;
        if (t->kind == SYZ_LEN && t->len.path.count == 1 && is_number(seen->args->items[i]) &&
            str_equal(t->len.path.parts[0], call->args[arg].name))
            return seen->args->items[i];
    }
    return NULL;
}

/* What the log does not show in full has the size that the call was told. */
static void apply_length(struct importer *im, const struct trace_value *v,
                         const struct trace_value *length, struct syz_arg *arg)
{
    if (arg->type->kind == SYZ_VMA)
        set_area(im, v, arg, length != NULL ? length->number : 0);
    if (length == NULL)
        return;
    struct syz_arg *to = arg->type->kind == SYZ_PTR ? arg->pointer.to : NULL;
    if (to == NULL || to->type->kind != SYZ_BUFFER || to->type->buffer.kind != SYZ_BLOB ||
        to->type->buffer.max != 0)
        return;
    bool is_cut = v == NULL || v->kind != TRACE_TEXT || v->is_cut;
    uint64_t size = MIN(length->number, (uint64_t)STRACE_DATA_BYTES_MAX);
    if (to->dir == SYZ_OUT) {
        to->data.size = size;
    } else if (is_cut && size > to->data.size) {
        uint8_t *bytes = arena_new(im->a, uint8_t, size);
        if (to->data.size != 0)
            memcpy(bytes, to->data.bytes, to->data.size);
        to->data.bytes = bytes;
        to->data.size = size;
    }
}

static void take_call(struct importer *im, const struct trace_call *seen)
{
    struct fit fit = {&im->results, seen->pid};
    const struct syz_call *call = fit_call(&fit, im->target, seen);

    if (call == NULL) {
        im->out->unknown++;
        return;
    }
    struct syz_step step = {.call = call,
                            .args = arena_new(im->a, struct syz_arg *, call->arg_count)};
    im->call = seen;
    im->use_count = 0;
    for (uint32_t i = 0; i < call->arg_count; i++) {
        const struct trace_value *v = i < seen->args->count ? seen->args->items[i] : NULL;
        step.args[i] = build(im, v, call->args[i].type, SYZ_IN, 0);
        apply_length(im, v, length_of(call, seen, i), step.args[i]);
    }
    if (call->result != NULL) {
        step.result = syz_arg_default(im->a, call->result, SYZ_OUT);
        if (seen->has_succeeded)
            note_result(im, seen->result, step.result);
    }
    struct trace_step ts = {seen->pid, arena_new(im->a, uint32_t, im->use_count), im->use_count};
    if (im->use_count != 0)
        memcpy(ts.uses, im->uses, im->use_count * sizeof(*ts.uses));
    ARENA_PUSH(im->a, im->steps, im->step_count, im->step_capacity, ts);
    ARENA_PUSH(im->a, im->all->steps, im->all->count, im->all->capacity, step);
}

/* Calls that end the process, or make or become another one. */
static bool is_left_out(struct str name)
{
    static const char *const names[] = {"exit",         "exit_group",     "execve", "execveat",
                                        "fork",         "vfork",          "clone",  "clone3",
                                        "rt_sigreturn", "restart_syscall"};

    for (uint32_t i = 0; i < LENGTH_OF(names); i++)
        if (str_equal(name, str_of(names[i])))
            return true;
    return false;
}

/* ---- cutting programs out ---- */

/* Marks the step and what it needs, unless the program would be too long. */
struct cut {
    uint32_t steps[SYZ_CALLS_USUAL]; /* ascending */
    uint32_t count;
};

static bool add_step(const struct importer *im, struct cut *cut, uint32_t step)
{
    uint32_t at = 0;

    while (at < cut->count && cut->steps[at] < step)
        at++;
    if (at < cut->count && cut->steps[at] == step)
        return true;
    if (cut->count == SYZ_CALLS_USUAL)
        return false;
    memmove(cut->steps + at + 1, cut->steps + at, (cut->count - at) * sizeof(*cut->steps));
    cut->steps[at] = step;
    cut->count++;
    for (uint32_t i = 0; i < im->steps[step].use_count; i++)
        if (!add_step(im, cut, im->steps[step].uses[i]))
            return false;
    return true;
}

static bool place_pointer(void *ctx, const struct syz_visit *v)
{
    struct syz_memory *memory = ctx;
    struct syz_arg *arg = v->arg;

    if (arg->kind == SYZ_ARG_POINTER && arg->pointer.to != NULL)
        arg->pointer.address =
            syz_memory_take(memory, syz_arg_bytes(arg->pointer.to), arg->type->ptr.to->align);
    return true;
}

static void finish(struct importer *im, const struct cut *cut)
{
    struct syz_step steps[SYZ_CALLS_USUAL];
    struct syz_prog part = {im->target, im->a, steps, cut->count, cut->count};
    struct syz_memory *memory = arena_new(im->a, struct syz_memory, 1);

    if (cut->count == 0)
        return;
    for (uint32_t i = 0; i < cut->count; i++)
        steps[i] = im->all->steps[cut->steps[i]];
    struct syz_prog *p = syz_prog_clone(im->a, &part);
    for (uint32_t i = 0; i < p->count; i++) {
        step_each(&p->steps[i], place_pointer, memory);
        syz_step_patch_conditions(p, &p->steps[i], NULL);
        syz_step_assign_sizes(p, &p->steps[i]);
    }
    syz_prog_neutralise(p);
    ARENA_PUSH(im->a, im->out->progs, im->out->count, im->out->capacity, p);
}

static void cut_process(struct importer *im, uint32_t pid)
{
    struct cut cut = {.count = 0};

    for (uint32_t i = 0; i < im->step_count; i++) {
        struct cut longer = cut;
        if (im->steps[i].pid != pid)
            continue;
        if (!add_step(im, &longer, i)) {
            finish(im, &cut);
            longer.count = 0;
            if (!add_step(im, &longer, i)) /* it needs too much by itself: without some of that */
                continue;
        }
        cut = longer;
    }
    finish(im, &cut);
}

static void cut_programs(struct importer *im)
{
    uint32_t pids[STRACE_PIDS_MAX], count = 0;

    for (uint32_t i = 0; i < im->step_count; i++) {
        uint32_t k = 0;
        while (k < count && pids[k] != im->steps[i].pid)
            k++;
        if (k == count && count < STRACE_PIDS_MAX)
            pids[count++] = im->steps[i].pid;
    }
    for (uint32_t i = 0; i < count; i++)
        cut_process(im, pids[i]);
}

enum status syz_strace_import(struct arena *a, const struct syz_target *t, const struct map *consts,
                              struct str log, struct strace_import *out, struct diag *dg)
{
    struct importer *im = arena_new(a, struct importer, 1);
    struct trace_reader reader;
    struct trace_call call;

    *out = (struct strace_import){0};
    *im = (struct importer){.a = a, .target = t, .next_page = SYZ_DATA_BYTES, .out = out};
    im->all = syz_prog_new(a, t);
    map_init(&im->names, a);
    trace_open(&reader, a, consts, log);
    while (trace_next(&reader, &call)) {
        if (out->calls++ == STRACE_CALLS_MAX)
            return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                             "expected at most %d calls in a log, found more", STRACE_CALLS_MAX);
        if (is_left_out(call.name))
            out->left_out++;
        else
            take_call(im, &call);
    }
    out->unreadable = reader.unreadable;
    out->taken = im->step_count;
    if (out->calls == 0)
        return diag_fail(dg, ST_MALFORMED, DIAG_NO_OFFSET,
                         "expected lines as `strace -f` writes them, name(...) = result; found "
                         "none");
    cut_programs(im);
    return ST_OK;
}
