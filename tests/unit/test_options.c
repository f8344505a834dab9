/* test_options: the option parser at its boundaries, what it refuses and how it says so, and that
 * the command tables are sound. SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "cli/cli.h"

#include <inttypes.h>
#include <string.h>

struct sample {
    bool quiet, verbose;
    struct cli_number count, size, time;
    const char *output;
    struct cli_list dirs;
    unsigned mode;
};

static const struct cli_opt opts[] = {
    {0, CLI_FLAG,     'q', "quiet",   "",          "", offsetof(struct sample, quiet)  },
    {0, CLI_FLAG,     'v', "verbose", "",          "", offsetof(struct sample, verbose)},
    {0, CLI_UINT,     'n', "count",   "n",         "", offsetof(struct sample, count)  },
    {0, CLI_SIZE,     0,   "size",    "bytes",     "", offsetof(struct sample, size)   },
    {0, CLI_DURATION, 0,   "time",    "time",      "", offsetof(struct sample, time)   },
    {0, CLI_STRING,   'o', "output",  "file",      "", offsetof(struct sample, output) },
    {0, CLI_LIST,     'd', "dir",     "host",      "", offsetof(struct sample, dirs)   },
    {0, CLI_CHOICE,   0,   "mode",    "trap|zero", "", offsetof(struct sample, mode)   },
};

enum { WORDS_MAX = 8 };

/* Splits at blanks; "_" stands for the empty word. */
static int split(char *line, char **words)
{
    int count = 0;
    for (char *p = line; *p != '\0' && count < WORDS_MAX;) {
        size_t size = strcspn(p, " ");
        bool ends = p[size] == '\0';
        p[size] = '\0';
        words[count++] = strcmp(p, "_") == 0 ? p + 1 : p;
        p += size + !ends;
    }
    return count;
}

/* What came out, as one line of text. */
static void describe(const struct sample *s, const struct cli_parser *p, char *out, size_t size)
{
    int n = snprintf(out, size, "%s%s", s->quiet ? "quiet " : "", s->verbose ? "verbose " : "");
    const struct cli_number *numbers[] = {&s->count, &s->size, &s->time};
    for (uint32_t i = 0; i < LENGTH_OF(numbers); i++)
        if (numbers[i]->is_set)
            n += snprintf(out + n, size - (size_t)n, "%s=%" PRIu64 " ", opts[2 + i].name,
                          numbers[i]->value);
    if (s->output != NULL)
        n += snprintf(out + n, size - (size_t)n, "output=%s ", s->output);
    for (uint32_t i = 0; i < s->dirs.count; i++)
        n += snprintf(out + n, size - (size_t)n, "dir=%s ", s->dirs.items[i]);
    if (s->mode != 0)
        n += snprintf(out + n, size - (size_t)n, "mode=%u ", s->mode);
    for (int i = 0; i < p->operand_count; i++)
        n += snprintf(out + n, size - (size_t)n, "%s%s", i == 0 ? "|" : " ", p->operands[i]);
}

static const struct {
    const char *line;
    enum cli_order order;
    const char *want; /* described, or the refusal */
} rows[] = {
    {"",                        CLI_MIXED,   ""                                                },
    {"a b",                     CLI_MIXED,   "|a b"                                            },
    {"-q a -v",                 CLI_MIXED,   "quiet verbose |a"                                },
    {"-qv",                     CLI_MIXED,   "quiet verbose "                                  },
    {"-q a -v",                 CLI_LEADING, "quiet |a -v"                                     },
    {"-- -q",                   CLI_MIXED,   "|-q"                                             },
    {"a -- -q --",              CLI_MIXED,   "|a -q --"                                        },
    {"-",                       CLI_MIXED,   "|-"                                              },
    {"--count=7",               CLI_MIXED,   "count=7 "                                        },
    {"--count 7 8",             CLI_MIXED,   "count=7 |8"                                      },
    {"-n7",                     CLI_MIXED,   "count=7 "                                        },
    {"-qn 7",                   CLI_MIXED,   "quiet count=7 "                                  },
    {"--count=0x10",            CLI_MIXED,   "count=16 "                                       },
    {"-n 18446744073709551615", CLI_MIXED,   "count=18446744073709551615 "                     },
    {"--size=0",                CLI_MIXED,   "size=0 "                                         },
    {"--size=64K",              CLI_MIXED,   "size=65536 "                                     },
    {"--size=1.5MiB",           CLI_MIXED,   "size=1572864 "                                   },
    {"--size=16777215T",        CLI_MIXED,   "size=18446742974197923840 "                      },
    {"--time=2",                CLI_MIXED,   "time=2000000000 "                                },
    {"--time=1.5s",             CLI_MIXED,   "time=1500000000 "                                },
    {"--time=250ms",            CLI_MIXED,   "time=250000000 "                                 },
    {"--time=2m",               CLI_MIXED,   "time=120000000000 "                              },
    {"--output=",               CLI_MIXED,   "output= "                                        },
    {"--output _",              CLI_MIXED,   "output= "                                        },
    {"--output=a=b",            CLI_MIXED,   "output=a=b "                                     },
    {"-o -q",                   CLI_MIXED,   "output=-q "                                      },
    {"--dir a -db --dir=c",     CLI_MIXED,   "dir=a dir=b dir=c "                              },
    {"--mode=trap",             CLI_MIXED,   "mode=1 "                                         },
    {"--mode zero",             CLI_MIXED,   "mode=2 "                                         },
    {"--count=1 --count=2",     CLI_MIXED,   "count=2 "                                        },
    {"--count=",                CLI_MIXED,   "!--count expects a whole number"                 },
    {"--count=-1",              CLI_MIXED,   "!--count expects a whole number"                 },
    {"--count=1x",              CLI_MIXED,   "!found \"1x\""                                   },
    {"--count=0x",              CLI_MIXED,   "!found \"0x\""                                   },
    {"-n 18446744073709551616", CLI_MIXED,   "!--count expects a whole number"                 },
    {"--size=12Q",              CLI_MIXED,   "!--size expects a size such as"                  },
    {"--size=16777216T",        CLI_MIXED,   "!--size expects a size"                          },
    {"--size=1.M",              CLI_MIXED,   "!--size expects a size"                          },
    {"--time=1.1234567890s",    CLI_MIXED,   "!--time expects a duration"                      },
    {"--time=soon",             CLI_MIXED,   "!found \"soon\""                                 },
    {"--mode=tra",              CLI_MIXED,   "!--mode expects one of trap|zero, found \"tra\"" },
    {"--mode=",                 CLI_MIXED,   "!--mode expects one of"                          },
    {"--quiet=yes",             CLI_MIXED,   "!--quiet takes no value, found \"yes\""          },
    {"--count",                 CLI_MIXED,   "!--count expects <n>, found nothing"             },
    {"-o",                      CLI_MIXED,   "!-o expects <file>, found nothing"               },
    {"-qx",                     CLI_MIXED,   "!unknown option -x"                              },
    {"--queit",                 CLI_MIXED,   "!unknown option --queit; did you mean --quiet?"  },
    {"--verb",                  CLI_MIXED,   "!did you mean --verbose?"                        },
    {"--ouptut=x",              CLI_MIXED,   "!unknown option --ouptut; did you mean --output?"},
    {"--zebra",                 CLI_MIXED,   "!unknown option --zebra; `mujun help t` lists"   },
    {"--dir a --zebra",         CLI_MIXED,   "!unknown option --zebra"                         },
};

static void test_rows(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        struct sample s = {0};
        char line[128], got[256];
        char *words[WORDS_MAX + 1], *operands[WORDS_MAX + 1];
        struct diag dg = {0};

        snprintf(line, sizeof(line), "%s", rows[i].line);
        int count = split(line, words);
        struct cli_parser p = {"t", opts, LENGTH_OF(opts), rows[i].order, &s, operands, 0};
        enum status st = cli_parse(&p, count, words, &dg);
        bool refuse = rows[i].want[0] == '!';
        if (refuse)
            tap_ok(st == ST_USAGE && strstr(dg.text, rows[i].want + 1) != NULL, "%s: %s",
                   rows[i].line, dg.text);
        else {
            describe(&s, &p, got, sizeof(got));
            tap_ok(st == ST_OK && strcmp(got, rows[i].want) == 0 &&
                       operands[p.operand_count] == NULL,
                   "%s: %s%s", rows[i].line, got, dg.text);
        }
        cli_options_free(&p);
    }
}

/* Names and letters are unique, texts are there and fit a line of help. */
static void test_tables(void)
{
    for (uint32_t id = 0; id < CLI_COMMAND_COUNT; id++) {
        uint32_t count = 0, examples = 0, abouts = 0;
        const struct cli_opt *o = cli_opts_of((enum cli_command_id)id, &count);
        bool sound = true;
        for (uint32_t i = 0; i < count; i++) {
            sound = sound && o[i].help[0] != '\0' && strlen(o[i].help) <= 66;
            sound = sound && (o[i].type == CLI_FLAG) == (o[i].argument[0] == '\0');
            for (uint32_t j = 0; j < i; j++)
                sound = sound && strcmp(o[i].name, o[j].name) != 0 &&
                        (o[i].letter == 0 || o[i].letter != o[j].letter);
        }
        cli_examples_of((enum cli_command_id)id, &examples);
        cli_abouts_of((enum cli_command_id)id, &abouts);
        tap_ok(sound && count != 0, "%s: %u sound options", cli_commands[id].name, count);
        tap_ok(examples != 0 && abouts != 0, "%s: described, with %u examples",
               cli_commands[id].name, examples);
        tap_ok(cli_command_find(cli_commands[id].name) == id, "%s: is found by name",
               cli_commands[id].name);
    }
}

static void test_nearest(void)
{
    static const struct {
        const char *word, *want;
    } near[] = {
        {"validate", "validate"},
        {"vaildate", "validate"},
        {"vali",     "validate"},
        {"rum",      "run"     },
        {"x",        NULL      },
        {"zzzzzz",   NULL      },
        {"",         NULL      },
    };
    for (uint32_t i = 0; i < LENGTH_OF(near); i++) {
        struct nearest n = {.word = near[i].word};
        const char *known[] = {"run", "validate", "print"};
        for (uint32_t j = 0; j < LENGTH_OF(known); j++)
            nearest_try(&n, known[j]);
        bool same = n.best == near[i].want ||
                    (n.best != NULL && near[i].want != NULL && strcmp(n.best, near[i].want) == 0);
        tap_ok(same, "\"%s\": %s", near[i].word, n.best != NULL ? n.best : "nothing is near");
    }
}

int main(void)
{
    test_rows();
    test_tables();
    test_nearest();
    return tap_done();
}
