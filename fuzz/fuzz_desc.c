/* fuzz_desc: descriptions of any bytes, compiled; what parses is printed, and the print is a fixed
 * point. A NUL byte ends the descriptions; what follows is a .const file.
 * SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "spear/syz/ast.h"
#include "spear/syz/compile.h"

#include <string.h>

struct job {
    struct arena arena;
    struct str text, consts;
};

static struct str print(struct job *job, struct str text, struct syz_errors *errors)
{
    struct buf b;

    buf_init(&b, &job->arena);
    ast_print(ast_parse(text, 0, &job->arena, errors), &b);
    return (struct str){(const char *)b.data, b.size};
}

static enum status run(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct syz_errors errors = {.arena = &job->arena}, again = {.arena = &job->arena};
    struct syz_errors compiling = {.arena = &job->arena};
    struct syz_source items[] = {
        {STR("a.txt"),   job->text  },
        {STR("a.const"), job->consts}
    };
    struct syz_sources sources = {items, 2, 2};
    const struct syz_target *target = NULL;

    struct str once = print(job, job->text, &errors);
    if (errors.total == 0) {
        struct str twice = print(job, once, &again);
        FUZZ_CHECK(again.total == 0, "canonical text parses");
        FUZZ_CHECK(str_equal(once, twice), "canonical text stays as it is");
    }
    enum status st =
        syz_compile(&sources, syz_arch_find("amd64"), &job->arena, &compiling, &target, dg);
    FUZZ_CHECK((st == ST_OK) == (compiling.total == 0), "a refusal has errors");
    for (uint32_t i = 0; i < compiling.count; i++)
        FUZZ_CHECK(compiling.items[i].text[0] != '\0', "an error says why");
    for (uint32_t i = 0; st == ST_OK && i < target->call_count; i++)
        FUZZ_CHECK(syz_call_find(target, target->calls[i].name) == &target->calls[i],
                   "every call is found by its name");
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct job job = {
        .text = {(const char *)data, size}
    };
    struct diag dg = {0};
    const uint8_t *nul = size == 0 ? NULL : memchr(data, 0, size);

    if (nul != NULL) {
        job.text.size = (size_t)(nul - data);
        job.consts = (struct str){(const char *)nul + 1, size - job.text.size - 1};
    }
    arena_init(&job.arena, (size_t)128 << 20);
    enum status st = arena_guard(&job.arena, run, &job, &dg);
    FUZZ_CHECK(st == ST_OK || st == ST_MALFORMED || st == ST_LIMIT || st == ST_NO_MEMORY,
               "compiling ends as documented");
    arena_free(&job.arena);
    return 0;
}
