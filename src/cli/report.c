/* report: how mujun speaks: refusals on stderr, wrapped text, colours only on a terminal.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { COLUMNS_DEFAULT = 80, COLUMNS_MAX = 100, COLUMNS_MIN = 40 };

bool cli_has_color(FILE *f)
{
    const char *term = getenv("TERM");
    return isatty(fileno(f)) && getenv("NO_COLOR") == NULL && term != NULL &&
           strcmp(term, "dumb") != 0;
}

int cli_usage(const struct cli_args *args, const char *fmt, ...)
{
    va_list ap;

    fflush(stdout);
    fprintf(stderr, "mujun %s: ", args->command);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return status_exit_code(ST_USAGE);
}

/* Control characters of ASCII, and those of C1 as UTF-8 has them (c2 80 to c2 9f). */
static bool is_control(const char *text, size_t left)
{
    unsigned char c = (unsigned char)text[0];
    return c < 0x20 || c == 0x7f ||
           (c == 0xc2 && left > 1 && (unsigned char)text[1] >= 0x80 &&
            (unsigned char)text[1] < 0xa0);
}

void cli_put_name(FILE *out, struct str name)
{
    for (size_t i = 0; i < name.size; i++) {
        if (!is_control(name.text + i, name.size - i)) {
            fputc(name.text[i], out);
            continue;
        }
        fprintf(out, "\\%02x", (unsigned char)name.text[i]);
        if ((unsigned char)name.text[i] == 0xc2)
            fprintf(out, "\\%02x", (unsigned char)name.text[++i]);
    }
}

void cli_say(const char *text)
{
    bool color = cli_has_color(stderr);

    fflush(stdout);
    fputs(color ? "\033[31m" : "", stderr);
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        cli_put_name(stderr, (struct str){text, size});
        text += size + (text[size] == '\n');
        fputs(*text == '\0' ? "" : "\n", stderr);
    }
    fprintf(stderr, "%s\n", color ? "\033[0m" : "");
}

int cli_report(const char *name, const struct diag *dg)
{
    char text[DIAG_TEXT_MAX + 4096];

    diag_format(dg, name, text, sizeof(text));
    cli_say(text);
    return status_exit_code(dg->status);
}

static unsigned columns_of(FILE *out)
{
    struct winsize w = {0};

    if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &w) != 0 || w.ws_col == 0)
        return COLUMNS_DEFAULT;
    return MAX((unsigned)COLUMNS_MIN, MIN((unsigned)COLUMNS_MAX, (unsigned)w.ws_col));
}

void cli_wrap(FILE *out, unsigned column, unsigned indent, const char *text)
{
    unsigned width = columns_of(out);
    bool line_is_empty = true;

    for (; column < indent; column++)
        fputc(' ', out);
    while (*text != '\0') {
        size_t size = strcspn(text, " ");
        if (!line_is_empty && column + 1 + size > width) {
            fprintf(out, "\n%*s", (int)indent, "");
            column = indent;
            line_is_empty = true;
        }
        column += (unsigned)fprintf(out, "%s%.*s", line_is_empty ? "" : " ", (int)size, text);
        line_is_empty = false;
        text += size + strspn(text + size, " ");
    }
    fputc('\n', out);
}

static uint64_t now_ns(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void cli_progress_step(struct cli_progress *p, uint64_t done, uint64_t total, const char *what)
{
    const uint64_t first_ns = 2000000000u, again_ns = 200000000u;
    uint64_t now = now_ns();

    if (p->start_ns == 0)
        p->start_ns = now;
    if (now - p->start_ns < first_ns || now - p->shown_ns < again_ns || !cli_has_color(stderr))
        return;
    p->shown_ns = now;
    fprintf(stderr, "\r\033[K%ju of %ju  %.60s", (uintmax_t)done, (uintmax_t)total, what);
    fflush(stderr);
}

void cli_progress_end(struct cli_progress *p)
{
    if (p->shown_ns != 0)
        fputs("\r\033[K", stderr);
    p->shown_ns = 0;
}

int cli_finish(int exit_code)
{
    errno = 0;
    if ((fflush(stdout) == 0 && !ferror(stdout)) || exit_code != 0)
        return exit_code;
    fprintf(stderr, "mujun: standard output: %s\n",
            errno == 0 ? "cannot be written" : strerrordesc_np(errno));
    return status_exit_code(ST_IO);
}
