/* help: what --help and `mujun help` print, all of it from tables.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "shield/wasm/features.h"

#include <string.h>

enum { INDENT = 2, OPTION_WIDTH = 28 };

static void heading(FILE *out, const char *text)
{
    bool color = cli_has_color(out);
    fprintf(out, "\n%s%s%s\n", color ? "\033[1m" : "", text, color ? "\033[0m" : "");
}

/* "  word      text", the text wrapped beside the word, or below a wide one. */
static void row(FILE *out, const char *word, const char *text, unsigned width)
{
    unsigned column = (unsigned)fprintf(out, "  %s", word);

    if (column > width + INDENT) {
        fputc('\n', out);
        column = 0;
    }
    cli_wrap(out, column, width + 2 * INDENT, text);
}

void cli_help_all(FILE *out)
{
    fputs("mujun - run, check and translate WebAssembly\n\n"
          "  mujun <command> [options] [operands]\n",
          out);
    heading(out, "Commands:");
    for (uint32_t i = 0; i < CLI_COMMAND_COUNT; i++)
        row(out, cli_commands[i].name, cli_commands[i].summary, 12);
    heading(out, "Topics of mujun help:");
    for (const struct cli_topic *t = cli_topics; t->name != NULL; t++)
        row(out, t->name, t->summary, 12);
    fputs("\n`mujun help <command>` shows its options and examples.\n", out);
}

static void option_row(FILE *out, const struct cli_opt *o)
{
    char word[80];
    size_t used = 0;

    if (o->letter != 0)
        used = (size_t)snprintf(word, sizeof(word), "-%c, ", o->letter);
    if (o->type == CLI_FLAG)
        snprintf(word + used, sizeof(word) - used, "--%s", o->name);
    else if (o->type == CLI_CHOICE)
        snprintf(word + used, sizeof(word) - used, "--%s=%s", o->name, o->argument);
    else
        snprintf(word + used, sizeof(word) - used, "--%s=<%s>", o->name, o->argument);
    row(out, word, o->help, OPTION_WIDTH);
}

void cli_help_command(FILE *out, enum cli_command_id id)
{
    const struct cli_command *c = &cli_commands[id];
    uint32_t count = 0;

    fprintf(out, "mujun %s - %s\n\n  mujun %s [options]%s%s\n", c->name, c->summary, c->name,
            c->operands[0] != '\0' ? " " : "", c->operands);
    const struct cli_text *abouts = cli_abouts_of(id, &count);
    for (uint32_t i = 0; i < count; i++) {
        fputc('\n', out);
        cli_wrap(out, 0, 0, abouts[i].text);
    }
    heading(out, "Options:");
    const struct cli_opt *opts = cli_opts_of(id, &count);
    for (uint32_t i = 0; i < count; i++)
        option_row(out, &opts[(i + 1) % count]); /* help, the first row, is shown last */
    const struct cli_text *examples = cli_examples_of(id, &count);
    if (count != 0)
        heading(out, "Examples:");
    for (uint32_t i = 0; i < count; i++) {
        fprintf(out, "  %s\n", examples[i].text);
        cli_wrap(out, 0, 3 * INDENT, examples[i].note);
    }
}

/* ---- topics ---- */

static void topic_exit_codes(FILE *out)
{
    char text[CLI_EXIT_TEXT_MAX];

    fputs("What mujun exits with; with run, any other code is the program's own.\n\n", out);
    for (int code = 0; code < 256; code++)
        if (cli_exit_text(code, text))
            fprintf(out, "  %3d  %s\n", code, text);
}

static void topic_features(FILE *out)
{
    fputs("Words for --feature. Those marked + are part of WebAssembly 3.0 and on; the others are\n"
          "off unless asked for. --feature all switches everything on, --feature no-simd one "
          "off.\n\n",
          out);
    static const struct {
        const char *name, *what;
        bool is_on;
    } rows[] = {
#define FEATURE(name, text, on, what) {text, what, on},
#include "shield/wasm/features.def"
#undef FEATURE
    };
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++)
        fprintf(out, "  %c %-22s %s\n", rows[i].is_on ? '+' : ' ', rows[i].name, rows[i].what);
}

static void topic_limits(FILE *out)
{
    static const struct {
        const char *what;
        uint64_t value;
    } module_rows[] = {
#define LIMIT(name, value, what) {what, value},
#include "shield/wasm/limits.def"
#undef LIMIT
    };
    static const struct {
        const char *option, *what;
        uint64_t value;
    } run_rows[] = {
#define LIMIT(name, value, option, what) {option, what, value},
#include "shield/runtime/limits.def"
#undef LIMIT
    };
    fputs("The largest module that is accepted. Past one of these: exit code 75.\n\n", out);
    for (uint32_t i = 0; i < LENGTH_OF(module_rows); i++)
        fprintf(out, "  %12ju  %s\n", (uintmax_t)module_rows[i].value, module_rows[i].what);
    fputs("\nWhat a running program gets, unless `mujun run` is told otherwise.\n\n", out);
    for (uint32_t i = 0; i < LENGTH_OF(run_rows); i++)
        fprintf(out, "  %12ju  --%-15s %s\n", (uintmax_t)run_rows[i].value, run_rows[i].option,
                run_rows[i].what);
}

const struct cli_topic cli_topics[] = {
    {"exit-codes", "what each exit code means",              topic_exit_codes},
    {"features",   "WebAssembly features and their state",   topic_features  },
    {"limits",     "how large modules and programs may get", topic_limits    },
    {NULL,         NULL,                                     NULL            },
};

int cmd_help(const struct cli_args *args)
{
    const struct help_options *o = args->options;

    if (args->count > 1)
        return cli_usage(args, "expected one command or topic, found %d operands", args->count);
    if (args->count == 0) {
        if (o->man)
            cli_man(stdout, CLI_COMMAND_COUNT);
        else
            cli_help_all(stdout);
        return 0;
    }
    const char *name = args->items[0];
    enum cli_command_id id = cli_command_find(name);
    if (id != CLI_COMMAND_COUNT) {
        (o->man ? cli_man : cli_help_command)(stdout, id);
        return 0;
    }
    struct nearest near = {.word = name};
    for (const struct cli_topic *t = cli_topics; t->name != NULL; t++) {
        if (strcmp(t->name, name) == 0) {
            t->print(stdout);
            return 0;
        }
        nearest_try(&near, t->name);
    }
    for (uint32_t i = 0; i < CLI_COMMAND_COUNT; i++)
        nearest_try(&near, cli_commands[i].name);
    if (near.best == NULL)
        return cli_usage(args, "no command or topic is named %s; `mujun help` lists all", name);
    return cli_usage(args,
                     "no command or topic is named %s; did you mean %s? (`mujun help` lists all)",
                     name, near.best);
}
