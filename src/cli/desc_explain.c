/* desc_explain: why a call is enabled or not, as the chain that leads to what is missing.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/desc.h"

#include "base/mem.h"

#include <string.h>

enum { SHOWN_MAX = 6 }; /* calls named per resource */

static const struct {
    const char *word, *text;
} reasons[] = {
    [SYZ_ENABLED] = {"enabled",     "enabled"                                   },
    [SYZ_OFF_ATTR] = {"marked",      "marked (disabled)"                         },
    [SYZ_OFF_ARCH] = {"other_arch",  "in a file for other machines"              },
    [SYZ_OFF_NUMBER] = {"no_number",   "without a number on this machine"          },
    [SYZ_OFF_CONST] = {"no_constant", "a constant without a value on this machine"},
    [SYZ_OFF_RESOURCE] = {"no_resource", "a resource that no enabled call makes"     },
};

const char *desc_why_word(enum syz_why why)
{
    return reasons[why].word;
}

const char *desc_why_text(enum syz_why why)
{
    return reasons[why].text;
}

void desc_why_sentence(const struct cli_target *loaded, const struct syz_call *call, char *out,
                       size_t size)
{
    switch (call->why) {
    case SYZ_ENABLED: snprintf(out, size, "enabled"); break;
    case SYZ_OFF_ATTR: snprintf(out, size, "disabled: marked (disabled)"); break;
    case SYZ_OFF_ARCH: {
        struct str path = syz_path_of(&loaded->sources, call->pos.file);
        snprintf(out, size, "disabled: %.*s is for other machines", STR_ARG(path));
        break;
    }
    case SYZ_OFF_NUMBER:
    case SYZ_OFF_CONST:
        snprintf(out, size, "disabled: %.*s has no value on %s", STR_ARG(call->missing),
                 loaded->arch->name);
        break;
    case SYZ_OFF_RESOURCE:
        snprintf(out, size, "disabled: no enabled call makes %.*s",
                 call->needs != NULL ? (int)call->needs->name.size : 10,
                 call->needs != NULL ? call->needs->name.text : "a resource");
        break;
    }
}

struct chain {
    const struct cli_target *loaded;
    bool *seen; /* per resource */
};

static bool makes(const struct syz_call *call, const struct syz_resource *r)
{
    for (uint32_t i = 0; i < call->output_count; i++)
        if (syz_resource_is_a(call->outputs[i], r))
            return true;
    return false;
}

/* Every call that would make r, with its reason, and what is behind that. */
static void show_makers(struct chain *ch, const struct syz_resource *r, unsigned indent)
{
    uint32_t count = 0;
    char why[512];

    if (ch->seen[r->id]) {
        printf("%*s%.*s: see above\n", (int)indent, "", STR_ARG(r->name));
        return;
    }
    ch->seen[r->id] = true;
    for (uint32_t i = 0; i < ch->loaded->target->call_count; i++) {
        const struct syz_call *call = &ch->loaded->target->calls[i];
        if (!makes(call, r))
            continue;
        count++;
        desc_why_sentence(ch->loaded, call, why, sizeof(why));
        printf("%*s%.*s could be made by %.*s, %s\n", (int)indent, "", STR_ARG(r->name),
               STR_ARG(call->name), why);
        if (call->why == SYZ_OFF_RESOURCE && call->needs != NULL)
            show_makers(ch, call->needs, indent + 2);
    }
    if (count == 0)
        printf("%*sno call makes %.*s\n", (int)indent, "", STR_ARG(r->name));
}

static void show_input(const struct cli_target *loaded, const struct syz_resource *r)
{
    printf("  takes %.*s, made by %u enabled call%s", STR_ARG(r->name), r->constructor_count,
           r->constructor_count == 1 ? "" : "s");
    for (uint32_t i = 0; i < MIN(r->constructor_count, (uint32_t)SHOWN_MAX); i++) {
        struct str name = loaded->target->calls[r->constructors[i]].name;
        printf("%s%.*s", i == 0 ? ": " : ", ", STR_ARG(name));
    }
    puts(r->constructor_count > SHOWN_MAX ? ", ..." : "");
}

static json_t *resources_json(const struct cli_target *loaded,
                              const struct syz_resource *const *list, uint32_t count)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < count; i++) {
        json_t *by = json_array();
        for (uint32_t k = 0; k < list[i]->constructor_count; k++)
            json_array_append_new(
                by, cli_json_str(loaded->target->calls[list[i]->constructors[k]].name));
        json_array_append_new(
            array, json_pack("{s:o, s:o}", "resource", cli_json_str(list[i]->name), "made_by", by));
    }
    return array;
}

static void explain_json(const struct cli_target *loaded, const struct syz_call *call,
                         const char *why)
{
    json_t *j = json_pack("{s:o, s:b, s:s, s:o, s:o, s:i}", "name", cli_json_str(call->name),
                          "enabled", call->why == SYZ_ENABLED, "reason", desc_why_word(call->why),
                          "why", cli_json_text(why), "file",
                          cli_json_str(syz_path_of(&loaded->sources, call->pos.file)), "line",
                          (int)call->pos.line);

    json_object_set_new(j, "takes", resources_json(loaded, call->inputs, call->input_count));
    json_object_set_new(j, "makes", resources_json(loaded, call->outputs, call->output_count));
    if (call->missing.size != 0)
        json_object_set_new(j, "missing_constant", cli_json_str(call->missing));
    if (call->needs != NULL)
        json_object_set_new(j, "missing_resource", cli_json_str(call->needs->name));
    cli_json_print(j);
}

static void explain_text(const struct cli_target *loaded, const struct syz_call *call,
                         const char *why, bool *seen)
{
    struct str path = syz_path_of(&loaded->sources, call->pos.file);
    struct chain ch = {loaded, seen};

    printf("%.*s: %s\n  declared at %.*s:%u\n", STR_ARG(call->name), why, STR_ARG(path),
           call->pos.line);
    if (call->number >= 0)
        printf("  number %jd\n", (intmax_t)call->number);
    for (uint32_t i = 0; i < call->input_count; i++)
        show_input(loaded, call->inputs[i]);
    for (uint32_t i = 0; i < call->output_count; i++)
        printf("  makes %.*s\n", STR_ARG(call->outputs[i]->name));
    if (call->why == SYZ_OFF_RESOURCE && call->needs != NULL)
        show_makers(&ch, call->needs, 2);
}

int desc_explain(const struct cli_target *loaded, const struct cli_args *args, const char *name,
                 bool json)
{
    const struct syz_call *call = syz_call_find(loaded->target, str_of(name));
    char why[512];

    if (call == NULL) {
        struct nearest near = {.word = name};
        char best[256] = "";
        for (uint32_t i = 0; i < loaded->target->call_count; i++) {
            char candidate[256];
            const char *before = near.best;
            snprintf(candidate, sizeof(candidate), "%.*s", STR_ARG(loaded->target->calls[i].name));
            nearest_try(&near, candidate);
            if (near.best != before) {
                memcpy(best, candidate, sizeof(best));
                near.best = best;
            }
        }
        return cli_usage(args, "expected a call of these descriptions, found %s%s%s", name,
                         best[0] != '\0' ? "; did you mean " : "", best);
    }
    desc_why_sentence(loaded, call, why, sizeof(why));
    if (json) {
        explain_json(loaded, call, why);
        return 0;
    }
    bool *seen = mem_alloc(loaded->target->resource_count + 1, sizeof(*seen));
    if (seen == NULL)
        return status_exit_code(ST_NO_MEMORY);
    explain_text(loaded, call, why, seen);
    mem_free(seen);
    return 0;
}
