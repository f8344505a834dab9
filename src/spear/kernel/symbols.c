/* symbols: over elfutils' libdwfl. SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/symbols.h"

#include "base/mem.h"

#include <dlfcn.h>
#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>

/* Pointers to the functions of dwfl.def, in a struct so that one load serves all. */
struct dwfl_functions {
#define DWFL(name) __typeof__(&name) name;
#include "spear/kernel/dwfl.def"
};

struct symbols {
    struct arena arena;
    void *library;
    struct dwfl_functions call;
    Dwfl_Callbacks callbacks;
    Dwfl *dwfl;
    Dwfl_Module *module;
    struct symbol_function *by_address, *by_name;
    size_t count;
};

static bool load(struct symbols *s)
{
    s->library = dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);
    if (s->library == NULL)
        return false;
#define DWFL(name)                                                                                 \
    *(void **)&s->call.name = dlsym(s->library, #name);                                            \
    if (s->call.name == NULL)                                                                      \
        return false;
#include "spear/kernel/dwfl.def"
    return true;
}

/* ---- functions ------------------------------------------------------------------------------- */

static int compare_addresses(const void *a, const void *b)
{
    const struct symbol_function *x = a, *y = b;
    return (x->address > y->address) - (x->address < y->address);
}

static int compare_text(struct str a, struct str b)
{
    const int order = memcmp(a.text, b.text, MIN(a.size, b.size));
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_names(const void *a, const void *b)
{
    const struct symbol_function *x = a, *y = b;
    const int order = compare_text(x->name, y->name);
    return order != 0 ? order : compare_addresses(a, b);
}

static enum status read_functions(void *ctx, struct diag *dg)
{
    struct symbols *s = ctx;
    const int all = s->call.dwfl_module_getsymtab(s->module);

    (void)dg;
    s->by_address = arena_new(&s->arena, struct symbol_function, all > 0 ? (size_t)all : 1);
    for (int i = 0; i < all; i++) {
        GElf_Sym symbol;
        GElf_Addr address;
        const char *name =
            s->call.dwfl_module_getsym_info(s->module, i, &symbol, &address, NULL, NULL, NULL);
        if (name == NULL || GELF_ST_TYPE(symbol.st_info) != STT_FUNC)
            continue;
        s->by_address[s->count++] = (struct symbol_function){
            .name = str_of(name),
            .address = address,
            .size = symbol.st_size,
        };
    }
    s->by_name = arena_new(&s->arena, struct symbol_function, MAX(s->count, 1));
    if (s->count != 0)
        memcpy(s->by_name, s->by_address, s->count * sizeof(*s->by_name));
    qsort(s->by_address, s->count, sizeof(*s->by_address), compare_addresses);
    qsort(s->by_name, s->count, sizeof(*s->by_name), compare_names);
    return ST_OK;
}

static enum status open_module(struct symbols *s, const char *vmlinux, struct diag *dg)
{
    s->callbacks = (Dwfl_Callbacks){
        .find_elf = s->call.dwfl_linux_proc_find_elf,
        .find_debuginfo = s->call.dwfl_standard_find_debuginfo,
    };
    s->dwfl = s->call.dwfl_begin(&s->callbacks);
    if (s->dwfl != NULL) {
        s->call.dwfl_report_begin(s->dwfl);
        s->module = s->call.dwfl_report_elf(s->dwfl, "vmlinux", vmlinux, -1, 0, true);
        s->call.dwfl_report_end(s->dwfl, NULL, NULL);
    }
    if (s->module == NULL)
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET,
                         "%s: expected the ELF file of a kernel (vmlinux): %s", vmlinux,
                         s->call.dwfl_errmsg(-1));
    return arena_guard(&s->arena, read_functions, s, dg);
}

enum status symbols_open(const char *vmlinux, struct symbols **out, struct diag *dg)
{
    struct symbols *s = mem_alloc(1, sizeof(*s));

    if (s == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "reading symbols");
    arena_init(&s->arena, (size_t)1 << 30);
    enum status st = ST_OK;
    if (!load(s))
        st = diag_fail(dg, ST_UNSUPPORTED, DIAG_NO_OFFSET,
                       "file and line need elfutils: libdw.so.1 was not found; install libdw1");
    else
        st = open_module(s, vmlinux, dg);
    if (st != ST_OK) {
        symbols_close(s);
        return st;
    }
    *out = s;
    return ST_OK;
}

void symbols_close(struct symbols *s)
{
    if (s->dwfl != NULL)
        s->call.dwfl_end(s->dwfl);
    if (s->library != NULL)
        dlclose(s->library);
    arena_free(&s->arena);
    mem_free(s);
}

const struct symbol_function *symbols_function(const struct symbols *s, uint64_t address)
{
    size_t low = 0, high = s->count;

    while (low < high) { /* the first that begins behind the address */
        const size_t middle = (low + high) / 2;
        if (s->by_address[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    const struct symbol_function *f = &s->by_address[low - 1];
    return address - f->address < f->size ? f : NULL;
}

bool symbols_address(const struct symbols *s, struct str function, uint64_t offset, uint64_t size,
                     uint64_t *address)
{
    size_t low = 0, high = s->count;

    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (compare_text(s->by_name[middle].name, function) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = false;
    for (; low < s->count && str_equal(s->by_name[low].name, function); low++) {
        if (found && s->by_name[low].size != size)
            continue;
        *address = s->by_name[low].address + offset;
        found = true;
        if (s->by_name[low].size == size)
            break;
    }
    return found;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Compilers note where they ran; what is below it is the tree's own name for the file. */
static struct str relative_to(struct symbols *s, Dwarf_Die *unit, const char *file)
{
    Dwarf_Attribute attribute;
    const char *dir = NULL;

    if (unit != NULL && s->call.dwarf_attr(unit, DW_AT_comp_dir, &attribute) != NULL)
        dir = s->call.dwarf_formstring(&attribute);
    const size_t size = dir == NULL ? 0 : strlen(dir);
    if (size != 0 && strncmp(file, dir, size) == 0 && file[size] == '/')
        file += size + 1;
    while (strncmp(file, "./", 2) == 0)
        file += 2;
    return str_of(file);
}

bool symbols_line(struct symbols *s, uint64_t address, struct str *file, uint32_t *line)
{
    Dwarf_Addr bias;
    Dwarf_Die *unit = s->call.dwfl_module_addrdie(s->module, address, &bias);
    Dwfl_Line *where = s->call.dwfl_module_getsrc(s->module, address);
    int number = 0;
    const char *name =
        where == NULL ? NULL : s->call.dwfl_lineinfo(where, NULL, &number, NULL, NULL, NULL);

    if (name == NULL)
        return false;
    *file = relative_to(s, unit, name);
    *line = (uint32_t)number;
    return true;
}

static bool number_of(struct symbols *s, Dwarf_Die *die, unsigned name, Dwarf_Word *out)
{
    Dwarf_Attribute attribute;
    return s->call.dwarf_attr(die, name, &attribute) != NULL &&
           s->call.dwarf_formudata(&attribute, out) == 0;
}

/* Where an inlined function was called from. */
static void call_site(struct symbols *s, Dwarf_Die *unit, Dwarf_Die *inlined,
                      struct symbol_frame *frame)
{
    Dwarf_Files *files;
    size_t file_count;
    Dwarf_Word file = 0, line = 0;

    frame->file = (struct str){"", 0};
    frame->line = 0;
    if (!number_of(s, inlined, DW_AT_call_file, &file) ||
        !number_of(s, inlined, DW_AT_call_line, &line) ||
        s->call.dwarf_getsrcfiles(unit, &files, &file_count) != 0 || file >= file_count)
        return;
    const char *name = s->call.dwarf_filesrc(files, (size_t)file, NULL, NULL);
    if (name != NULL)
        frame->file = relative_to(s, unit, name);
    frame->line = (uint32_t)line;
}

static const char *name_of(struct symbols *s, Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    const char *name = NULL;

    if (s->call.dwarf_attr_integrate(die, DW_AT_name, &attribute) != NULL)
        name = s->call.dwarf_formstring(&attribute);
    return name == NULL ? "?" : name;
}

/* The scopes of an abstract function lead to where it was written, not to whom it was inlined into;
 * those of its concrete instance lead there. */
static int concrete_scopes(struct symbols *s, Dwarf_Die *unit, uint64_t pc, Dwarf_Die **scopes)
{
    Dwarf_Die *inner = NULL;
    const int count = s->call.dwarf_getscopes(unit, pc, &inner);

    *scopes = NULL;
    if (count <= 0)
        return 0;
    const int all = s->call.dwarf_getscopes_die(&inner[0], scopes);
    mem_free(inner); /* malloc()ed by elfutils */
    return all < 0 ? 0 : all;
}

uint32_t symbols_frames(struct symbols *s, uint64_t address,
                        struct symbol_frame frames[SYMBOL_FRAMES_MAX])
{
    Dwarf_Addr bias;
    Dwarf_Die *unit = s->call.dwfl_module_addrdie(s->module, address, &bias);
    Dwfl_Line *where = s->call.dwfl_module_getsrc(s->module, address);
    struct symbol_frame at = {.function = STR("?"), .file = STR("")};
    int line = 0;
    uint32_t count = 0;
    Dwarf_Die *scopes;

    if (unit == NULL || where == NULL)
        return 0;
    const char *file = s->call.dwfl_lineinfo(where, NULL, &line, NULL, NULL, NULL);
    if (file != NULL)
        at.file = relative_to(s, unit, file);
    at.line = (uint32_t)line;
    const int scope_count = concrete_scopes(s, unit, address - bias, &scopes);
    for (int i = 0; i < scope_count && count < SYMBOL_FRAMES_MAX; i++) {
        const int tag = s->call.dwarf_tag(&scopes[i]);
        if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
            continue;
        at.function = str_of(name_of(s, &scopes[i]));
        at.is_inlined = tag == DW_TAG_inlined_subroutine;
        frames[count++] = at;
        if (!at.is_inlined)
            break;
        call_site(s, unit, &scopes[i], &at);
    }
    mem_free(scopes);
    if (count == 0)
        frames[count++] = at;
    return count;
}
