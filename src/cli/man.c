/* man: the manual pages in mdoc, expanded from the same tables as the help.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <ctype.h>
#include <string.h>

#define PAGE_DATE "November 22, 2026"

enum { LINE_MAX_COLUMNS = 76 };

static size_t end_line(FILE *out)
{
    fputc('\n', out);
    return 0;
}

/* Running text: a line per sentence and at most 76 columns; what would be a macro is escaped. */
static void put_text(FILE *out, const char *text)
{
    size_t column = 0;

    while (*text != '\0') {
        size_t size = strcspn(text, " ");
        if (column != 0 && column + 1 + size > LINE_MAX_COLUMNS)
            column = end_line(out);
        if (column != 0)
            fputc(' ', out);
        else if (*text == '.' || *text == '\'')
            fputs("\\&", out);
        for (size_t i = 0; i < size; i++) {
            if (text[i] == '\\')
                fputs("\\e", out);
            else
                fputc(text[i], out);
        }
        column += size + 1;
        bool ends_sentence = size != 0 && text[size - 1] == '.' && text[size] == ' ';
        if (ends_sentence)
            column = end_line(out);
        text += size + strspn(text + size, " ");
    }
    if (column != 0)
        fputc('\n', out);
}

/* Words inside a macro line: '|' and brackets are escaped so that they are not delimiters. */
static void put_word(FILE *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (strchr("|()[].,;:?!", *p) != NULL)
            fputs("\\&", out);
        if (*p == '\\')
            fputs("\\e", out);
        else if (*p == ' ')
            fputs("\\ ", out);
        else
            fputc(*p, out);
    }
}

static void put_head(FILE *out, const char *title, const char *name, const char *summary)
{
    fprintf(out, ".Dd " PAGE_DATE "\n.Dt %s 1\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n", title, name,
            summary);
}

/* "[<command>|<topic>]" as mdoc arguments: the words without their marks. */
static void put_operands(FILE *out, const char *operands)
{
    char word[80];

    while (*operands != '\0') {
        size_t size = strcspn(operands, " ");
        bool is_optional = operands[0] == '[', repeats = false;
        size_t used = 0;
        for (size_t i = 0; i < size && used + 1 < sizeof(word); i++) {
            if (strchr("[]<>", operands[i]) == NULL && operands[i] != '.')
                word[used++] = operands[i];
            repeats = repeats || operands[i] == '.';
        }
        word[used] = '\0';
        fputs(is_optional ? ".Op Ar " : ".Ar ", out);
        put_word(out, word);
        fputs(repeats ? " ...\n" : "\n", out);
        operands += size + strspn(operands + size, " ");
    }
}

static void put_options(FILE *out, enum cli_command_id id)
{
    uint32_t count = 0;
    const struct cli_opt *opts = cli_opts_of(id, &count);

    fputs("The options are as follows:\n.Bl -tag -width Ds\n", out);
    for (uint32_t i = 0; i < count; i++) {
        const struct cli_opt *o = &opts[(i + 1) % count];
        fputs(".It ", out);
        if (o->letter != 0)
            fprintf(out, "Fl %c , ", o->letter);
        fprintf(out, "Fl \\-%s", o->name);
        if (o->type != CLI_FLAG) {
            fputs(" Ns = Ns Ar ", out);
            put_word(out, o->argument);
        }
        fputc('\n', out);
        put_text(out, o->help);
    }
    fputs(".El\n", out);
}

static void put_exit_status(FILE *out)
{
    char text[CLI_EXIT_TEXT_MAX];

    fputs(".Sh EXIT STATUS\n.Bl -tag -width 9999\n", out);
    for (int code = 0; code < 256; code++)
        if (cli_exit_text(code, text))
            fprintf(out, ".It %d\n%s\n", code, text);
    fputs(".It other\nthe exit code of the program itself, with\n.Cm run\n.El\n", out);
}

/* Cross references stand in alphabetical order, whatever order commands.def has. */
static void put_references(FILE *out)
{
    const char *last = "";

    fputs(".Sh SEE ALSO\n", out);
    for (uint32_t i = 0; i < CLI_COMMAND_COUNT; i++) {
        const char *next = NULL;
        for (uint32_t j = 0; j < CLI_COMMAND_COUNT; j++) {
            const char *name = cli_commands[j].name;
            if (strcmp(name, last) > 0 && (next == NULL || strcmp(name, next) < 0))
                next = name;
        }
        if (next == NULL)
            return;
        fprintf(out, ".Xr mujun-%s 1%s\n", next, i + 1 < CLI_COMMAND_COUNT ? " ," : "");
        last = next;
    }
}

static void put_command_page(FILE *out, enum cli_command_id id)
{
    const struct cli_command *c = &cli_commands[id];
    char title[40], name[40];
    uint32_t count = 0;

    snprintf(name, sizeof(name), "mujun-%s", c->name);
    snprintf(title, sizeof(title), "%s", name);
    for (char *p = title; *p != '\0'; p++)
        *p = (char)toupper((unsigned char)*p);
    put_head(out, title, name, c->summary);
    fprintf(out, ".Sh SYNOPSIS\n.Nm mujun %s\n.Op Ar options\n", c->name);
    put_operands(out, c->operands);
    fputs(".Sh DESCRIPTION\n", out);
    const struct cli_text *abouts = cli_abouts_of(id, &count);
    for (uint32_t i = 0; i < count; i++) {
        put_text(out, abouts[i].text);
        fputs(".Pp\n", out);
    }
    put_options(out, id);
    put_exit_status(out);
    const struct cli_text *examples = cli_examples_of(id, &count);
    if (count != 0)
        fputs(".Sh EXAMPLES\n", out);
    for (uint32_t i = 0; i < count; i++) {
        put_text(out, examples[i].note);
        fputs(".Pp\n.Dl ", out);
        put_text(out, examples[i].text);
        if (i + 1 < count)
            fputs(".Pp\n", out);
    }
    fputs(".Sh SEE ALSO\n.Xr mujun 1\n", out);
}

static void put_main_page(FILE *out)
{
    put_head(out, "MUJUN", "mujun", "run, check and translate WebAssembly");
    fputs(".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar options\n.Op Ar operands\n"
          ".Sh DESCRIPTION\n"
          "Runs WebAssembly programs in a sandbox that has no file, variable or socket\n"
          "but those handed to it, and checks, translates and describes modules.\n"
          ".Pp\nThe commands are as follows:\n.Bl -tag -width completion\n",
          out);
    for (uint32_t i = 0; i < CLI_COMMAND_COUNT; i++)
        fprintf(out, ".It Cm %s\n%s; see\n.Xr mujun-%s 1 .\n", cli_commands[i].name,
                cli_commands[i].summary, cli_commands[i].name);
    fputs(".El\n.Pp\n"
          "Options may be given as\n.Fl \\-name Ns = Ns Ar value\nor as\n.Fl \\-name Ar value ;\n"
          ".Fl \\-\nends them.\n"
          ".Sh ENVIRONMENT\n.Bl -tag -width NO_COLOR\n.It Ev NO_COLOR\n"
          "Switches colours off; they are used on a terminal only.\n.El\n",
          out);
    put_exit_status(out);
    put_references(out);
}

void cli_man(FILE *out, enum cli_command_id id)
{
    if (id == CLI_COMMAND_COUNT)
        put_main_page(out);
    else
        put_command_page(out, id);
}
