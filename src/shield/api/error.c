/* error: why a call did not return MUJUN_OK, in one object: a refusal with its position, or the end
 * of a run with its trap, exception or exit code. SPDX-License-Identifier: Apache-2.0 */
#include "shield/api/api_int.h"

#include "base/mem.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_MAX = DIAG_TEXT_MAX + 80 };

struct mujun_error {
    struct diag dg; /* its status is set */
    struct rt_trap *trap;
    struct mujun_ref *exception;
    int exit_code; /* of ST_EXIT */
    char message[MESSAGE_MAX];
};

/* Handed out when there is no memory for an error; never changed, never freed. */
static const struct mujun_error no_memory_error = {
    .dg = {.status = ST_NO_MEMORY, .offset = DIAG_NO_OFFSET},
    .message = "out of memory",
};

/* The error that *err is to own, or NULL when nobody wants it. */
static struct mujun_error *error_new(struct mujun_error **err, enum status st,
                                     const struct diag *dg)
{
    if (err == NULL)
        return NULL;
    struct mujun_error *e = mem_alloc(1, sizeof(*e));
    if (e == NULL) {
        *err = (struct mujun_error *)(uintptr_t)&no_memory_error;
        return NULL;
    }
    e->dg.offset = DIAG_NO_OFFSET;
    if (dg != NULL && dg->status != ST_OK)
        e->dg = *dg;
    e->dg.status = st;
    const char *text = e->dg.text;
    snprintf(e->message, sizeof(e->message), "%s%s%s", status_text(st), text[0] == '\0' ? "" : ": ",
             text);
    *err = e;
    return e;
}

void mujun_error_free(struct mujun_error *err)
{
    if (err == NULL || err == &no_memory_error)
        return;
    rt_trap_free(err->trap);
    mujun_ref_free(err->exception);
    mem_free(err);
}

enum mujun_status api_fail(struct mujun_error **err, enum status st, const char *fmt, ...)
{
    struct diag dg = {.status = st, .offset = DIAG_NO_OFFSET};
    va_list args;

    va_start(args, fmt);
    vsnprintf(dg.text, sizeof(dg.text), fmt, args);
    va_end(args);
    error_new(err, st, &dg);
    return (enum mujun_status)st;
}

enum mujun_status api_refuse(struct mujun_error **err, enum status st, const struct diag *dg)
{
    error_new(err, st, dg);
    return (enum mujun_status)st;
}

/* Takes the pending exception; the handle is NULL when there is no memory for it. */
static struct mujun_ref *take_exception(struct mujun_store *s)
{
    struct mujun_ref *ref = NULL;
    enum status st = api_ref_new(s, s->rt->exception, &ref);

    s->rt->exception = RT_NULL;
    return st == ST_OK ? ref : NULL;
}

enum mujun_status api_ended(struct mujun_error **err, enum status st, struct mujun_store *store,
                            const struct diag *dg)
{
    struct rt_store *s = store->rt;
    bool from_dg = dg != NULL && dg->status != ST_OK;

    if (st == ST_OK)
        return api_ok(err);
    struct rt_trap *trap = st == ST_TRAP ? rt_store_take_trap(s) : NULL;
    struct mujun_ref *exception = st == ST_EXCEPTION ? take_exception(store) : NULL;
    bool is_diag = st == ST_LIMIT || st == ST_FUEL || st == ST_TIMEOUT || st == ST_NO_MEMORY;
    struct mujun_error *e = error_new(err, st, from_dg ? dg : is_diag ? &s->diag : NULL);

    if (e == NULL) {
        rt_trap_free(trap);
        mujun_ref_free(exception);
        return (enum mujun_status)st;
    }
    e->trap = trap;
    e->exception = exception;
    if (trap != NULL)
        snprintf(e->message, sizeof(e->message), "%s: %s", status_text(st), trap->message);
    if (st == ST_EXIT) {
        e->exit_code = s->exit_code;
        snprintf(e->message, sizeof(e->message), "%s: code %d", status_text(st), s->exit_code);
    }
    return (enum mujun_status)st;
}

enum status api_error_raise(struct rt_store *s, struct mujun_error *err)
{
    if (err == NULL)
        return rt_trap_raise(s, RT_TRAP_HOST, "host function passed on an error that is NULL");
    enum status st = err->dg.status;

    switch (st) {
    case ST_TRAP:
        rt_trap_free(rt_store_take_trap(s));
        s->trap = err->trap;
        err->trap = NULL;
        if (s->trap == NULL)
            st = rt_trap_raise(s, RT_TRAP_HOST, "%s", err->message);
        break;
    case ST_EXCEPTION:
        if (err->exception != NULL && err->exception->store->rt != s)
            st = rt_trap_raise(s, RT_TRAP_HOST, "an exception of another store");
        else if (err->exception == NULL)
            st = rt_trap_raise(s, RT_TRAP_HOST, "an exception was lost: out of memory");
        else
            s->exception = api_ref_raw(err->exception);
        break;
    case ST_EXIT: s->exit_code = err->exit_code; break;
    case ST_FUEL:
    case ST_TIMEOUT:
    case ST_LIMIT:
    case ST_NO_MEMORY: s->diag = err->dg; break;
    default: st = rt_trap_raise(s, RT_TRAP_HOST, "%s", err->message); break;
    }
    mujun_error_free(err);
    return st;
}

enum mujun_status mujun_error_status(const struct mujun_error *err)
{
    return (enum mujun_status)err->dg.status;
}

const char *mujun_error_message(const struct mujun_error *err)
{
    return err->message;
}

uint64_t mujun_error_offset(const struct mujun_error *err)
{
    return err->dg.line != 0 ? MUJUN_NO_OFFSET : err->dg.offset;
}

uint32_t mujun_error_line(const struct mujun_error *err)
{
    return err->dg.line;
}

uint32_t mujun_error_column(const struct mujun_error *err)
{
    return err->dg.column;
}

int mujun_error_exit_code(const struct mujun_error *err)
{
    return err->dg.status == ST_EXIT ? err->exit_code : status_exit_code(err->dg.status);
}

enum mujun_trap_code mujun_error_trap_code(const struct mujun_error *err)
{
    return err->trap == NULL ? MUJUN_TRAP_HOST : (enum mujun_trap_code)err->trap->code;
}

const struct rt_trap *api_error_trap(const struct mujun_error *err)
{
    return err->trap;
}

uint32_t mujun_error_frame_count(const struct mujun_error *err)
{
    return err->trap == NULL ? 0 : err->trap->frame_count;
}

uint32_t mujun_error_frames_left_out(const struct mujun_error *err)
{
    return err->trap == NULL ? 0 : err->trap->frames_left_out;
}

bool mujun_error_frame(const struct mujun_error *err, uint32_t index, struct mujun_frame *out)
{
    if (index >= mujun_error_frame_count(err))
        return false;
    const struct rt_frame *f = &err->trap->frames[index];
    struct str name = rt_module_func_name(f->module, f->func_index);
    *out = (struct mujun_frame){
        .name = {name.text, name.size},
          .func_index = f->func_index, .offset = f->offset
    };
    return true;
}

struct mujun_ref *mujun_error_exception(const struct mujun_error *err)
{
    return mujun_ref_clone(err->exception);
}

/* A text that is cut at size but knows how long it would be. */
struct text_out {
    char *out;
    size_t size, used;
};

static void PRINTF_LIKE(2, 3) text_add(struct text_out *t, const char *fmt, ...)
{
    va_list args;
    size_t at = MIN(t->used, t->size);

    va_start(args, fmt);
    int n = vsnprintf(t->size == 0 ? NULL : t->out + at, t->size - at, fmt, args);
    va_end(args);
    t->used += n < 0 ? 0 : (size_t)n;
}

static bool frame_equal(const struct rt_frame *a, const struct rt_frame *b)
{
    return a->module == b->module && a->func_index == b->func_index && a->offset == b->offset;
}

/* A line per frame; equal ones in a row, as a recursion makes them, share one. */
static void add_backtrace(struct text_out *t, const struct rt_trap *trap)
{
    uint32_t times;

    for (uint32_t i = 0; i < trap->frame_count; i += times) {
        const struct rt_frame *f = &trap->frames[i];
        struct str label = rt_module_func_label(f->module, f->func_index);

        for (times = 1; i + times < trap->frame_count && frame_equal(f, &f[times]);)
            times++;
        text_add(t, "\n  %" PRIu32 ": 0x%" PRIx32 " - ", i, f->offset);
        if (label.size == 0)
            text_add(t, "function %" PRIu32, f->func_index);
        else
            text_add(t, "%.*s", (int)MIN(label.size, 1000), label.text);
        if (times > 1)
            text_add(t, ", %" PRIu32 " times", times);
    }
    if (trap->frames_left_out != 0)
        text_add(t, "\n  and %" PRIu32 " more", trap->frames_left_out);
}

size_t mujun_error_format(const struct mujun_error *err, const char *name, char *out, size_t size)
{
    struct text_out t = {.out = out, .size = size};

    if (size > 0)
        out[0] = '\0';
    if (name != NULL)
        text_add(&t, "%s:", name);
    if (err->dg.line != 0)
        text_add(&t, "%" PRIu32 ":%" PRIu32 ":", err->dg.line, err->dg.column);
    else if (err->dg.offset != DIAG_NO_OFFSET)
        text_add(&t, "0x%" PRIx64 ":", err->dg.offset);
    text_add(&t, "%s%s", t.used == 0 ? "" : " ", err->message);
    if (err->trap != NULL)
        add_backtrace(&t, err->trap);
    return t.used;
}
