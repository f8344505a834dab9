/* cli: what the subcommands share. Only here does mujun print and choose exit codes; everything
 * below is a library. One file per subcommand, cmd_*.c; what each accepts is in commands.def.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/buf.h"
#include "base/diag.h"
#include "base/nearest.h"

#include <stdio.h>

/* ---- options and commands (options.c, commands.c) ---- */

enum cli_type {
    CLI_FLAG,     /* bool */
    CLI_UINT,     /* decimal or 0x hex */
    CLI_SIZE,     /* bytes; k M G T and KiB MiB GiB TiB are powers of 1024 */
    CLI_DURATION, /* nanoseconds; 1.5s 200ms 2m, a bare number is seconds */
    CLI_STRING,
    CLI_LIST,   /* may be given again */
    CLI_CHOICE, /* 1 for the first word of argument, 2 for the second...; 0 when not given */
};

struct cli_number {
    uint64_t value;
    bool is_set;
};

struct cli_list {
    const char **items; /* owned by the options; the strings are the caller's argv */
    uint32_t count;
};

/* The C type of a field, by option type. */
#define CLI_FIELD_FLAG     bool
#define CLI_FIELD_UINT     struct cli_number
#define CLI_FIELD_SIZE     struct cli_number
#define CLI_FIELD_DURATION struct cli_number
#define CLI_FIELD_STRING   const char *
#define CLI_FIELD_LIST     struct cli_list
#define CLI_FIELD_CHOICE   unsigned

/* struct run_options and its kin. */
#define COMMAND(name, operands, order, summary)                                                    \
    struct name##_options {                                                                        \
        bool help;
#define OPT(name, type, field, letter, option, argument, text) CLI_FIELD_##type field;
#define END(name)                                                                                  \
    }                                                                                              \
    ;
#include "cli/commands.def"

enum cli_command_id {
#define COMMAND(name, operands, order, summary) CLI_COMMAND_##name,
#include "cli/commands.def"
    CLI_COMMAND_COUNT
};

enum cli_order { CLI_MIXED, CLI_LEADING };

struct cli_opt {
    enum cli_command_id command;
    enum cli_type type;
    char letter; /* 0: none */
    const char *name, *argument, *help;
    size_t offset; /* of the field in the command's options */
};

/* What a command gets: its operands, its options (struct <name>_options), nothing else. */
struct cli_args {
    const char *command;
    const void *options; /* borrowed */
    char **items;        /* operands, NULL after the last */
    int count;
};

struct cli_command {
    const char *name, *operands, *summary;
    enum cli_order order;
    size_t options_size;
    int (*run)(const struct cli_args *args); /* returns the exit code */
};

struct cli_text {
    enum cli_command_id command;
    const char *text, *note; /* ABOUT: text only. EXAMPLE: command line, what it does */
};

extern const struct cli_command cli_commands[CLI_COMMAND_COUNT];
/* Rows of one command; each returns the first and sets *count. */
const struct cli_opt *cli_opts_of(enum cli_command_id id, uint32_t *count);
const struct cli_text *cli_abouts_of(enum cli_command_id id, uint32_t *count);
const struct cli_text *cli_examples_of(enum cli_command_id id, uint32_t *count);
/* CLI_COMMAND_COUNT when there is no such command. */
enum cli_command_id cli_command_find(const char *name);

enum {
    CLI_EXIT_TEXT_MAX = 256,
    CLI_EXIT_FAILED = 1, /* the one exit code that is no status: what was to be tested failed */
};
/* Writes the endings that have this exit code, "malformed input, invalid module"; false: none. */
bool cli_exit_text(int exit_code, char *text);

struct cli_parser {
    const char *command; /* for messages */
    const struct cli_opt *opts;
    uint32_t opt_count;
    enum cli_order order;
    void *options;   /* out: fields at the offsets of opts; zeroed by the caller */
    char **operands; /* out: room for argc + 1 */
    int operand_count;
};

/* Parses argv[0..argc), the words after the command's name. ST_USAGE with a message that names the
 * word, what was expected, and the nearest known option. Lists are freed by cli_options_free(). */
MUST_USE enum status cli_parse(struct cli_parser *p, int argc, char **argv, struct diag *dg);
void cli_options_free(const struct cli_parser *p);

/* ---- what is printed (report.c) ---- */

/* True when f is a terminal that shows colours and NO_COLOR is not set. */
bool cli_has_color(FILE *f);
/* "mujun run: MESSAGE" on stderr; returns exit code 64. */
int cli_usage(const struct cli_args *args, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* A name out of a module: control characters are shown as \1b, so that no module can speak to the
 * terminal. */
void cli_put_name(FILE *out, struct str name);
/* A refusal on stderr, control characters made visible as above, red on a terminal; one newline
 * ends it. */
void cli_say(const char *text);
/* "name:0x2f: malformed input: ..." on stderr; returns the exit code of dg->status. */
int cli_report(const char *name, const struct diag *dg);
/* Text wrapped at the terminal's width (80 elsewhere), indented; column is where the line stands.
 */
void cli_wrap(FILE *out, unsigned column, unsigned indent, const char *text);
/* Flushes stdout; a full disk or closed pipe turns success into exit code 66. */
int cli_finish(int exit_code);

/* Tells on a terminal how far a long job is, from two seconds on; silent elsewhere. */
struct cli_progress {
    uint64_t start_ns, shown_ns; /* 0: not yet */
};
void cli_progress_step(struct cli_progress *p, uint64_t done, uint64_t total, const char *what);
void cli_progress_end(struct cli_progress *p);

/* ---- the texts that come from the tables (help.c, man.c, completion.c) ---- */

void cli_help_all(FILE *out);
void cli_help_command(FILE *out, enum cli_command_id id);
/* The mdoc page of one command; CLI_COMMAND_COUNT is mujun(1) itself. */
void cli_man(FILE *out, enum cli_command_id id);
/* False when the shell is unknown. */
bool cli_completion(FILE *out, const char *shell);

/* One line per word that a topic of `mujun help` lists; NULL-terminated. */
struct cli_topic {
    const char *name, *summary;
    void (*print)(FILE *out);
};
extern const struct cli_topic cli_topics[];

/* cmd_*.c */
#define COMMAND(name, operands, order, summary) int cmd_##name(const struct cli_args *args);
#include "cli/commands.def"

#endif /* CLI_CLI_H */
