/* run: the tier: a store's stacks, entering and leaving guest code, host calls, trap backtraces, GC
 * roots. The host's stack does not grow with the guest's.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/handler.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>

/* ---- the state of a store ---- */

static void *map_stack(uint64_t bytes)
{
    void *at = mem_fault_step() ? MAP_FAILED
                                : mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? NULL : at;
}

static void store_free(struct rt_store *store)
{
    struct interp_cx *cx = store->tier_state;

    if (cx == NULL)
        return;
    if (cx->stack != NULL)
        munmap(cx->stack, cx->stack_bytes);
    if (cx->frames != NULL)
        munmap(cx->frames, cx->frames_bytes);
    mem_free(cx);
    store->tier_state = NULL;
}

static enum status refuse_stack(const struct rt_store *store, struct diag *dg)
{
    return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET,
                     "the host refused %ju bytes for a guest stack",
                     (uintmax_t)store->limits.stack_bytes);
}

/* When the first function is interpreted: a store whose code is compiled never needs them. */
static enum status map_stacks(struct interp_cx *cx)
{
    const uint64_t calls = MIN(cx->store->limits.call_depth, (uint64_t)UINT32_MAX);

    if (LIKELY(cx->frames != NULL))
        return ST_OK;
    cx->stack_bytes = MAX(cx->store->limits.stack_bytes, 4096u);
    cx->frames_bytes = (calls + 2) * sizeof(struct interp_frame);
    if (cx->stack == NULL)
        cx->stack = map_stack(cx->stack_bytes);
    if (cx->stack != NULL)
        cx->frames = map_stack(cx->frames_bytes);
    if (cx->frames == NULL)
        return refuse_stack(cx->store, &cx->store->diag);
    cx->sp = cx->stack;
    cx->stack_end = cx->stack + cx->stack_bytes;
    cx->frame = cx->frames; /* the zeroth is never used */
    cx->frame_end = cx->frames + calls;
    return ST_OK;
}

static enum status store_init(struct rt_store *store, struct diag *dg)
{
    struct interp_cx *cx = mem_alloc(1, sizeof(*cx));

    if (cx == NULL)
        return refuse_stack(store, dg);
    store->tier_state = cx;
    cx->store = store;
    cx->interrupted = &store->interrupted;
    memcpy(cx->exit_code, &interp_handlers[IOP_EXIT], sizeof(interp_handler *));
    memcpy(cx->bridge_code, &interp_handlers[IOP_BRIDGE], sizeof(interp_handler *));
    return ST_OK;
}

void interp_enter_instance(struct interp_cx *cx, struct rt_instance *instance)
{
    cx->instance = instance;
    cx->code = interp_code_table(instance->module, cx->is_metered);
    cx->globals = instance->cells;
    cx->memory = instance->module->wm.memory_count != 0 ? instance->memories[0] : NULL;
}

/* ---- values in arrays and in slots ---- */

static bool is_v128(struct wm_valtype t)
{
    return wm_kind(t) == WM_KIND_V128;
}

uint32_t interp_types_bytes(const struct wm_valtype *types, uint32_t count)
{
    uint32_t bytes = 0;

    for (uint32_t i = 0; i < count; i++)
        bytes += is_v128(types[i]) ? 16 : 8;
    return bytes;
}

static void values_to_slots(uint8_t *at, const union rt_value *values,
                            const struct wm_valtype *types, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bytes = is_v128(types[i]) ? 16 : 8;
        memcpy(at, &values[i], bytes);
        at += bytes;
    }
}

static void slots_to_values(union rt_value *values, const uint8_t *at,
                            const struct wm_valtype *types, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bytes = is_v128(types[i]) ? 16 : 8;
        enum wm_kind kind = wm_kind(types[i]);
        values[i] = (union rt_value){
            .u64 = {0, 0}
        };
        memcpy(&values[i], at, kind == WM_KIND_I32 || kind == WM_KIND_F32 ? 4 : bytes);
        at += bytes;
    }
}

/* ---- host calls ---- */

enum status interp_host_call(struct interp_cx *cx, const uint32_t *pc, uint8_t *fp, uint8_t *at)
{
    struct rt_func *f = cx->callee;
    const struct rt_type *type = rt_registry_type(cx->store->engine->types, f->type_id);
    size_t slots = MAX(interp_types_bytes(type->params, type->param_count),
                       interp_types_bytes(type->results, type->result_count));
    size_t arrays = ((size_t)type->param_count + type->result_count) * sizeof(union rt_value);

    slots += 16; /* to align the arrays */
    if ((size_t)(cx->stack_end - at) < slots + arrays)
        return interp_raise(cx, pc, fp, RT_TRAP_STACK_EXHAUSTED);
    uint8_t *base = at + slots - ((uintptr_t)(at + slots) & 15);
    union rt_value *args = (union rt_value *)(void *)base;
    union rt_value *results = args + type->param_count;
    slots_to_values(args, at, type->params, type->param_count);

    uint8_t *outer_sp = cx->sp;
    struct rt_func *callee = cx->callee;
    uint32_t words = cx->callee_words;
    cx->sp = (uint8_t *)(results + type->result_count);
    cx->pc = pc;
    cx->fp = fp;
    enum status st = f->instance == NULL
                         ? rt_call_host(cx->store, cx->instance, f, args, results)
                         : cx->store->engine->config.tier->call(cx->store, f, args, results);
    cx->sp = outer_sp;
    cx->callee = callee;
    cx->callee_words = words;
    if (st == ST_OK)
        values_to_slots(at, results, type->results, type->result_count);
    return st;
}

/* ---- traps ---- */

enum status interp_raise(struct interp_cx *cx, const uint32_t *pc, uint8_t *fp,
                         enum rt_trap_code code)
{
    cx->pc = pc;
    cx->fp = fp;
    return rt_trap_raise(cx->store, code, NULL);
}

/* Adds the frames of this run, innermost first. */
static void add_backtrace(struct interp_cx *cx, const struct interp_frame *entry)
{
    struct rt_trap *trap = cx->store->trap;
    const uint32_t *pc = cx->pc;
    uint32_t back = 0; /* in callers pc is behind the call */

    for (const struct interp_frame *f = cx->frame; f >= entry; f--) {
        if (f->code != NULL) {
            bool is_shown = trap->frame_count < RT_TRAP_FRAMES_MAX; /* finding it takes time */
            rt_trap_add_frame(trap, f->code->module, f->code->func_index,
                              is_shown ? interp_map_find(f->code, pc - back) : 0);
        }
        pc = f->return_pc;
        back = 1;
    }
}

/* ---- entering guest code ---- */

static enum status dispatch(struct interp_cx *cx)
{
    const uint32_t *pc = cx->pc;
    interp_handler *handler;
    uint8_t *mem = cx->memory != NULL ? cx->memory->base : NULL;
    uint64_t size = cx->memory == NULL
                        ? 0
                        : atomic_load_explicit(&cx->memory->size_bytes, memory_order_acquire);

    memcpy(&handler, pc, sizeof(handler));
    enum status st = handler(pc, cx->fp, mem, size, cx);
#ifdef INTERP_LOOP
    while (st == ST_COUNT) {
        memcpy(&handler, cx->pc, sizeof(handler));
        st = handler(cx->pc, cx->fp, cx->mem, cx->mem_size, cx);
    }
#endif
    return st;
}

static enum status enter(struct interp_cx *cx, struct rt_func *fn, const union rt_value *args,
                         union rt_value *results)
{
    struct rt_module *m = fn->instance->module;
    const struct interp_code *code = NULL;

    TRY(map_stacks(cx));
    uint8_t *at = cx->sp, *outer_sp = cx->sp;
    if (cx->frame == cx->frames) /* nested runs go on as the outermost: frames hold its code */
        cx->is_metered = cx->store->fuel_on;
    TRY(interp_code_get(m, fn->index - m->wm.func_imports, cx->is_metered, &code,
                        &cx->store->diag));
    if ((size_t)(cx->stack_end - at) < code->frame_bytes || cx->frame == cx->frame_end)
        return rt_trap_raise(cx->store, RT_TRAP_STACK_EXHAUSTED, NULL);
    struct interp_frame *entry = ++cx->frame;
    *entry = (struct interp_frame){cx->exit_code, cx->fp, code, cx->instance};
    interp_enter_instance(cx, fn->instance);
    values_to_slots(at, args, code->type->params, code->type->param_count);
    memset(at + code->param_bytes, 0, code->zero_end - code->param_bytes);
    cx->pc = code->code;
    cx->fp = at;

    enum status st = dispatch(cx);
    while (st == ST_EXCEPTION) {
        st = interp_unwind(cx, entry);
        if (st == ST_OK)
            st = dispatch(cx);
        else
            break;
    }
    if (st == ST_OK)
        slots_to_values(results, at, code->type->results, code->type->result_count);
    if (st == ST_TRAP && cx->store->trap != NULL)
        add_backtrace(cx, entry);
    cx->frame = entry - 1;
    cx->fp = entry->fp;
    cx->sp = outer_sp;
    if (entry->instance != NULL)
        interp_enter_instance(cx, entry->instance);
    else
        cx->instance = NULL;
    return st;
}

static enum status call(struct rt_store *store, struct rt_func *fn, const union rt_value *args,
                        union rt_value *results)
{
    struct interp_cx *cx = store->tier_state;
    const uint32_t *outer_pc = cx->pc;

    assert(fn->instance != NULL && "host functions are the runtime's");
    enum status st = enter(cx, fn, args, results);
    cx->pc = outer_pc;
    return st;
}

/* ---- the rest of the tier ---- */

/* Visits the references of one frame: the locals that hold some, the reference temporaries. */
static void frame_roots(const struct interp_code *code, uint8_t *fp,
                        void (*visit)(void *ctx, uint64_t *ref), void *ctx)
{
    for (uint32_t i = 0; i < code->ref_local_count; i++)
        visit(ctx, (uint64_t *)(void *)(fp + code->ref_locals[i]));
    for (uint32_t at = code->ref_begin; at < code->ref_end; at += 8)
        visit(ctx, (uint64_t *)(void *)(fp + at));
}

static void gc_roots(struct rt_store *store, void (*visit)(void *ctx, uint64_t *ref), void *ctx)
{
    struct interp_cx *cx = store->tier_state;
    uint8_t *fp;

    if (cx == NULL)
        return;
    fp = cx->fp;
    for (const struct interp_frame *f = cx->frame; f > cx->frames; f--) {
        if (f->code != NULL)
            frame_roots(f->code, fp, visit, ctx);
        fp = f->fp;
    }
}

static void module_free(struct rt_module *module)
{
    (void)module; /* everything is in its code_arena */
}

const struct rt_tier *interp_tier(void)
{
    static const struct rt_tier tier = {.name = "interpreter",
                                        .call = call,
                                        .store_init = store_init,
                                        .store_free = store_free,
                                        .module_free = module_free,
                                        .gc_roots = gc_roots};
    return &tier;
}
