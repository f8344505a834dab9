/*
 * rulec: compiles rule files to C.
 *
 *   rulec [-t] -o OUT.c FILE.rules...
 *
 * The files are one program: what one declares, all know. -t: writes the rules each for itself
 * with builders of what they match, for tests/unit/test_opt_rules.c.
 * Exit: 0 written; 1 refused, the message is on standard error and OUT.c untouched.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "rulec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES_MAX = 512 << 20 };

struct job {
    struct arena arena;
    const char *out;
    char **files;
    int file_count;
    bool tries;
};

_Noreturn void rule_refuse(struct position at, const char *fmt, ...)
{
    va_list args;

    fprintf(stderr, "%s:%u:%u: ", at.file, at.line, at.column);
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

const char *text_of(struct program *p, struct str s)
{
    return arena_copy_text(p->arena, s.text, s.size);
}

static struct str read_file(struct arena *a, const char *name)
{
    struct buf b;
    char part[4096];
    FILE *f = fopen(name, "r");

    buf_init(&b, a);
    if (f == NULL) {
        fprintf(stderr, "%s: cannot be read\n", name);
        exit(1);
    }
    for (size_t n; (n = fread(part, 1, sizeof(part), f)) > 0;)
        buf_bytes(&b, part, n);
    fclose(f);
    return (struct str){(const char *)b.data, b.size};
}

static void add_kinds(struct program *p)
{
#define KIND(name, text, ctype)                                                                    \
    ARENA_PUSH(p->arena, p->kinds, p->kind_count, p->kind_capacity,                                \
               ((struct kind){{text, sizeof(text) - 1}, ctype}));
#include "kinds.def"
#undef KIND
}

static void check_header(const struct program *p, const char *file)
{
    struct position at = {file, 1, 1};

    if (p->header.size == 0 || p->context.size == 0 || p->prefix.size == 0)
        rule_refuse(at, "some file must say: header \"FILE.h\"; context \"TYPE\"; prefix NAME;");
    for (uint32_t i = 0; i < p->function_count; i++)
        if (!p->functions[i].used)
            rule_refuse(p->functions[i].at, "'%.*s' is declared and never used",
                        STR_ARG(p->functions[i].name));
}

static enum status run(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    struct program p = {.arena = &j->arena, .current_root = UINT32_MAX};
    struct buf out;

    (void)dg;
    add_kinds(&p);
    for (int i = 0; i < j->file_count; i++) {
        p.current_root = UINT32_MAX;
        read_rules(&p, j->files[i], read_file(&j->arena, j->files[i]));
    }
    check_rules(&p);
    check_overlaps(&p);
    check_header(&p, j->files[0]);
    buf_init(&out, &j->arena);
    if (j->tries)
        emit_tries(&p, &out);
    else
        emit_program(&p, &out);
    FILE *f = fopen(j->out, "w");
    if (f == NULL || fwrite(out.data, 1, out.size, f) != out.size || fclose(f) != 0) {
        fprintf(stderr, "%s: cannot be written\n", j->out);
        exit(1);
    }
    return ST_OK;
}

int main(int argc, char **argv)
{
    struct job j = {.file_count = 0};
    struct diag dg = {0};
    int i = 1;

    for (; i < argc && argv[i][0] == '-'; i++)
        if (strcmp(argv[i], "-t") == 0)
            j.tries = true;
        else if (strcmp(argv[i], "-o") == 0 && i + 1 < argc)
            j.out = argv[++i];
    if (j.out == NULL || i == argc) {
        fputs("usage: rulec [-t] -o OUT.c FILE.rules...\n", stderr);
        return 1;
    }
    j.files = argv + i;
    j.file_count = argc - i;
    arena_init(&j.arena, ARENA_BYTES_MAX);
    if (arena_guard(&j.arena, run, &j, &dg) != ST_OK) {
        fprintf(stderr, "rulec: %s\n", dg.text);
        return 1;
    }
    arena_free(&j.arena);
    return 0;
}
