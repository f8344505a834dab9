/* completion: scripts for bash, zsh and fish, expanded from the command tables.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "shield/wasm/features.h"

#include <string.h>

/* Single-quoted for the shell; help texts may hold an apostrophe. */
static void put_quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'')
            fputs("'\\''", out);
        else
            fputc(*p, out);
    }
    fputc('\'', out);
}

/* The words that an argument or operand stands for, separated by blanks: "trap|zero", every
 * feature, every command and topic. */
static void put_words(FILE *out, const char *argument)
{
    if (strcmp(argument, "feature") == 0) {
        fputs("all", out);
        for (uint32_t i = 0; i < WM_FEATURE_COUNT; i++)
            fprintf(out, " %s", wm_feature_info[i].name);
    } else if (strstr(argument, "<command>") != NULL) {
        for (uint32_t i = 0; i < CLI_COMMAND_COUNT; i++)
            fprintf(out, "%s ", cli_commands[i].name);
        for (const struct cli_topic *t = cli_topics; t->name != NULL; t++)
            fprintf(out, "%s%s", t->name, t[1].name != NULL ? " " : "");
    } else {
        for (const char *p = argument; *p != '\0'; p++)
            fputc(*p == '|' ? ' ' : *p, out);
    }
}

/* True when the operands are words we know, not files. */
static bool is_word_list(const char *operands)
{
    return strstr(operands, "<command>") != NULL ||
           (strchr(operands, '|') != NULL && strchr(operands, '<') == NULL);
}

static bool has_words(const struct cli_opt *o)
{
    return o->type == CLI_CHOICE || strcmp(o->argument, "feature") == 0;
}

static void put_bash(FILE *out)
{
    fputs("# bash completion of mujun\n_mujun() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words='",
          out);
    for (uint32_t i = 0; i < CLI_COMMAND_COUNT; i++)
        fprintf(out, "%s%s", i == 0 ? "" : " ", cli_commands[i].name);
    fputs("'\n        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
          "        return\n    fi\n"
          "    [ \"$before\" = '=' ] && before=${COMP_WORDS[COMP_CWORD-2]}\n"
          "    case ${COMP_WORDS[1]}:$before in\n",
          out);
    for (uint32_t i = 0; i < CLI_COMMAND_COUNT; i++) {
        uint32_t count = 0;
        const struct cli_opt *opts = cli_opts_of((enum cli_command_id)i, &count);
        for (uint32_t j = 0; j < count; j++) {
            if (!has_words(&opts[j]))
                continue;
            fprintf(out, "    %s:--%s) words='", cli_commands[i].name, opts[j].name);
            put_words(out, opts[j].argument);
            fputs("' ;;\n", out);
        }
    }
    fputs("    *) case ${COMP_WORDS[1]}:$word in\n", out);
    for (uint32_t i = 0; i < CLI_COMMAND_COUNT; i++) {
        uint32_t count = 0;
        const struct cli_opt *opts = cli_opts_of((enum cli_command_id)i, &count);
        fprintf(out, "       %s:-*) words='", cli_commands[i].name);
        for (uint32_t j = 0; j < count; j++)
            fprintf(out, "%s--%s%s", j == 0 ? "" : " ", opts[j].name,
                    opts[j].type == CLI_FLAG ? "" : "=");
        fputs("' ;;\n", out);
        if (is_word_list(cli_commands[i].operands)) {
            fprintf(out, "       %s:*) words='", cli_commands[i].name);
            put_words(out, cli_commands[i].operands);
            fputs("' ;;\n", out);
        }
    }
    fputs("       esac ;;\n    esac\n"
          "    if [ -n \"$words\" ]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${word#=}\")\n"
          "        [ \"${COMPREPLY[0]: -1}\" = '=' ] && compopt -o nospace\n"
          "    else\n"
          "        compopt -o filenames\n"
          "        mapfile -t COMPREPLY < <(compgen -f -- \"${word#=}\")\n"
          "    fi\n}\n"
          "complete -F _mujun mujun\n",
          out);
}

/* A description inside _arguments: brackets and colons would end it. */
static void put_zsh_text(FILE *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '[' || *p == ']' || *p == ':')
            fputc('\\', out);
        if (*p == '\'')
            fputs("'\\''", out);
        else
            fputc(*p, out);
    }
}

static void put_zsh_option(FILE *out, const struct cli_opt *o)
{
    fprintf(out, " \\\n            '%s--%s%s[", o->type == CLI_LIST ? "*" : "", o->name,
            o->type == CLI_FLAG ? "" : "=");
    put_zsh_text(out, o->help);
    fputc(']', out);
    if (has_words(o)) {
        fprintf(out, ":%s:(", o->name);
        put_words(out, o->argument);
        fputc(')', out);
    } else if (o->type != CLI_FLAG) {
        fputc(':', out);
        put_zsh_text(out, o->argument);
        fputs(":_files", out);
    }
    fputc('\'', out);
}

static void put_zsh(FILE *out)
{
    fputs("#compdef mujun\n# zsh completion of mujun\n_mujun() {\n"
          "    local -a commands\n    commands=(\n",
          out);
    for (uint32_t i = 0; i < CLI_COMMAND_COUNT; i++) {
        fprintf(out, "        '%s:", cli_commands[i].name);
        put_zsh_text(out, cli_commands[i].summary);
        fputs("'\n", out);
    }
    fputs("    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n"
          "        return\n    fi\n    local command=${words[2]}\n    shift words\n"
          "    (( CURRENT-- ))\n    case $command in\n",
          out);
    for (uint32_t i = 0; i < CLI_COMMAND_COUNT; i++) {
        uint32_t count = 0;
        const struct cli_opt *opts = cli_opts_of((enum cli_command_id)i, &count);
        fprintf(out, "    %s)\n        _arguments", cli_commands[i].name);
        for (uint32_t j = 0; j < count; j++)
            put_zsh_option(out, &opts[j]);
        if (is_word_list(cli_commands[i].operands)) {
            fputs(" \\\n            '*:word:(", out);
            put_words(out, cli_commands[i].operands);
            fputs(")' ;;\n", out);
        } else {
            fputs(" \\\n            '*:file:_files' ;;\n", out);
        }
    }
    fputs("    esac\n}\ncompdef _mujun mujun\n", out);
}

static void put_fish(FILE *out)
{
    fputs("# fish completion of mujun\n", out);
    for (uint32_t i = 0; i < CLI_COMMAND_COUNT; i++) {
        const struct cli_command *c = &cli_commands[i];
        uint32_t count = 0;
        const struct cli_opt *opts = cli_opts_of((enum cli_command_id)i, &count);
        fprintf(out, "complete -c mujun -n __fish_use_subcommand -f -a %s -d ", c->name);
        put_quoted(out, c->summary);
        fputc('\n', out);
        for (uint32_t j = 0; j < count; j++) {
            fprintf(out, "complete -c mujun -n '__fish_seen_subcommand_from %s' -l %s", c->name,
                    opts[j].name);
            if (opts[j].letter != 0)
                fprintf(out, " -s %c", opts[j].letter);
            if (has_words(&opts[j])) {
                fputs(" -x -a '", out);
                put_words(out, opts[j].argument);
                fputc('\'', out);
            } else if (opts[j].type != CLI_FLAG) {
                fputs(" -r", out);
            }
            fputs(" -d ", out);
            put_quoted(out, opts[j].help);
            fputc('\n', out);
        }
        if (is_word_list(c->operands)) {
            fprintf(out, "complete -c mujun -n '__fish_seen_subcommand_from %s' -f -a '", c->name);
            put_words(out, c->operands);
            fputs("'\n", out);
        }
    }
}

bool cli_completion(FILE *out, const char *shell)
{
    static const struct {
        const char *shell;
        void (*put)(FILE *out);
    } rows[] = {
        {"bash", put_bash},
        {"zsh",  put_zsh },
        {"fish", put_fish},
    };
    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        if (strcmp(rows[i].shell, shell) == 0) {
            rows[i].put(out);
            return true;
        }
    }
    return false;
}

int cmd_completion(const struct cli_args *args)
{
    if (args->count != 1)
        return cli_usage(args, "expected one shell (bash, zsh or fish), found %d operands",
                         args->count);
    if (!cli_completion(stdout, args->items[0]))
        return cli_usage(args, "expected bash, zsh or fish, found \"%s\"", args->items[0]);
    return 0;
}
