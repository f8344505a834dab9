/* fuzz_config: configurations of any bytes. What is taken is printed value by value, and each value
 * is taken again from the command line's side and prints the same.
 * SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"
#include "spear/manager/config.h"

#include <string.h>

struct job {
    struct arena arena;
    struct str text;
};

static struct str print(struct arena *a, const struct config *c, enum config_id id)
{
    struct buf b;

    buf_init(&b, a);
    config_print_value(c, id, &b);
    buf_byte(&b, 0);
    return (struct str){(const char *)b.data, b.size};
}

static bool has_comma(const struct config *c, enum config_id id)
{
    const struct config_list *list = (const void *)((const char *)c + config_keys[id].offset);

    for (uint32_t i = 0; i < list->count; i++)
        if (strchr(list->items[i], ',') != NULL || list->items[i][0] == '\0')
            return true;
    return false;
}

static enum status run(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct config c, again;

    config_init(&c, &job->arena);
    enum status st = config_parse(&c, job->text, dg);
    if (st != ST_OK) {
        FUZZ_CHECK(dg->text[0] != '\0', "a refusal says why");
        return st;
    }
    config_init(&again, &job->arena);
    for (uint32_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        enum config_id id = (enum config_id)i;
        struct str value = print(&job->arena, &c, id);
        if (config_keys[i].type == CONFIG_TYPE_LIST && has_comma(&c, id))
            continue; /* the command line cannot say that */
        FUZZ_CHECK(config_set(&again, config_keys[i].path, value.text, dg) == ST_OK,
                   "what is printed is taken");
        FUZZ_CHECK(str_equal(print(&job->arena, &again, id), value), "and is the same");
    }
    return ST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct job job = {
        .text = {(const char *)data, size}
    };
    struct diag dg = {0};

    arena_init(&job.arena, FUZZ_ARENA_BYTES);
    enum status st = arena_guard(&job.arena, run, &job, &dg);
    FUZZ_CHECK(st == ST_OK || dg.status == st, "the status is that of the message");
    arena_free(&job.arena);
    return 0;
}
