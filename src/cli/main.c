/* main: finds the subcommand, parses its options by its table, runs it. Knows none by name.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "cli/cli.h"

#include <string.h>
#include <unistd.h>

static int refuse_command(const char *name)
{
    struct nearest near = {.word = name};

    if (access(name, R_OK) == 0 && name[0] != '-') {
        fprintf(stderr, "mujun: expected a command, found the file %s; try `mujun run %s`\n", name,
                name);
        return status_exit_code(ST_USAGE);
    }
    for (uint32_t i = 0; i < CLI_COMMAND_COUNT; i++)
        nearest_try(&near, cli_commands[i].name);
    if (near.best != NULL)
        fprintf(stderr, "mujun: unknown command %s; did you mean %s? (`mujun help` lists all)\n",
                name, near.best);
    else
        fprintf(stderr, "mujun: unknown command %s; `mujun help` lists all\n", name);
    return status_exit_code(ST_USAGE);
}

/* p has room for options and operands. */
static int parse_and_run(enum cli_command_id id, struct cli_parser *p, int argc, char **argv)
{
    struct cli_args args = {.command = p->command, .options = p->options, .items = p->operands};
    struct diag dg = {0};

    if (cli_parse(p, argc, argv, &dg) != ST_OK)
        return cli_usage(&args, "%s", dg.text);
    if (*(const bool *)p->options) { /* help stands first in every struct of options */
        cli_help_command(stdout, id);
        return 0;
    }
    args.count = p->operand_count;
    return cli_commands[id].run(&args);
}

static int run_command(enum cli_command_id id, int argc, char **argv)
{
    const struct cli_command *command = &cli_commands[id];
    struct cli_parser p = {.command = command->name, .order = command->order};
    int exit_code = status_exit_code(ST_NO_MEMORY);

    p.opts = cli_opts_of(id, &p.opt_count);
    p.options = mem_alloc(1, command->options_size);
    p.operands = mem_alloc((size_t)argc + 1, sizeof(*p.operands));
    if (p.options == NULL || p.operands == NULL) {
        fprintf(stderr, "mujun: out of memory\n");
    } else {
        exit_code = parse_and_run(id, &p, argc, argv);
        cli_options_free(&p);
    }
    mem_free(p.options);
    mem_free(p.operands);
    return exit_code;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        cli_help_all(stderr);
        return status_exit_code(ST_USAGE);
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    else if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
        name = "version";
    enum cli_command_id id = cli_command_find(name);
    return cli_finish(id == CLI_COMMAND_COUNT ? refuse_command(name)
                                              : run_command(id, argc - 2, argv + 2));
}
