/* disassemble: see disassemble.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/disassemble.h"

#include "base/mem.h"
#include "shield/verify/sfi/decode.h"

#include <capstone/capstone.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define CAPSTONE_LIBRARY "libcapstone.so.4"

struct disassembler {
    void *library; /* NULL: not there */
    csh handle;
    cs_insn *insn;
    bool is_open;
    cs_err (*open)(cs_arch arch, cs_mode mode, csh *handle);
    cs_err (*close)(csh *handle);
    cs_insn *(*alloc)(csh handle);
    void (*free)(cs_insn *insn, size_t count);
    bool (*next)(csh handle, const uint8_t **code, size_t *size, uint64_t *address, cs_insn *insn);
};

static bool find(struct disassembler *d, const char *name, void *function)
{
    void *found = dlsym(d->library, name);

    memcpy(function, &found, sizeof(found));
    return found != NULL;
}

static bool load(struct disassembler *d)
{
    d->library = dlopen(CAPSTONE_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (d->library == NULL || !find(d, "cs_open", &d->open) || !find(d, "cs_close", &d->close) ||
        !find(d, "cs_malloc", &d->alloc) || !find(d, "cs_free", &d->free) ||
        !find(d, "cs_disasm_iter", &d->next))
        return false;
    if (d->open(CS_ARCH_X86, CS_MODE_64, &d->handle) != CS_ERR_OK)
        return false;
    d->is_open = true;
    d->insn = d->alloc(d->handle);
    return d->insn != NULL;
}

static void unload(struct disassembler *d)
{
    if (d->insn != NULL)
        d->free(d->insn, 1);
    if (d->is_open)
        (void)d->close(&d->handle);
    if (d->library != NULL)
        (void)dlclose(d->library);
    *d = (struct disassembler){0};
}

enum status disassembler_new(struct disassembler **out, struct diag *dg)
{
    struct disassembler *d = mem_alloc(1, sizeof(*d));

    if (d == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "for the disassembler");
    if (!load(d))
        unload(d);
    *out = d;
    return ST_OK;
}

void disassembler_free(struct disassembler *d)
{
    if (d == NULL)
        return;
    unload(d);
    mem_free(d);
}

bool disassembler_has_names(const struct disassembler *d)
{
    return d->library != NULL;
}

static void in_hexadecimal(const uint8_t *code, struct disassembled *out)
{
    size_t used = 0;

    for (uint32_t i = 0; i < out->size; i++)
        used += (size_t)snprintf(out->text + used, sizeof(out->text) - used, "%s%02x",
                                 i == 0 ? "" : " ", code[i]);
}

void disassemble(struct disassembler *d, const uint8_t *code, size_t size, uint64_t address,
                 struct disassembled *out)
{
    const uint8_t *at = code;
    size_t left = size;
    struct sfi_insn insn;

    if (d->library != NULL && d->next(d->handle, &at, &left, &address, d->insn)) {
        out->size = d->insn->size;
        snprintf(out->text, sizeof(out->text), "%s%s%s", d->insn->mnemonic,
                 d->insn->op_str[0] == '\0' ? "" : " ", d->insn->op_str);
        return;
    }
    out->size = 1;
    if (d->library == NULL && sfi_decode(code, size, &insn))
        out->size = insn.length;
    in_hexadecimal(code, out);
}
