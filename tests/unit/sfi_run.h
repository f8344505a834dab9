/*
 * sfi_run: executes code that the verifier accepted, from any point and in any state, in an address
 * space where whatever leaves the sandbox hits a trap: memories, tables, records and the context
 * stand alone between inaccessible pages, everything that is no pointer is poison, and each call
 * out ends the run and is looked at. SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_SFI_RUN_H
#define TESTS_UNIT_SFI_RUN_H

#include "sfi_module.h"

#include "base/rng.h"
#include "shield/verify/sfi/point.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

enum {
    RUN_PAGE = 4096,
    RUN_MEMORY_BYTES = 1 << 16, /* accessible, of each memory */
    RUN_STACK_BYTES = 1 << 18,
    RUN_TABLE_SIZE = 64, /* at least */
    RUN_LIMIT_US = 400,
};

enum run_end {
    RUN_RETURN = 1,
    RUN_BUILTIN,
    RUN_IMPORT,
    RUN_TRAP,
    RUN_FAULT,
    RUN_TIMEOUT,
    RUN_ENDS
};

/* Shared with the assembly below. */
struct run_registers {
    uint64_t gpr[16];
    uint64_t target;
    uint64_t host_rsp;
    uint64_t reason;
};
extern struct run_registers sfi_run_registers;
void sfi_run_enter(void);
void sfi_run_return(void);
void sfi_run_builtin(void);
void sfi_run_import(void);

__asm__(".text\n"
        ".globl sfi_run_enter, sfi_run_return, sfi_run_builtin, sfi_run_import\n"
        "sfi_run_enter:\n"
        "  push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "  lea sfi_run_registers(%rip), %rax\n"
        "  mov %rsp, 136(%rax)\n"
        "  mov 8(%rax), %rcx; mov 16(%rax), %rdx; mov 24(%rax), %rbx; mov 32(%rax), %rsp\n"
        "  mov 40(%rax), %rbp; mov 48(%rax), %rsi; mov 56(%rax), %rdi; mov 64(%rax), %r8\n"
        "  mov 72(%rax), %r9; mov 80(%rax), %r10; mov 88(%rax), %r11; mov 96(%rax), %r12\n"
        "  mov 104(%rax), %r13; mov 112(%rax), %r14; mov 120(%rax), %r15; mov (%rax), %rax\n"
        "  jmp *128+sfi_run_registers(%rip)\n"
        "sfi_run_return:\n  movq $1, 144+sfi_run_registers(%rip); jmp 1f\n"
        "sfi_run_builtin:\n  movq $2, 144+sfi_run_registers(%rip); jmp 1f\n"
        "sfi_run_import:\n  movq $3, 144+sfi_run_registers(%rip)\n"
        "1:\n"
        "  mov %rax, sfi_run_registers(%rip)\n"
        "  lea sfi_run_registers(%rip), %rax\n"
        "  mov %rcx, 8(%rax); mov %rdx, 16(%rax); mov %rbx, 24(%rax); mov %rsp, 32(%rax)\n"
        "  mov %rbp, 40(%rax); mov %rsi, 48(%rax); mov %rdi, 56(%rax); mov %r8, 64(%rax)\n"
        "  mov %r9, 72(%rax); mov %r10, 80(%rax); mov %r11, 88(%rax); mov %r12, 96(%rax)\n"
        "  mov %r13, 104(%rax); mov %r14, 112(%rax); mov %r15, 120(%rax)\n"
        "  mov 136(%rax), %rsp\n"
        "  pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "  ret\n");

struct run_registers sfi_run_registers;

/* One mapped block with inaccessible pages on both sides; its end is the end of a page. */
struct run_block {
    uint8_t *at;
    size_t bytes;
};

static inline struct run_block run_block_new(size_t bytes)
{
    size_t whole = (bytes + RUN_PAGE - 1) / RUN_PAGE * RUN_PAGE;
    uint8_t *p = mmap(NULL, whole + 64 * RUN_PAGE, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED || mprotect(p + 32 * RUN_PAGE, whole, PROT_READ | PROT_WRITE) != 0)
        abort();
    return (struct run_block){p + 32 * RUN_PAGE + whole - bytes, bytes};
}

struct run_record { /* as in layout.h */
    uint64_t code, context;
    uint32_t type, pad;
};

struct run_world {
    struct sfi_module *module;
    uint8_t *text, *text_write; /* the image, twice mapped */
    struct run_block context, pristine, other, overflow, fuel, stack, cell;
    struct run_block *memories, *tables; /* arena */
    struct run_record *records;          /* one per type and instance, the last is null */
    uint8_t **bases;
    uint64_t sentinels[16];
    bool is_tame; /* numbers are small where they may be, so that runs come far */
    struct rng rng;
};

static inline void run_put(struct run_block b, uint32_t offset, uint64_t value)
{
    memcpy(b.at + offset, &value, sizeof(value));
}

static inline uint64_t run_address(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

static inline uint64_t run_reach(const struct run_world *w, uint32_t memory)
{
    uint64_t reach = w->module->policy.memories[memory].reach_bytes;
    return MAX(reach, (uint64_t)RUN_MEMORY_BYTES);
}

/* A number that is no pointer to anything: large, small, or full of ones. */
static inline uint64_t run_poison(struct run_world *w)
{
    uint64_t r = rng_next(&w->rng);
    switch (r % 8) {
    case 0: return UINT64_C(0x4141000000000000) | (r >> 8 & UINT32_MAX);
    case 1: return UINT64_MAX - (r >> 8 & 0xffff);
    case 2: return UINT64_C(1) << (r >> 8 & 63);
    case 3: return UINT64_C(0xffffffff00000000) | r >> 32;
    case 4: return (r >> 8 & 0xffff) | UINT64_C(0x100000000);
    default: return r | UINT64_C(0x0100000000000000);
    }
}

static inline void run_make_image(struct run_world *w)
{
    const struct sfi_image *image = &w->module->image;
    size_t bytes = image->size + (size_t)RUN_PAGE;
    int fd = memfd_create("sfi", 0);
    if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0)
        abort();
    w->text_write = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    w->text = mmap(NULL, bytes, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    if (w->text == MAP_FAILED || w->text_write == MAP_FAILED)
        abort();
    close(fd);
    memcpy(w->text_write, image->bytes, image->size);
}

/* Every second record belongs to this instance and begins a function of it. */
static inline void run_make_records(struct run_world *w)
{
    const struct sfi_image *image = &w->module->image;
    uint32_t count = 2 * w->module->layout.shape.type_count;
    struct run_block b = run_block_new((count + 1) * sizeof(struct run_record));
    w->records = (struct run_record *)(void *)b.at;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t f = rng_below(&w->rng, image->function_count);
        bool is_same = i % 2 == 0;
        w->records[i] = (struct run_record){
            .code = is_same ? run_address(w->text + image->functions[f].offset)
                            : run_address((void *)(uintptr_t)sfi_run_import),
            .context = run_address(is_same ? w->context.at : w->other.at),
            .type = 1000 + i / 2,
        };
    }
}

static inline void run_make_tables(struct run_world *w)
{
    const struct layout *l = &w->module->layout;
    for (uint32_t t = 0; t < l->shape.table_count; t++) {
        uint64_t min = w->module->policy.tables[t].size_min, size = MAX(min, RUN_TABLE_SIZE);
        uint64_t record_count = 2 * l->shape.type_count;
        struct run_block elements = run_block_new(size * 8), record = run_block_new(16);
        for (uint64_t i = 0; i < size; i++)
            if (i % 4 != 0 && record_count != 0)
                run_put(elements, (uint32_t)i * 8,
                        run_address(&w->records[rng_below(&w->rng, record_count)]));
        run_put(record, RECORD_TABLE_ELEMENTS, run_address(elements.at));
        run_put(record, RECORD_TABLE_SIZE, size);
        mprotect(elements.at - (uintptr_t)elements.at % RUN_PAGE, size * 8, PROT_READ);
        w->tables[t] = record;
        run_put(w->context, layout_table(l, t), run_address(record.at));
    }
}

static inline void run_make_memories(struct run_world *w)
{
    const struct layout *l = &w->module->layout;
    for (uint32_t m = 0; m < l->shape.memory_count; m++) {
        size_t bytes = run_reach(w, m) + 64 * RUN_PAGE;
        uint8_t *p =
            mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p == MAP_FAILED ||
            mprotect(p + 32 * RUN_PAGE, RUN_MEMORY_BYTES, PROT_READ | PROT_WRITE) != 0)
            abort();
        w->bases[m] = p + 32 * RUN_PAGE;
        w->memories[m] = run_block_new(16);
        run_put(w->memories[m], RECORD_MEMORY_BASE, run_address(w->bases[m]));
        run_put(w->memories[m], RECORD_MEMORY_SIZE, RUN_MEMORY_BYTES);
        run_put(w->context, layout_memory(l, m), run_address(w->memories[m].at));
    }
}

static inline void run_make_context(struct run_world *w)
{
    const struct layout *l = &w->module->layout;
    uint64_t import = run_address((void *)(uintptr_t)sfi_run_import);
    if (l->shape.memory_count != 0)
        run_put(w->context, CONTEXT_OFFSET(memory0_base), run_address(w->bases[0]));
    run_put(w->context, CONTEXT_OFFSET(overflow), run_address(w->overflow.at));
    run_put(w->context, CONTEXT_OFFSET(fuel), run_address(w->fuel.at));
    for (uint32_t b = 0; b < BUILTIN_COUNT; b++)
        run_put(w->context, l->builtins + 8 * b, run_address((void *)(uintptr_t)sfi_run_builtin));
    for (uint32_t i = 0; i < l->shape.imported_func_count; i++) {
        run_put(w->context, layout_import(l, i) + IMPORT_CODE, import);
        run_put(w->context, layout_import(l, i) + IMPORT_CONTEXT, run_address(w->other.at));
        run_put(w->context, layout_import(l, i) + IMPORT_RECORD, run_address(&w->records[1]));
    }
    for (uint32_t i = 0; i < l->shape.type_count; i++) {
        uint32_t id = 1000 + i;
        memcpy(w->context.at + layout_type(l, i), &id, sizeof(id));
    }
    for (uint32_t g = 0; g < l->shape.imported_global_count; g++)
        run_put(w->context, layout_global_pointer(l, g), run_address(w->cell.at));
    run_put(w->other, CONTEXT_OFFSET(memory0_base), UINT64_C(0x4242424242424242));
}

static inline void run_world_init(struct run_world *w, struct sfi_module *m, uint64_t seed)
{
    const struct layout *l = &m->layout;
    *w = (struct run_world){.module = m};
    rng_seed(&w->rng, seed);
    run_make_image(w);
    w->context = run_block_new(l->bytes);
    w->pristine = run_block_new(l->bytes);
    w->other = run_block_new(64);
    w->overflow = run_block_new(OVERFLOW_SLOTS * OVERFLOW_SLOT_BYTES);
    w->fuel = run_block_new(8);
    w->cell = run_block_new(16);
    w->stack = run_block_new(RUN_STACK_BYTES);
    w->memories = calloc(l->shape.memory_count + 1, sizeof(*w->memories));
    w->tables = calloc(l->shape.table_count + 1, sizeof(*w->tables));
    w->bases = calloc(l->shape.memory_count + 1, sizeof(*w->bases));
    run_make_records(w);
    run_make_memories(w);
    run_make_tables(w);
    run_make_context(w);
    memcpy(w->pristine.at, w->context.at, l->bytes);
}

/* What takes address space; blocks of a few pages are left to the end of the process. */
static inline void run_world_free(struct run_world *w)
{
    size_t bytes = w->module->image.size + (size_t)RUN_PAGE;
    munmap(w->text, bytes);
    munmap(w->text_write, bytes);
    for (uint32_t m = 0; m < w->module->layout.shape.memory_count; m++)
        munmap(w->bases[m] - 32 * RUN_PAGE, run_reach(w, m) + 64 * RUN_PAGE);
    free(w->memories);
    free(w->tables);
    free(w->bases);
}

/* ---- a state that facts describe ---------------------------------------------------------------
 */

/* The record that stands for an identity, the same through one run. */
static inline struct run_record *run_record_of(struct run_world *w, const struct sfi_value *v)
{
    uint32_t count = 2 * w->module->layout.shape.type_count;
    if ((v->low & SFI_IMPORT_IDENTITY) != 0)
        return &w->records[1];
    uint32_t which = (v->low * 7 + (uint32_t)w->sentinels[0]) % count;
    return &w->records[(v->flags & SFI_IS_SAME) != 0 ? which & ~1u : which];
}

static inline uint64_t run_number(struct run_world *w, const struct sfi_value *v)
{
    uint64_t low = v->low, high = v->high;
    if (v->flags == 0 && w->is_tame && v->high >= RUN_MEMORY_BYTES)
        return low + rng_below(&w->rng, RUN_MEMORY_BYTES / 2) / 8 * 8;
    if (sfi_is_any(v))
        return run_poison(w);
    if (v->flags == SFI_IS_END)
        high = MIN(high, RUN_MEMORY_BYTES);
    if (v->flags == SFI_IS_INDEX)
        high = MIN(high, MAX(w->module->policy.tables[v->tag].size_min, RUN_TABLE_SIZE) - 1);
    if (low >= high)
        return high;
    switch (rng_below(&w->rng, 4)) {
    case 0: return low;
    case 1: return high;
    default: return rng_between(&w->rng, low, high);
    }
}

/* False: there is no such thing here. */
static inline bool run_realise(struct run_world *w, const struct sfi_value *v, uint64_t *out)
{
    int32_t distance;

    switch (v->kind) {
    case SFI_NUMBER: *out = run_number(w, v); return *out >= v->low;
    case SFI_CONTEXT: *out = run_address(w->context.at); break;
    case SFI_MEMORY: *out = run_address(w->memories[v->low].at); break;
    case SFI_MEMORY_BASE: *out = run_address(w->bases[v->low]); break;
    case SFI_MEMORY_SIZE: *out = RUN_MEMORY_BYTES; break;
    case SFI_TABLE: *out = run_address(w->tables[v->low].at); break;
    case SFI_TABLE_ELEMENTS: memcpy(out, w->tables[v->low].at, 8); break;
    case SFI_TABLE_SIZE: memcpy(out, w->tables[v->low].at + 8, 8); break;
    case SFI_FUNC: *out = run_address(run_record_of(w, v)); break;
    case SFI_FUNC_CODE: *out = run_record_of(w, v)->code; break;
    case SFI_FUNC_CONTEXT: *out = run_record_of(w, v)->context; break;
    case SFI_FUNC_BASE: memcpy(out, (void *)(uintptr_t)run_record_of(w, v)->context, 8); break;
    case SFI_FUNC_TYPE: *out = run_record_of(w, v)->type; break;
    case SFI_TYPE_ID: *out = 1000 + v->low; break;
    case SFI_CELL:
    case SFI_CELL_READ: *out = run_address(w->cell.at); break;
    case SFI_OVERFLOW: *out = run_address(w->overflow.at); break;
    case SFI_FUEL: *out = run_address(w->fuel.at); break;
    case SFI_BUILTIN: *out = run_address((void *)(uintptr_t)sfi_run_builtin); break;
    case SFI_ADDRESS: *out = run_address(w->bases[v->tag]) + v->low; break;
    case SFI_SAVED: *out = w->sentinels[v->low]; break;
    case SFI_POOL: *out = run_address(w->text + v->low); break;
    case SFI_DELTA:
    case SFI_TARGET:
        memcpy(&distance, w->text + v->low + 4 * v->high, sizeof(distance));
        *out = (uint64_t)(int64_t)distance;
        if (v->kind == SFI_TARGET)
            *out += run_address(w->text + v->low);
        break;
    default: return false;
    }
    return true;
}

/* ---- a run -------------------------------------------------------------------------------------
 */

struct run_result {
    enum run_end end;
    uint64_t rip, address; /* of a fault; offset in the image, or all ones */
    const char *escape;    /* NULL: contained */
};

static sigjmp_buf run_home;
static volatile sig_atomic_t run_is_on;
static struct {
    int signal;
    uint64_t rip, address;
} run_signal;

static inline void run_on_signal(int signal, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    if (!run_is_on)
        return;
    run_is_on = 0;
    run_signal.signal = signal;
    run_signal.rip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
    run_signal.address = run_address(info->si_addr);
    siglongjmp(run_home, 1);
}

static inline void run_signals_init(void)
{
    static uint8_t stack[1 << 16];
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGALRM};
    stack_t alt = {.ss_sp = stack, .ss_size = sizeof(stack)};
    struct sigaction action = {.sa_sigaction = run_on_signal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigaltstack(&alt, NULL);
    for (uint32_t i = 0; i < LENGTH_OF(signals); i++)
        sigaction(signals[i], &action, NULL);
}

/* Whether the guest may fault there: in a memory and its guard, or below the stack. */
static inline bool run_may_fault(const struct run_world *w, uint64_t address)
{
    uint64_t stack = run_address(w->stack.at);
    if (address < stack && stack - address <= 32 * RUN_PAGE)
        return true;
    for (uint32_t m = 0; m < w->module->layout.shape.memory_count; m++) {
        uint64_t base = run_address(w->bases[m]);
        if (address >= base && address - base < run_reach(w, m))
            return true;
    }
    return false;
}

static inline void run_judge_signal(const struct run_world *w, struct run_result *r)
{
    uint64_t offset = run_signal.rip - run_address(w->text);
    bool is_inside = offset < w->module->image.data_offset;

    r->rip = is_inside ? offset : UINT64_MAX;
    r->address = run_signal.address;
    r->end = run_signal.signal == SIGALRM   ? RUN_TIMEOUT
             : run_signal.signal == SIGSEGV ? RUN_FAULT
                                            : RUN_TRAP;
    if (r->end == RUN_TIMEOUT)
        return;
    if (!is_inside)
        r->escape = "a signal outside of the code";
    else if (r->end == RUN_FAULT && !run_may_fault(w, run_signal.address))
        r->escape = "an access outside of the sandbox";
    else if (run_signal.signal == SIGILL &&
             (w->text[offset] != 0x0f || w->text[offset + 1] != 0x0b))
        r->escape = "an unknown instruction";
    else if (run_signal.signal == SIGTRAP || run_signal.signal == SIGBUS)
        r->escape = "a signal that no code raises";
}

/* What must be true of registers where a run left the module. */
static inline void run_judge_leave(const struct run_world *w, uint64_t entry, struct run_result *r)
{
    static const uint8_t saved[] = {3, 5, 12, 13};
    const uint64_t *gpr = sfi_run_registers.gpr;
    bool is_pinned = w->module->policy.is_base_pinned;
    uint64_t base = is_pinned ? run_address(w->bases[0]) : 0;

    r->end = (enum run_end)sfi_run_registers.reason;
    for (uint32_t i = 0; r->end == RUN_RETURN && i < LENGTH_OF(saved); i++)
        if (gpr[saved[i]] != w->sentinels[saved[i]])
            r->escape = "a saved register is lost";
    if (r->end == RUN_RETURN && gpr[4] != entry + 8)
        r->escape = "rsp is not where the caller had it";
    if (r->end != RUN_RETURN && (gpr[4] % 16 != 8 || gpr[4] > entry))
        r->escape = "rsp is odd at a call";
    if (r->end != RUN_IMPORT) {
        if (gpr[15] != run_address(w->context.at) || (is_pinned && gpr[14] != base))
            r->escape = "r15 or r14 is lost";
    } else if (gpr[15] != run_address(w->other.at) || gpr[10] != run_address(w->context.at) ||
               gpr[14] != UINT64_C(0x4242424242424242) ||
               gpr[0] - run_address(w->records) >= w->module->layout.shape.type_count * 48u) {
        r->escape = "another instance is entered with registers of this one";
    }
}

static inline bool run_context_is_whole(const struct run_world *w)
{
    const struct layout *l = &w->module->layout;
    return memcmp(w->context.at, w->pristine.at, l->globals) == 0;
}

/* The registers and the frame as the point describes them, poison in everything else. */
static inline bool run_set_state(struct run_world *w, const struct sfi_worker *judge,
                                 const struct sfi_point *point, uint64_t entry)
{
    const struct sfi_slot_fact *facts = judge->slots + point->first_slot;
    const struct sfi_value any = sfi_any();

    for (uint32_t r = 0; r < 16; r++) {
        w->sentinels[r] = run_poison(w);
        sfi_run_registers.gpr[r] = run_number(w, &any);
    }
    for (uint32_t at = 8; at <= point->depth; at += 8)
        *(uint64_t *)(uintptr_t)(entry - at) = run_number(w, &any);
    for (uint32_t r = 0; r < 16; r++)
        if (!sfi_is_any(&point->regs[r]) &&
            !run_realise(w, &point->regs[r], &sfi_run_registers.gpr[r]))
            return false;
    for (uint32_t i = 0; i < point->slot_count; i++)
        if (!run_realise(w, &facts[i].value,
                         (uint64_t *)(uintptr_t)(entry - 8 * (facts[i].slot + 1))))
            return false;
    return true;
}

/* Begins at a point of the function judged last, in a state that it describes. False: no such
 * state exists here. */
static inline bool run_from(struct run_world *w, const struct sfi_worker *judge,
                            const struct sfi_point *point, struct run_result *out)
{
    uint64_t entry = run_address(w->stack.at) + RUN_STACK_BYTES - 72;
    /* Again and again: one that comes before the run is on is not heeded. */
    const struct itimerval limit = {{.tv_usec = RUN_LIMIT_US}, {.tv_usec = RUN_LIMIT_US}},
                           off = {0};

    *out = (struct run_result){0};
    if (point->depth > RUN_STACK_BYTES / 2 || !run_set_state(w, judge, point, entry))
        return false;
    *(uint64_t *)(uintptr_t)entry = run_address((void *)(uintptr_t)sfi_run_return);
    sfi_run_registers.gpr[4] = entry - point->depth;
    sfi_run_registers.target = run_address(w->text + point->offset);
    memcpy(w->context.at, w->pristine.at, w->pristine.bytes);
    memset(w->fuel.at, 0x7f, 8);

    if (sigsetjmp(run_home, 0) == 0) {
        setitimer(ITIMER_REAL, &limit, NULL);
        run_is_on = 1;
        sfi_run_enter();
        run_is_on = 0;
        run_judge_leave(w, entry, out);
    } else {
        run_judge_signal(w, out);
    }
    setitimer(ITIMER_REAL, &off, NULL);
    if (!run_context_is_whole(w))
        out->escape = "a pointer of the context has changed";
    return true;
}

#endif /* TESTS_UNIT_SFI_RUN_H */
