/* options: the parser of command lines. `--name=value`, `--name value`, `-n value`, `-nvalue`,
 * flags bundled as `-ab`, `--` ends the options. It knows no command; it is given tables.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cli/cli.h"

#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

struct unit {
    const char *word;
    uint64_t factor;
};

static const struct unit size_units[] = {
    {"",    1                },
    {"B",   1                },
    {"k",   UINT64_C(1) << 10},
    {"K",   UINT64_C(1) << 10},
    {"M",   UINT64_C(1) << 20},
    {"G",   UINT64_C(1) << 30},
    {"T",   UINT64_C(1) << 40},
    {"KiB", UINT64_C(1) << 10},
    {"MiB", UINT64_C(1) << 20},
    {"GiB", UINT64_C(1) << 30},
    {"TiB", UINT64_C(1) << 40},
};

static const struct unit duration_units[] = {
    {"",   NS_PER_S       },
    {"ns", 1              },
    {"us", 1000           },
    {"ms", 1000000        },
    {"s",  NS_PER_S       },
    {"m",  60 * NS_PER_S  },
    {"h",  3600 * NS_PER_S},
};

static const char *expected_text[] = {
    [CLI_UINT] = "a whole number such as 1000 or 0x3e8",
    [CLI_SIZE] = "a size such as 65536, 64K, 512MiB or 4G",
    [CLI_DURATION] = "a duration such as 250ms, 1.5s, 2m or 10",
};

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Digits at *text; false when there is none or they exceed 64 bits. */
static bool parse_digits(const char **text, uint64_t base, uint64_t *out)
{
    const char *p = *text;
    uint64_t value = 0;

    while ((uint64_t)digit_value(*p) < base) {
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit_value(*p), &value))
            return false;
        p++;
    }
    if (p == *text)
        return false;
    *text = p;
    *out = value;
    return true;
}

static bool parse_uint(const char *text, uint64_t *out)
{
    bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    text += is_hex ? 2 : 0;
    return parse_digits(&text, is_hex ? 16 : 10, out) && *text == '\0';
}

/* A number with up to nine decimals, and a unit. */
static bool parse_scaled(const char *text, const struct unit *units, size_t unit_count,
                         uint64_t *out)
{
    uint64_t whole = 0, fraction = 0, scale = 1;

    if (!parse_digits(&text, 10, &whole))
        return false;
    if (*text == '.') {
        const char *start = ++text;
        if (!parse_digits(&text, 10, &fraction) || text - start > 9)
            return false;
        for (const char *p = start; p < text; p++)
            scale *= 10;
    }
    for (size_t i = 0; i < unit_count; i++) {
        if (strcmp(text, units[i].word) != 0)
            continue;
        __uint128_t part = (__uint128_t)fraction * units[i].factor / scale;
        return !__builtin_mul_overflow(whole, units[i].factor, &whole) &&
               !__builtin_add_overflow(whole, (uint64_t)part, out);
    }
    return false;
}

/* The index of word in "a|b|c", from 1; 0 when it is not there. */
static unsigned choice_index(const char *words, const char *word)
{
    unsigned index = 1;
    size_t size = strlen(word);

    for (const char *p = words; *p != '\0'; index++) {
        size_t here = strcspn(p, "|");
        if (here == size && memcmp(p, word, size) == 0)
            return index;
        p += here + (p[here] == '|');
    }
    return 0;
}

static void *field_of(struct cli_parser *p, const struct cli_opt *o)
{
    return (char *)p->options + o->offset;
}

static enum status set_number(struct cli_parser *p, const struct cli_opt *o, const char *value,
                              struct diag *dg)
{
    struct cli_number *n = field_of(p, o);
    bool ok = false;

    if (o->type == CLI_UINT)
        ok = parse_uint(value, &n->value);
    else if (o->type == CLI_SIZE)
        ok = parse_scaled(value, size_units, LENGTH_OF(size_units), &n->value);
    else
        ok = parse_scaled(value, duration_units, LENGTH_OF(duration_units), &n->value);
    if (!ok)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "--%s expects %s, found \"%s\"", o->name,
                         expected_text[o->type], value);
    n->is_set = true;
    return ST_OK;
}

static enum status set_list(struct cli_parser *p, const struct cli_opt *o, const char *value,
                            struct diag *dg)
{
    struct cli_list *list = field_of(p, o);
    const char **items = mem_resize(list->items, list->count + 1, sizeof(*items));

    if (items == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "--%s is given too often", o->name);
    list->items = items;
    items[list->count++] = value;
    return ST_OK;
}

static enum status set_value(struct cli_parser *p, const struct cli_opt *o, const char *value,
                             struct diag *dg)
{
    switch (o->type) {
    case CLI_FLAG: *(bool *)field_of(p, o) = true; return ST_OK;
    case CLI_STRING: *(const char **)field_of(p, o) = value; return ST_OK;
    case CLI_LIST: return set_list(p, o, value, dg);
    case CLI_CHOICE: {
        unsigned index = choice_index(o->argument, value);
        if (index == 0)
            return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "--%s expects one of %s, found \"%s\"",
                             o->name, o->argument, value);
        *(unsigned *)field_of(p, o) = index;
        return ST_OK;
    }
    case CLI_UINT:
    case CLI_SIZE:
    case CLI_DURATION: break;
    }
    return set_number(p, o, value, dg);
}

static enum status refuse_unknown(const struct cli_parser *p, const char *word, size_t name_size,
                                  struct diag *dg)
{
    char name[64];
    snprintf(name, sizeof(name), "%.*s", (int)MIN(name_size, sizeof(name) - 1), word + 2);
    struct nearest near = {.word = name};

    for (uint32_t i = 0; i < p->opt_count; i++)
        nearest_try(&near, p->opts[i].name);
    if (near.best != NULL)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "unknown option --%s; did you mean --%s? (`mujun help %s` lists all)",
                         name, near.best, p->command);
    return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "unknown option --%s; `mujun help %s` lists all",
                     name, p->command);
}

/* argv[*at] begins with "--". Moves *at to the value when that is the next word. */
static enum status parse_long(struct cli_parser *p, int argc, char **argv, int *at, struct diag *dg)
{
    const char *word = argv[*at];
    size_t name_size = strcspn(word + 2, "=");
    const char *value = word[2 + name_size] == '=' ? word + 3 + name_size : NULL;
    const struct cli_opt *o = NULL;

    for (uint32_t i = 0; i < p->opt_count && o == NULL; i++)
        if (strlen(p->opts[i].name) == name_size &&
            memcmp(p->opts[i].name, word + 2, name_size) == 0)
            o = &p->opts[i];
    if (o == NULL)
        return refuse_unknown(p, word, name_size, dg);
    if (o->type == CLI_FLAG && value != NULL)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "--%s takes no value, found \"%s\"", o->name,
                         value);
    if (o->type != CLI_FLAG && value == NULL) {
        if (*at + 1 >= argc)
            return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "--%s expects <%s>, found nothing",
                             o->name, o->argument);
        value = argv[++*at];
    }
    return set_value(p, o, value, dg);
}

/* argv[*at] is one dash and letters: flags, of which the last may take a value. */
static enum status parse_short(struct cli_parser *p, int argc, char **argv, int *at,
                               struct diag *dg)
{
    for (const char *c = argv[*at] + 1; *c != '\0'; c++) {
        const struct cli_opt *o = NULL;
        for (uint32_t i = 0; i < p->opt_count && o == NULL; i++)
            if (p->opts[i].letter == *c)
                o = &p->opts[i];
        if (o == NULL)
            return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                             "unknown option -%c; `mujun help %s` lists all", *c, p->command);
        if (o->type == CLI_FLAG) {
            *(bool *)field_of(p, o) = true;
            continue;
        }
        const char *value = c[1] != '\0' ? c + 1 : *at + 1 < argc ? argv[++*at] : NULL;
        if (value == NULL)
            return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "-%c expects <%s>, found nothing", *c,
                             o->argument);
        return set_value(p, o, value, dg);
    }
    return ST_OK;
}

enum status cli_parse(struct cli_parser *p, int argc, char **argv, struct diag *dg)
{
    bool only_operands = false;

    p->operand_count = 0;
    for (int at = 0; at < argc; at++) {
        if (only_operands || argv[at][0] != '-' || argv[at][1] == '\0') {
            p->operands[p->operand_count++] = argv[at];
            only_operands = only_operands || p->order == CLI_LEADING;
        } else if (strcmp(argv[at], "--") == 0) {
            only_operands = true;
        } else if (argv[at][1] == '-') {
            TRY(parse_long(p, argc, argv, &at, dg));
        } else {
            TRY(parse_short(p, argc, argv, &at, dg));
        }
    }
    p->operands[p->operand_count] = NULL;
    return ST_OK;
}

void cli_options_free(const struct cli_parser *p)
{
    for (uint32_t i = 0; i < p->opt_count; i++)
        if (p->opts[i].type == CLI_LIST)
            mem_free(((struct cli_list *)(void *)((char *)p->options + p->opts[i].offset))->items);
}
