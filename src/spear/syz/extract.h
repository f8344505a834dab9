/* extract: the values of constants, from kernel headers, by the C compiler: a generated file puts
 * each constant that a description asks for into a section of an object file; those that the
 * compiler refuses are left out and it is asked again; the section is read back. Nothing is
 * guessed: a constant is what the compiler says, or unknown.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef SPEAR_SYZ_EXTRACT_H
#define SPEAR_SYZ_EXTRACT_H

#include "spear/syz/compile.h"

enum {
    EXTRACT_ROUNDS_MAX = 256,            /* runs over one file; some compilers stop at 20 errors */
    EXTRACT_OBJECT_BYTES_MAX = 64 << 20, /* of the object file */
    EXTRACT_ERRORS_BYTES_MAX = 16 << 20, /* of what the compiler says in one run */
};

struct extract_options {
    const char *compiler; /* NULL: cc */
    const char *headers;  /* folder searched before the system's own; NULL: none */
};

struct extract_result {
    struct str text; /* of the .const file */
    uint32_t known, unknown;
    uint32_t rounds;
    struct str *lost_headers; /* included, but not there */
    uint32_t lost_header_count;
    bool is_skipped; /* the file says noextract, or is for other machines; the rest is empty */
};

/* Extracts for source `file`, a .txt, out of what syz_wanted() listed for it. The values for other
 * machines that `before` (the present .const file, may be empty) gives are kept. Everything lands
 * in the arena, inside whose arena_guard() this runs. ST_IO when the compiler cannot be run,
 * ST_MALFORMED when it refuses the headers themselves, ST_LIMIT past a limit above. */
MUST_USE enum status syz_extract(const struct syz_sources *sources, uint32_t file,
                                 const struct syz_wanted_list *wanted, struct str before,
                                 const struct syz_arch *arch, const struct extract_options *options,
                                 struct arena *a, struct extract_result *out, struct diag *dg);

/* ---- extract_cc.c ---- */

struct extract_object {
    struct str object; /* empty when the compiler refused */
    struct str errors; /* what it said */
};
/* Compiles a C text to an object file. Inside arena_guard() of a. */
MUST_USE enum status extract_compile(struct str text, const struct str *incdirs,
                                     uint32_t incdir_count, const struct extract_options *options,
                                     struct arena *a, struct extract_object *out, struct diag *dg);

/* ---- extract_elf.c ---- */

/* A number in the byte order of the machine that the object is for. */
uint64_t extract_number(struct str object, size_t at, uint32_t bytes);
/* The bytes of the section, within the object; ST_MALFORMED when there is none, or no ELF. */
MUST_USE enum status extract_section(struct str object, const char *name, struct str *out,
                                     struct diag *dg);

/* ---- extract_text.c ---- */

struct extract_value {
    struct str name;
    uint64_t value;
    bool is_known;
};
/* The .const file: these values for arch, and for others what `before` says of the same names. */
void extract_print(const struct extract_value *values, uint32_t count, struct str before,
                   const struct syz_arch *arch, struct buf *out);

#endif /* SPEAR_SYZ_EXTRACT_H */
