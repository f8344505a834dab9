/* x64_capstone: Capstone (Debian's libcapstone-dev), loaded at run time so that nothing but this
 * test needs it. SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_UNIT_X64_CAPSTONE_H
#define TESTS_UNIT_X64_CAPSTONE_H

#include "x64_expect.h"

#if defined(__has_include)
#if __has_include(<capstone/capstone.h>)
#define HAVE_CAPSTONE 1
#endif
#endif

#ifdef HAVE_CAPSTONE
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <capstone/capstone.h>
#pragma GCC diagnostic pop
#include <dlfcn.h>

static struct {
    void *library;
    csh handle;
    cs_err (*open)(cs_arch, cs_mode, csh *);
    cs_err (*close)(csh *);
    cs_err (*option)(csh, cs_opt_type, size_t);
    size_t (*disasm)(csh, const uint8_t *, size_t, uint64_t, size_t, cs_insn **);
    void (*free)(cs_insn *, size_t);
    const char *(*reg_name)(csh, unsigned int);
} capstone;

static bool capstone_symbol(const char *name, void *to)
{
    void *at = dlsym(capstone.library, name);

    memcpy(to, &at, sizeof(at));
    return at != NULL;
}

/* NULL, or why it cannot be used. */
static const char *capstone_open(void)
{
    capstone.library = dlopen("libcapstone.so.4", RTLD_NOW);
    if (capstone.library == NULL)
        return "libcapstone.so.4 is not installed";
    if (!capstone_symbol("cs_open", &capstone.open) ||
        !capstone_symbol("cs_close", &capstone.close) ||
        !capstone_symbol("cs_option", &capstone.option) ||
        !capstone_symbol("cs_disasm", &capstone.disasm) ||
        !capstone_symbol("cs_free", &capstone.free) ||
        !capstone_symbol("cs_reg_name", &capstone.reg_name) ||
        capstone.open(CS_ARCH_X86, CS_MODE_64, &capstone.handle) != CS_ERR_OK) {
        capstone.handle = 0;
        return "libcapstone.so.4 does not open for x86-64";
    }
    capstone.option(capstone.handle, CS_OPT_DETAIL, CS_OPT_ON);
    return NULL;
}

static void capstone_close(void)
{
    if (capstone.handle != 0)
        capstone.close(&capstone.handle);
    if (capstone.library != NULL)
        dlclose(capstone.library);
}

static bool capstone_is_here(void)
{
    return capstone.handle != 0;
}

/* Number, class and bytes of a register by its name; false: none of ours. */
static bool capstone_register(unsigned int id, struct operand *out)
{
    static const char names[16][4][5] = {
        {"al",   "ax",   "eax",  "rax"},
        {"cl",   "cx",   "ecx",  "rcx"},
        {"dl",   "dx",   "edx",  "rdx"},
        {"bl",   "bx",   "ebx",  "rbx"},
        {"spl",  "sp",   "esp",  "rsp"},
        {"bpl",  "bp",   "ebp",  "rbp"},
        {"sil",  "si",   "esi",  "rsi"},
        {"dil",  "di",   "edi",  "rdi"},
        {"r8b",  "r8w",  "r8d",  "r8" },
        {"r9b",  "r9w",  "r9d",  "r9" },
        {"r10b", "r10w", "r10d", "r10"},
        {"r11b", "r11w", "r11d", "r11"},
        {"r12b", "r12w", "r12d", "r12"},
        {"r13b", "r13w", "r13d", "r13"},
        {"r14b", "r14w", "r14d", "r14"},
        {"r15b", "r15w", "r15d", "r15"},
    };
    const char *name = capstone.reg_name(capstone.handle, id);

    *out = (struct operand){.kind = OPERAND_REG};
    if (name == NULL)
        return false;
    if (strncmp(name, "xmm", 3) == 0) {
        out->class = CLASS_XMM;
        out->number = (uint8_t)strtoul(name + 3, NULL, 10);
        return true;
    }
    for (uint8_t n = 0; n < 16; n++)
        for (uint32_t w = 0; w < 4; w++)
            if (strcmp(names[n][w], name) == 0) {
                out->class = CLASS_GPR;
                out->number = n;
                out->bytes = 1u << w;
                return true;
            }
    return false;
}

static uint8_t capstone_number(x86_reg id)
{
    struct operand o;

    if (id == X86_REG_INVALID || (unsigned int)id == (unsigned int)X86_REG_RIZ)
        return X64_NO_REG;
    if (id == X86_REG_RIP)
        return X64_RIP;
    return capstone_register(id, &o) && o.bytes == 8 ? o.number : 0xf0;
}

static bool capstone_operand(const struct operand *want, const cs_x86_op *got, char *what,
                             size_t size)
{
    struct operand o;

    if (want->kind == OPERAND_IMM) {
        const uint32_t bits = got->size * 8u;
        const uint64_t mask = bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
        snprintf(what, size, "immediate %#llx of %u bytes, expected %#llx",
                 (unsigned long long)got->imm, got->size, (unsigned long long)want->imm);
        return got->type == X86_OP_IMM &&
               ((uint64_t)got->imm & mask) == ((uint64_t)want->imm & mask);
    }
    if (want->kind == OPERAND_REG) {
        const bool known = got->type == X86_OP_REG && capstone_register(got->reg, &o);
        snprintf(what, size, "register %s, expected %s%u of %u bytes",
                 known ? capstone.reg_name(capstone.handle, got->reg) : "unknown",
                 want->class == CLASS_XMM ? "x" : "r", want->number, want->bytes);
        return known && o.class == want->class && o.number == want->number &&
               (o.class == CLASS_XMM || want->bytes == 0 || o.bytes == want->bytes);
    }
    const struct x64_mem *m = &want->mem;
    const uint8_t base = capstone_number(got->mem.base), index = capstone_number(got->mem.index);
    snprintf(what, size, "memory [%u + %u*%d%+lld] of %u bytes, expected [%u + %u*%u%+d] of %u",
             base, index, got->mem.scale, (long long)got->mem.disp, got->size, m->base, m->index,
             1u << m->scale, m->disp, want->bytes);
    return got->type == X86_OP_MEM && base == m->base && index == m->index &&
           (index == X64_NO_REG || got->mem.scale == 1 << m->scale) && got->mem.disp == m->disp &&
           (want->bytes == 0 || got->size == want->bytes);
}

/* cmpss and its like: Capstone writes conditions that have a name into the mnemonic. */
static bool is_float_compare(enum x64_op op)
{
    return op >= X64_CMPSS && op <= X64_VCMPPD;
}

static bool named_condition(const struct expected *e)
{
    return is_float_compare(e->op) && (uint8_t)e->imm < (e->is_vex ? 32 : 8);
}

static bool capstone_mnemonic(const struct expected *e, const char *got)
{
    char want[32];
    const size_t size = strlen(e->text), got_size = strlen(got);

    if (named_condition(e)) /* cmp, condition, ss */
        return strncmp(got, e->text, size - 2) == 0 && got_size > size &&
               strcmp(got + got_size - 2, e->text + size - 2) == 0;
    snprintf(want, sizeof(want), "%s%s", e->is_locked ? "lock " : "", e->text);
    if (e->op == X64_VCVTPD2PS || e->op == X64_VCVTTPD2DQ) /* x: not y, of 256 bits */
        return strncmp(got, want, size) == 0 && (got[size] == '\0' || strcmp(got + size, "x") == 0);
    return strcmp(want, got) == 0;
}

static bool capstone_agrees(const struct expected *e, const struct bytes *b, char *what,
                            size_t size)
{
    cs_insn *ins = NULL;
    bool agrees = false;

    if (capstone.disasm(capstone.handle, b->data, b->size, 0, 1, &ins) != 1) {
        snprintf(what, size, "refused");
        return false;
    }
    const cs_x86 *x = &ins->detail->x86;
    const uint32_t count = e->count - named_condition(e);
    if (ins->size != b->size)
        snprintf(what, size, "%u bytes of %u", ins->size, b->size);
    else if (!capstone_mnemonic(e, ins->mnemonic))
        snprintf(what, size, "it is %s %s", ins->mnemonic, ins->op_str);
    else if (x->op_count != count)
        snprintf(what, size, "%u operands, expected %u: %s", x->op_count, count, ins->op_str);
    else
        agrees = true;
    for (uint32_t i = 0; agrees && i < count; i++)
        agrees = capstone_operand(&e->operands[i], &x->operands[i], what, size);
    capstone.free(ins, 1);
    return agrees;
}

#else /* no header */
static const char *capstone_open(void)
{
    return "built without capstone/capstone.h (libcapstone-dev)";
}
static void capstone_close(void)
{
}
static bool capstone_is_here(void)
{
    return false;
}
static bool capstone_agrees(const struct expected *e, const struct bytes *b, char *what,
                            size_t size)
{
    (void)e, (void)b, (void)what, (void)size;
    return true;
}
#endif

#endif /* TESTS_UNIT_X64_CAPSTONE_H */
