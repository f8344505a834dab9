/* commands: the tables that commands.def expands to, and the look-ups in them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <string.h>

const struct cli_command cli_commands[CLI_COMMAND_COUNT] = {
#define COMMAND(name, operands, order, summary)                                                    \
    [CLI_COMMAND_##name] = {                                                                       \
        #name, operands, summary, CLI_##order, sizeof(struct name##_options), cmd_##name},
#include "cli/commands.def"
};

static const struct cli_opt opts[] = {
#define COMMAND(name, operands, order, summary)                                                    \
    {CLI_COMMAND_##name,                                                                           \
     CLI_FLAG,                                                                                     \
     'h',                                                                                          \
     "help",                                                                                       \
     "",                                                                                           \
     "explain this command",                                                                       \
     offsetof(struct name##_options, help)},
#define OPT(name, type, field, letter, option, argument, help)                                     \
    {CLI_COMMAND_##name,                                                                           \
     CLI_##type,                                                                                   \
     letter,                                                                                       \
     option,                                                                                       \
     argument,                                                                                     \
     help,                                                                                         \
     offsetof(struct name##_options, field)},
#include "cli/commands.def"
};

static const struct cli_text abouts[] = {
#define ABOUT(name, text) {CLI_COMMAND_##name, text, NULL},
#include "cli/commands.def"
};

static const struct cli_text examples[] = {
#define EXAMPLE(name, command, what) {CLI_COMMAND_##name, command, what},
#include "cli/commands.def"
};

/* Rows of a command are adjacent: they stand between its COMMAND and its END. */
#define ROWS_OF(table, id, count)                                                                  \
    uint32_t first = 0;                                                                            \
    while (first < LENGTH_OF(table) && (table)[first].command != (id))                             \
        first++;                                                                                   \
    *(count) = 0;                                                                                  \
    while (first + *(count) < LENGTH_OF(table) && (table)[first + *(count)].command == (id))       \
        ++*(count);                                                                                \
    return *(count) == 0 ? (table) : (table) + first

const struct cli_opt *cli_opts_of(enum cli_command_id id, uint32_t *count)
{
    ROWS_OF(opts, id, count);
}

const struct cli_text *cli_abouts_of(enum cli_command_id id, uint32_t *count)
{
    ROWS_OF(abouts, id, count);
}

const struct cli_text *cli_examples_of(enum cli_command_id id, uint32_t *count)
{
    ROWS_OF(examples, id, count);
}

enum cli_command_id cli_command_find(const char *name)
{
    for (uint32_t i = 0; i < CLI_COMMAND_COUNT; i++)
        if (strcmp(cli_commands[i].name, name) == 0)
            return (enum cli_command_id)i;
    return CLI_COMMAND_COUNT;
}

bool cli_exit_text(int exit_code, char *text)
{
    static const struct {
        enum status status;
        int exit_code;
    } rows[] = {
#define STATUS(name, words, exit) {ST_##name, exit},
#include "base/status.def"
#undef STATUS
    };
    size_t used = 0;

    if (exit_code == CLI_EXIT_FAILED)
        used = (size_t)snprintf(text, CLI_EXIT_TEXT_MAX, "with wast: a command of a script failed");
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        if (rows[i].exit_code != exit_code || rows[i].status == ST_EXIT)
            continue; /* ST_EXIT: the program's own code counts */
        int n = snprintf(text + used, CLI_EXIT_TEXT_MAX - used, "%s%s", used == 0 ? "" : ", ",
                         status_text(rows[i].status));
        used = MIN(used + (size_t)MAX(n, 0), (size_t)CLI_EXIT_TEXT_MAX - 1);
    }
    return used != 0;
}
