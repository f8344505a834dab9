/* h_call: calls and returns. A call inside one instance pushes one struct interp_frame. A call into
 * another instance pushes two: a bridge that remembers the caller's instance, and the callee's,
 * which returns to the BRIDGE instruction; so the fast return need not ask. Host functions get
 * their arguments in an array above the caller's frame.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/interp/handler.h"

#include <assert.h>

/* ---- inside one instance ---- */

/* Enters `code` at callee_fp; `return_pc` belongs to the caller. Falls through to the callee. */
#define ENTER(code_, callee_fp, return_pc_)                                                        \
    do {                                                                                           \
        const struct interp_code *enter_ = (code_);                                                \
        uint8_t *at_ = (callee_fp);                                                                \
        if (UNLIKELY((size_t)(cx->stack_end - at_) < enter_->frame_bytes ||                        \
                     cx->frame == cx->frame_end))                                                  \
            GOTO(interp_trap_STACK_EXHAUSTED);                                                     \
        POLL();                                                                                    \
        struct interp_frame *frame_ = ++cx->frame;                                                 \
        frame_->return_pc = (return_pc_);                                                          \
        frame_->fp = fp;                                                                           \
        frame_->code = enter_;                                                                     \
        clear_slots(at_ + enter_->param_bytes, at_ + enter_->zero_end);                            \
        pc = enter_->code;                                                                         \
        fp = at_;                                                                                  \
        DISPATCH();                                                                                \
    } while (0)

/* A loop and not memset: frames are small, and a call would cost a stack frame of the host. */
static inline void clear_slots(uint8_t *at, const uint8_t *end)
{
    const uint64_t zero = 0;

    for (; at < end; at += 8) {
        memcpy(at, &zero, 8);
        __asm__ volatile("" ::: "memory"); /* stays a loop */
    }
}

#define DEFINED_CODE(index)                                                                        \
    ((const struct interp_code *)atomic_load_explicit(&cx->code[(index)], memory_order_acquire))

#define CALL_HANDLER(name, moves, words)                                                           \
    HANDLER(name)                                                                                  \
    {                                                                                              \
        const struct interp_code *code = DEFINED_CODE(pc[2]);                                      \
        if (UNLIKELY(code == NULL)) {                                                              \
            cx->wanted = pc[2];                                                                    \
            GOTO(interp_translate_wanted);                                                         \
        }                                                                                          \
        moves;                                                                                     \
        ENTER(code, fp + pc[3], pc + INTERP_WORDS(words));                                         \
    }
#define MOVE(k) PUT(u64, k, GET(u64, (k) + 1))
CALL_HANDLER(CALL, (void)0, 2)
CALL_HANDLER(CALL_1, MOVE(2), 4)
CALL_HANDLER(CALL_2, MOVE(2); MOVE(4), 6)
CALL_HANDLER(CALL_3, MOVE(2); MOVE(4); MOVE(6), 8)

#define LEAVE()                                                                                    \
    do {                                                                                           \
        const struct interp_frame *frame_ = cx->frame--;                                           \
        pc = frame_->return_pc;                                                                    \
        fp = frame_->fp;                                                                           \
        DISPATCH();                                                                                \
    } while (0)

HANDLER(RETURN0)
{
    LEAVE();
}

HANDLER(RETURN1)
{
    uint64_t v = GET(u64, 0);
    put_u64(fp, 0, v);
    LEAVE();
}

HANDLER(RETURN1_I)
{
    put_u64(fp, 0, IMM(u64, 0));
    LEAVE();
}

HANDLER(RETURN_N)
{
    memmove(fp, fp + pc[2], pc[3]);
    LEAVE();
}

/* Makes sure that there is code. Not inlined: see OUTLINED(). */
static __attribute__((noinline)) enum status translate(struct interp_cx *cx, struct rt_module *m,
                                                       uint32_t defined_index)
{
    const struct interp_code *code = NULL;
    return interp_code_get(m, defined_index, cx->is_metered, &code, &cx->store->diag);
}

__attribute__((cold)) enum status interp_translate_wanted(INTERP_PARAMS)
{
    enum status st = translate(cx, cx->instance->module, cx->wanted);
    PASS_ON(st);
    DISPATCH();
}

/* ---- through a reference ---- */

/* Calls function f (not null); base: slot of its frame; words: of this instruction. */
#define CALL_FUNC(f, base, words)                                                                  \
    do {                                                                                           \
        struct rt_func *func_ = (f);                                                               \
        if (LIKELY(func_->instance == cx->instance)) {                                             \
            uint32_t index_ = func_->index - cx->instance->module->wm.func_imports;                \
            const struct interp_code *code_ = DEFINED_CODE(index_);                                \
            if (UNLIKELY(code_ == NULL)) {                                                         \
                cx->wanted = index_;                                                               \
                GOTO(interp_translate_wanted);                                                     \
            }                                                                                      \
            ENTER(code_, fp + (base), pc + INTERP_WORDS(words));                                   \
        }                                                                                          \
        cx->callee = func_;                                                                        \
        cx->callee_base = (base);                                                                  \
        cx->callee_words = INTERP_WORDS(words);                                                    \
        GOTO(interp_call_away);                                                                    \
    } while (0)

/* The function that an indirect call means, in the order of the checks that the specification
 * asks for. Operands: type id, table, slot of the index, anything, 1 for 64-bit tables.
 * other_type: what to do when the function's type is not the very one that is asked for. */
#define INDIRECT(f, other_type)                                                                    \
    const struct rt_table *table = cx->instance->tables[pc[3]];                                    \
    uint64_t at = pc[6] != 0 ? GET(u64, 2) : GET(u32, 2);                                          \
    TRAP_IF(at >= table->size, UNDEFINED_ELEMENT);                                                 \
    struct rt_func *f = (struct rt_func *)(uintptr_t)table->elements[at];                          \
    TRAP_IF(f == NULL, UNINITIALIZED);                                                             \
    if (UNLIKELY(f->type_id != pc[2]))                                                             \
    other_type
/* It may be a subtype. Asking is a call, which must not be in the way of the fast path. */
#define CHECK_SUBTYPE(f)                                                                           \
    TRAP_IF(!rt_id_matches(cx->store->engine->types, (f)->type_id, pc[2]), SIGNATURE_MISMATCH)

static __attribute__((noinline)) enum status call_subtype(INTERP_PARAMS)
{
    INDIRECT(f, CHECK_SUBTYPE(f));
    CALL_FUNC(f, pc[5], 5);
}

HANDLER(CALL_IMPORT)
{
    CALL_FUNC(cx->instance->funcs[pc[2]], pc[3], 2);
}

HANDLER(CALL_INDIRECT)
{
    INDIRECT(f, GOTO(call_subtype));
    CALL_FUNC(f, pc[5], 5);
}

HANDLER(CALL_REF)
{
    struct rt_func *f = (struct rt_func *)(uintptr_t)GET(u64, 0);
    TRAP_IF(f == NULL, NULL_FUNCTION);
    CALL_FUNC(f, pc[3], 2);
}

/* ---- between instances, and to the host ---- */

#define RELOAD_MEMORY()                                                                            \
    do {                                                                                           \
        mem = cx->memory != NULL ? cx->memory->base : NULL;                                        \
        mem_size = cx->memory == NULL ? 0 :                                                        \
                   atomic_load_explicit(&cx->memory->size_bytes, memory_order_acquire);            \
    } while (0)

HANDLER(BRIDGE)
{
    const struct interp_frame *frame = cx->frame--;
    assert(frame->code == NULL && "only bridges return here");
    interp_enter_instance(cx, frame->instance);
    pc = frame->return_pc;
    fp = frame->fp;
    RELOAD_MEMORY();
    DISPATCH();
}

/* Runs it somewhere else: in C, or in another tier, if that agrees about counting fuel. */
static bool is_elsewhere(const struct interp_cx *cx)
{
    const struct rt_instance *i = cx->callee->instance;
    return i == NULL || (i->context != NULL && i->is_metered == cx->is_metered);
}

/* The code of cx->callee, which has an instance and has been translated. */
static const struct interp_code *away_code(const struct interp_cx *cx)
{
    const struct rt_func *f = cx->callee;
    struct rt_module *m = f->instance->module;
    _Atomic(void *) *table = interp_code_table(m, cx->is_metered);

    return atomic_load_explicit(&table[f->index - m->wm.func_imports], memory_order_acquire);
}

static enum status translate_callee(struct interp_cx *cx)
{
    struct rt_module *m = cx->callee->instance->module;
    return translate(cx, m, cx->callee->index - m->wm.func_imports);
}

enum status interp_call_away(INTERP_PARAMS)
{
    uint8_t *at = fp + cx->callee_base;

    if (is_elsewhere(cx)) {
        enum status st = interp_host_call(cx, pc, fp, at);
        PASS_ON(st);
        pc += cx->callee_words;
        RELOAD_MEMORY();
        DISPATCH();
    }
    enum status st = translate_callee(cx);
    PASS_ON(st);
    const struct interp_code *code = away_code(cx);
    if (cx->frame == cx->frame_end)
        GOTO(interp_trap_STACK_EXHAUSTED);
    if ((size_t)(cx->stack_end - at) < code->frame_bytes || cx->frame + 1 == cx->frame_end)
        GOTO(interp_trap_STACK_EXHAUSTED);
    *++cx->frame = (struct interp_frame){pc + cx->callee_words, fp, NULL, cx->instance};
    interp_enter_instance(cx, cx->callee->instance);
    RELOAD_MEMORY();
    ENTER(code, at, cx->bridge_code);
}

/* ---- tail calls ---- */

/* Replaces the frame by one of `code`: arguments from slot `base`, `bytes` of them. */
#define REPLACE(code_, base, bytes)                                                                \
    do {                                                                                           \
        const struct interp_code *to_ = (code_);                                                   \
        if (UNLIKELY((size_t)(cx->stack_end - fp) < to_->frame_bytes))                             \
            GOTO(interp_trap_STACK_EXHAUSTED);                                                     \
        POLL();                                                                                    \
        memmove(fp, fp + (base), (bytes));                                                         \
        cx->frame->code = to_;                                                                     \
        clear_slots(fp + to_->param_bytes, fp + to_->zero_end);                                    \
        pc = to_->code;                                                                            \
        DISPATCH();                                                                                \
    } while (0)

#define TAIL_FUNC(f, base, bytes)                                                                  \
    do {                                                                                           \
        struct rt_func *func_ = (f);                                                               \
        if (LIKELY(func_->instance == cx->instance)) {                                             \
            uint32_t index_ = func_->index - cx->instance->module->wm.func_imports;                \
            const struct interp_code *code_ = DEFINED_CODE(index_);                                \
            if (UNLIKELY(code_ == NULL)) {                                                         \
                cx->wanted = index_;                                                               \
                GOTO(interp_translate_wanted);                                                     \
            }                                                                                      \
            REPLACE(code_, base, bytes);                                                           \
        }                                                                                          \
        cx->callee = func_;                                                                        \
        cx->callee_base = (base);                                                                  \
        cx->callee_words = (bytes);                                                                \
        GOTO(interp_tail_call_away);                                                               \
    } while (0)

HANDLER(RETURN_CALL)
{
    const struct interp_code *code = DEFINED_CODE(pc[2]);
    if (UNLIKELY(code == NULL)) {
        cx->wanted = pc[2];
        GOTO(interp_translate_wanted);
    }
    REPLACE(code, pc[3], pc[4]);
}

HANDLER(RETURN_CALL_IMPORT)
{
    TAIL_FUNC(cx->instance->funcs[pc[2]], pc[3], pc[4]);
}

HANDLER(RETURN_CALL_INDIRECT)
{
    INDIRECT(f, CHECK_SUBTYPE(f));
    TAIL_FUNC(f, pc[5], pc[7]);
}

HANDLER(RETURN_CALL_REF)
{
    struct rt_func *f = (struct rt_func *)(uintptr_t)GET(u64, 0);
    TRAP_IF(f == NULL, NULL_FUNCTION);
    TAIL_FUNC(f, pc[3], pc[4]);
}

/* A tail call out of the instance. The frame below needs its instance back in the end: the first
 * such call leaves a bridge under the new frame, later ones find it there, so a chain of tail
 * calls between instances takes constant room. */
enum status interp_tail_call_away(INTERP_PARAMS)
{
    uint32_t base = cx->callee_base, bytes = cx->callee_words;

    if (is_elsewhere(cx)) {
        enum status st = interp_host_call(cx, pc, fp, fp + base);
        if (st == ST_EXCEPTION) /* this frame is left: none of its regions catches */
            pc = cx->frame->code->code + cx->frame->code->word_count;
        PASS_ON(st);
        const struct rt_type *type =
            rt_registry_type(cx->store->engine->types, cx->callee->type_id);
        memmove(fp, fp + base, interp_types_bytes(type->results, type->result_count));
        RELOAD_MEMORY();
        LEAVE();
    }
    enum status st = translate_callee(cx);
    PASS_ON(st);
    const struct interp_code *code = away_code(cx);
    if ((size_t)(cx->stack_end - fp) < code->frame_bytes)
        GOTO(interp_trap_STACK_EXHAUSTED);
    if (cx->frame->return_pc != cx->bridge_code) {
        if (cx->frame == cx->frame_end)
            GOTO(interp_trap_STACK_EXHAUSTED);
        cx->frame->code = NULL;
        cx->frame->instance = cx->instance;
        cx->frame++;
        *cx->frame = (struct interp_frame){cx->bridge_code, cx->frame[-1].fp, code, NULL};
    }
    interp_enter_instance(cx, cx->callee->instance);
    RELOAD_MEMORY();
    REPLACE(code, base, bytes);
}
