/* mujun parse: text format in, binary format out. SPDX-License-Identifier: Apache-2.0 */
#include "cli/load.h"

#include <string.h>
#include <unistd.h>

int cmd_parse(const struct cli_args *args)
{
    const struct parse_options *o = args->options;
    struct wm_wat_options options = {.write_names = !o->no_names};
    struct cli_module m = {0};
    struct diag dg = {0};

    if (args->count != 1)
        return cli_usage(args, "expected one text file, found %d operands", args->count);
    if (cli_features(&o->features, &options.features, &dg) != ST_OK)
        return cli_usage(args, "%s", dg.text);
    if ((o->output == NULL || strcmp(o->output, "-") == 0) && isatty(STDOUT_FILENO))
        return cli_usage(args, "expected -o <file>: a binary module is not for a terminal");

    const char *name = args->items[0];
    enum status st = cli_module_load(name, &options, &m, &dg);
    if (st == ST_OK && !o->no_validate)
        st = cli_module_validate(&m, &dg);
    if (st == ST_OK) {
        st = cli_output(o->output, m.binary.text, m.binary.size, &dg);
        name = o->output == NULL ? "standard output" : o->output;
    }
    cli_module_free(&m);
    return st == ST_OK ? 0 : cli_report(name, &dg);
}
