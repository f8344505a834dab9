/*
 * test_native: between host and guest, with machine code written by hand: calls both ways, runs
 * inside runs, faults, the end of the stack, interrupts, damaged references. What the compiler
 * makes is tested elsewhere. SPDX-License-Identifier: Apache-2.0
 */
#include "fixture.h"

#include "base/mem.h"
#include "shield/compile/policy.h"
#include "shield/native/code.h"
#include "shield/native/native.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

/* The code of the functions below, one after the other, each aligned to 16, in the order of the
 * module. Offsets in the context are those of the layout; the test compares them. */
#define AT_GLOBAL   ((CONTEXT_FIELD_COUNT + BUILTIN_COUNT + 2 + 1) / 2 * 16)
#define AT_IMPORT   (AT_GLOBAL + GLOBAL_BYTES)
#define AT_GROW     ((CONTEXT_FIELD_COUNT + BUILTIN_memory_grow) * 8)
#define AT_GET      ((CONTEXT_FIELD_COUNT + BUILTIN_table_get) * 8)
#define AT_SET      ((CONTEXT_FIELD_COUNT + BUILTIN_table_set) * 8)

/* Labels that C reads: bounds of functions, and what may fault. */
extern const uint8_t hand_code[], hand_code_end[], hand_f0[], hand_f1[], hand_f2[], hand_f3[],
    hand_f4[], hand_f5[], hand_f6[], hand_f7[], hand_f8[], hand_f9[], hand_load[], hand_ud2[];

static __attribute__((used, noinline)) void write_code(void)
{
    __asm__ volatile(
        ".pushsection .rodata\n.intel_syntax noprefix\n.balign 16\nhand_code:\n"
        "hand_f0: endbr64\n lea eax, [rdi + rsi]\n ret\n" /* add */
        ".balign 16\nhand_f1: endbr64\n push rbx\n sub rsp, 16\n mov rbx, r15\n" /* host */
        " mov esi, 7\n mov [rsp], rbx\n mov r10, r15\n mov rax, [r15 + %c[import] + 16]\n"
        " mov r11, [r15 + %c[import]]\n mov r15, [r15 + %c[import] + 8]\n mov r14, [r15]\n"
        " call r11\n"
        " mov r15, [rsp]\n mov r14, [r15]\n add rsp, 16\n pop rbx\n ret\n"
        ".balign 16\nhand_f2: endbr64\n mov edi, edi\nhand_load: mov eax, [r14 + rdi]\n ret\n"
        ".balign 16\nhand_f3: endbr64\n1: jmp 1b\n"                       /* spin */
        ".balign 16\nhand_f4: endbr64\n push rbx\n call hand_f4\n" /* deep */
        " pop rbx\n ret\n"
        ".balign 16\nhand_f5: endbr64\n push rbx\n mov esi, edi\n xor edi, edi\n" /* grow */
        " call [r15 + %c[grow]]\n pop rbx\n ret\n"
        ".balign 16\nhand_f6: endbr64\nhand_ud2: ud2\n"                    /* unreachable */
        ".balign 16\nhand_f7: endbr64\n mov rax, [r15 + %c[global]]\n"     /* global */
        " add rax, 1\n mov [r15 + %c[global]], rax\n ret\n"
        ".balign 16\nhand_f8: endbr64\n mov rax, rdi\n ret\n"              /* forge */
        ".balign 16\nhand_f9: endbr64\n push rbx\n xor esi, esi\n mov rdx, rdi\n" /* set */
        " xor edi, edi\n call [r15 + %c[set]]\n pop rbx\n ret\n"
        "hand_code_end:\n.att_syntax\n.popsection\n"
        :
        : [global] "i"(AT_GLOBAL), [import] "i"(AT_IMPORT), [grow] "i"(AT_GROW), [set] "i"(AT_SET));
}

static const char module_text[] =
    "(module (import \"h\" \"f\" (func (param i32 i64) (result i32))) (memory 1 3)"
    " (table (export \"t\") 2 funcref) (global (export \"g\") (mut i64) (i64.const 5))"
    " (func (export \"add\") (param i32 i32) (result i32) unreachable)"
    " (func (export \"host\") (param i32) (result i32) unreachable)"
    " (func (export \"load\") (param i32) (result i32) unreachable)"
    " (func (export \"spin\") unreachable)"
    " (func (export \"deep\") unreachable)"
    " (func (export \"grow\") (param i32) (result i64) unreachable)"
    " (func (export \"unreachable\") unreachable)"
    " (func (export \"global\") (result i64) unreachable)"
    " (func (export \"forge\") (param i64) (result funcref) unreachable)"
    " (func (export \"set\") (param i64) unreachable)"
    " (data (i32.const 65532) \"\\2a\\00\\00\\00\"))";

static const uint8_t *const starts[] = {hand_f0, hand_f1, hand_f2, hand_f3, hand_f4, hand_f5,
                                        hand_f6, hand_f7, hand_f8, hand_f9, hand_code_end};
enum { FUNC_COUNT = LENGTH_OF(starts) - 1 };
static const struct {
    uint32_t func, saved, frame_bytes, prologue_bytes;
} frames[] = {{1, 1 << 3, 16, 9}, {4, 1 << 3, 0, 5}, {5, 1 << 3, 0, 5}, {9, 1 << 3, 0, 5}};

struct world {
    struct fixture f;
    struct rt_module *module;
    struct rt_instance *instance;
    uint32_t seen[4], seen_count; /* by the host function */
    uint32_t nest;                /* it calls "host" again so many times */
    enum status host_status;
};

static void fill_image(struct image *image)
{
    image->text = hand_code;
    image->text_bytes = (uint32_t)(hand_code_end - hand_code);
    image->funcs = arena_new(&image->arena, struct image_func, FUNC_COUNT);
    image->func_count = FUNC_COUNT;
    for (uint32_t i = 0; i < FUNC_COUNT; i++) {
        const uint8_t *end = starts[i + 1];
        while (i + 1 < FUNC_COUNT && (end[-1] == 0 || end[-1] == 0x90 || end[-1] == 0xcc))
            end--; /* padding */
        image->funcs[i].offset = (uint32_t)(starts[i] - hand_code);
        image->funcs[i].size = (uint32_t)(end - starts[i]);
        image->funcs[i].prologue_bytes = 4;
    }
    for (uint32_t i = 0; i < LENGTH_OF(frames); i++) {
        struct image_func *fn = &image->funcs[frames[i].func];
        fn->saved = (uint16_t)frames[i].saved;
        fn->frame_bytes = frames[i].frame_bytes;
        fn->prologue_bytes = (uint16_t)frames[i].prologue_bytes;
    }
    image->trap_count = 2;
    image->trap_offsets = arena_new(&image->arena, uint32_t, 2);
    image->trap_codes = arena_new(&image->arena, uint8_t, 2);
    image->trap_offsets[0] = (uint32_t)(hand_load - hand_code);
    image->trap_codes[0] = RT_TRAP_MEMORY_BOUNDS;
    image->trap_offsets[1] = (uint32_t)(hand_ud2 - hand_code);
    image->trap_codes[1] = RT_TRAP_UNREACHABLE;
    image->memory_plans = arena_new(&image->arena, uint8_t, 1); /* STATIC_GUARD */
}

static enum status make_image(void *ctx, struct diag *dg)
{
    (void)dg;
    fill_image(ctx);
    return ST_OK;
}

static void attach_code(struct world *w)
{
    struct image *image = mem_alloc(1, sizeof(*image));
    struct native_code *code = NULL;
    struct diag dg = {0};

    must(image != NULL, "memory");
    arena_init(&image->arena, 1 << 20);
    image->identity.shape = policy_shape(&w->module->wm);
    must(arena_guard(&image->arena, make_image, image, &dg) == ST_OK, dg.text);
    native_code_free(w->module->image);
    must(native_code_new(w->module, image, &code, &dg) == ST_OK, dg.text);
    w->module->image = code;
}

static struct rt_func *export(struct world *w, const char *name)
{
    struct rt_extern e;

    must(rt_instance_export(w->instance, str_of(name), &e), name);
    return e.func;
}

static enum status call(struct world *w, const char *name, uint64_t a, uint64_t b,
                        uint64_t *result)
{
    union rt_value args[2] = {{.i64 = a}, {.i64 = b}}, results[1] = {{.i64 = 0}};
    enum status st = rt_call(w->f.store, export(w, name), args, results);

    *result = results[0].i64;
    return st;
}

static enum status host(void *env, struct rt_caller *caller, const union rt_value *args,
                        union rt_value *results)
{
    struct world *w = env;
    uint64_t inner = 0;

    if (w->seen_count < LENGTH_OF(w->seen))
        w->seen[w->seen_count++] = args[0].i32 + (uint32_t)args[1].i64;
    if (caller->instance != w->instance)
        return ST_LIMIT;
    if (w->host_status != ST_OK)
        return w->host_status == ST_TRAP ? rt_trap_raise(caller->store, RT_TRAP_HOST, "by hand")
                                         : w->host_status;
    if (w->nest != 0) {
        w->nest--;
        TRY(call(w, "host", args[0].i32 + 1, 0, &inner));
    }
    results[0].i64 = 0;
    results[0].i32 = args[0].i32 * 2 + (uint32_t)inner;
    return ST_OK;
}

static void open_world(struct world *w)
{
    struct rt_limits limits = rt_limits_default();
    struct rt_extern import = {.kind = WM_EXTERN_FUNC};
    struct diag dg = {0};

    limits.stack_bytes = 256 << 10;
    *w = (struct world){
        .f = fixture_open_config(limits, (struct rt_config){.tier = native_tier()})};
    w->module = fixture_module(&w->f, module_text);
    attach_code(w);
    must(rt_func_new(w->f.store, w->module->type_ids[w->module->wm.funcs[0].type_index], host, w,
                     NULL, &import.func, &dg) == ST_OK, dg.text);
    must(rt_instance_new(w->f.store, w->module, &import, 1, &w->instance, &dg) == ST_OK, dg.text);
}

static void close_world(struct world *w)
{
    rt_module_free(w->module);
    fixture_close(&w->f);
}

static void test_layout(const struct world *w)
{
    const struct native_code *code = w->module->image;

    tap_ok(layout_global(&code->layout, 0) == AT_GLOBAL &&
               layout_import(&code->layout, 0) == AT_IMPORT,
           "the code uses the offsets of the layout");
}

static void test_calls(struct world *w)
{
    uint64_t got = 0;

    tap_ok(call(w, "add", 40, 2, &got) == ST_OK && got == 42, "40 + 2 is 42");
    tap_ok(call(w, "host", 10, 0, &got) == ST_OK && got == 20 && w->seen[0] == 17,
           "through the host");
    w->nest = 3;
    tap_ok(call(w, "host", 1, 0, &got) == ST_OK && got == 20 && w->nest == 0,
           "runs inside runs: 2 * (1 + 2 + 3 + 4) is 20");
    tap_ok(call(w, "global", 0, 0, &got) == ST_OK && got == 6 &&
               w->instance->globals[0]->cell->i64 == 6,
           "a global lives in the context");
    tap_ok(call(w, "load", 65532, 0, &got) == ST_OK && got == 42, "the last word of memory");
    tap_ok(call(w, "grow", 1, 0, &got) == ST_OK && got == 1, "a builtin");
    tap_ok(call(w, "load", 65536 + 65532, 0, &got) == ST_OK && got == 0, "the new last word");
    tap_ok(call(w, "grow", 9, 0, &got) == ST_OK && got == UINT64_MAX, "no more");
}

static bool trapped(struct world *w, enum status st, enum rt_trap_code code, uint32_t func,
                    uint32_t frames_min)
{
    struct rt_trap *trap = st == ST_TRAP ? rt_store_take_trap(w->f.store) : NULL;
    bool is_so = trap != NULL && trap->code == code && trap->frame_count >= frames_min &&
                 (frames_min == 0 || trap->frames[0].func_index == func);

    if (!is_so && trap != NULL)
        printf("# %s, %u frames, innermost #%u\n", trap->message, trap->frame_count,
               trap->frame_count != 0 ? trap->frames[0].func_index : 0);
    rt_trap_free(trap);
    return is_so;
}

static void test_traps(struct world *w)
{
    uint64_t got;

    tap_ok(trapped(w, call(w, "load", 2 << 16, 0, &got), RT_TRAP_MEMORY_BOUNDS, 3, 1),
           "behind the memory");
    tap_ok(trapped(w, call(w, "load", UINT32_MAX, 0, &got), RT_TRAP_MEMORY_BOUNDS, 3, 1),
           "at the end of what can be addressed");
    tap_ok(trapped(w, call(w, "unreachable", 0, 0, &got), RT_TRAP_UNREACHABLE, 7, 1), "ud2");
    for (uint32_t i = 0; i < 3; i++)
        tap_ok(trapped(w, call(w, "deep", 0, 0, &got), RT_TRAP_STACK_EXHAUSTED, 5, 60),
               "the stack is used up, time %u", i);
    w->host_status = ST_TRAP;
    tap_ok(trapped(w, call(w, "host", 0, 0, &got), RT_TRAP_HOST, 2, 1), "the host traps");
    w->nest = 2;
    w->host_status = ST_EXIT;
    tap_ok(call(w, "host", 0, 0, &got) == ST_EXIT, "the host ends the program");
    w->host_status = ST_OK;
    w->nest = 1000;
    tap_ok(call(w, "host", 0, 0, &got) == ST_LIMIT, "too many calls back: %s",
           w->f.store->diag.text);
    w->nest = 0;
    tap_ok(call(w, "add", 1, 1, &got) == ST_OK && got == 2, "all is well afterwards");
}

static void test_references(struct world *w)
{
    const uint64_t good = (uint64_t)(uintptr_t)export(w, "add");
    uint64_t got;

    tap_ok(call(w, "forge", good, 0, &got) == ST_OK && got == good, "a function passes");
    tap_ok(call(w, "forge", 0, 0, &got) == ST_OK && got == 0, "null passes");
    tap_ok(trapped(w, call(w, "forge", good + 8, 0, &got), RT_TRAP_DAMAGED_REFERENCE, 0, 0),
           "the middle of a function does not");
    tap_ok(trapped(w, call(w, "forge", 0x123456, 0, &got), RT_TRAP_DAMAGED_REFERENCE, 0, 0),
           "nor does a number");
    tap_ok(call(w, "set", good, 0, &got) == ST_OK && w->instance->tables[0]->elements[0] == good,
           "a function may be put in a table");
    tap_ok(trapped(w, call(w, "set", good ^ 0x40, 0, &got), RT_TRAP_DAMAGED_REFERENCE, 10, 1),
           "a number may not");
}

static void *interrupt_later(void *store)
{
    usleep(20000);
    rt_store_interrupt(store);
    return NULL;
}

static void test_interrupt(struct world *w)
{
    pthread_t thread;
    uint64_t got;

    for (uint32_t i = 0; i < 3; i++) {
        must(pthread_create(&thread, NULL, interrupt_later, w->f.store) == 0, "thread");
        enum status st = call(w, "spin", 0, 0, &got);
        pthread_join(thread, NULL);
        tap_ok(st == ST_TIMEOUT, "an endless loop is interrupted: %s", status_text(st));
    }
    pid_t child = fork();
    if (child == 0) {
        alarm(5); /* an interrupt that gets lost must not hang the tests */
        must(pthread_create(&thread, NULL, interrupt_later, w->f.store) == 0, "thread");
        _exit(call(w, "spin", 0, 0, &got) == ST_TIMEOUT ? 0 : 1);
    }
    int how = 1;
    must(child > 0 && waitpid(child, &how, 0) == child, "fork");
    tap_ok(WIFEXITED(how) && WEXITSTATUS(how) == 0, "the child of a fork can be interrupted too");
    rt_store_interrupt(w->f.store);
    tap_ok(call(w, "add", 1, 1, &got) == ST_TIMEOUT, "an interrupt before the run ends it");
    tap_ok(call(w, "add", 1, 1, &got) == ST_OK, "and no other");
}

int main(void)
{
    struct world w;

    if (native_tier() == NULL) {
        printf("1..0 # SKIP there is no compiler for this processor\n");
        return 0;
    }
    open_world(&w);
    test_layout(&w);
    test_calls(&w);
    test_traps(&w);
    test_references(&w);
    test_interrupt(&w);
    close_world(&w);
    return tap_done();
}
