/* report: see report.h. The way of a report: find the line that opens it, collect the lines of its
 * context, take the rule whose title stands first, name the function, judge.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/report.h"

#include "spear/kernel/console.h"
#include "spear/kernel/match.h"
#include "spear/kernel/oops.h"
#include "spear/kernel/stack.h"
#include "spear/kernel/title.h"

#include <string.h>

enum {
    PREFIX_LINES = 5,       /* lines before the oops that belong to the report */
    PREFIX_LINES_TASK = 50, /* the same when the kernel says which task printed them */
    ENOUGH_LINES = 22,      /* of a report, before a panic that only repeats it */
    FRAME_WITHIN = 15,      /* lines after the start of a trace */
};

static const char no_frames[] = "no stack frame is to blame";

struct parse {
    struct arena *arena;
    struct console_line *lines; /* the report, the line that opens it first */
    uint32_t count, capacity;
    uint32_t own_count;                   /* of them before the next report of the same context */
    struct str prefix[PREFIX_LINES_TASK]; /* a ring of texts */
    uint32_t prefix_count;
    uint32_t prefix_max;
    size_t end;
};

/* ---- finding ---- */

bool report_find(struct str console, size_t from, struct report_spot *spot)
{
    while (from < console.size) {
        const char *newline = memchr(console.text + from, '\n', console.size - from);
        size_t end = newline == NULL ? console.size : (size_t)(newline - console.text);
        struct str raw = {console.text + from, MIN(end - from, (size_t)CONSOLE_LINE_MAX)};

        if (console_header_of(raw) != CONSOLE_NO_HEADER && !console_is_replayed(console, end)) {
            *spot = (struct report_spot){from, end};
            return true;
        }
        from = end + 1;
    }
    return false;
}

bool report_is_there(void *ctx, struct str console, size_t from)
{
    struct report_spot spot;

    (void)ctx;
    return report_find(console, from, &spot);
}

/* ---- collecting ---- */

/* The start of a line at most REPORT_BEFORE_MAX before the oops. */
static size_t first_line(struct str console, size_t from, size_t start)
{
    if (start - from > REPORT_BEFORE_MAX) {
        from = start - REPORT_BEFORE_MAX;
        const char *newline = memchr(console.text + from, '\n', start - from);
        from = newline == NULL ? start : (size_t)(newline - console.text) + 1;
    }
    return from;
}

static void collect_before(struct parse *p, struct str console, size_t from, size_t start,
                           struct console_context context)
{
    p->prefix_max = context.speaker == CONSOLE_TASK ? PREFIX_LINES_TASK : PREFIX_LINES;
    for (size_t at = first_line(console, from, start); at < start;) {
        struct console_line line = console_read(console, at);
        if (console_same(line.context, context) && line.text.size != 0 && !line.is_doubtful)
            p->prefix[p->prefix_count++ % p->prefix_max] = line.text;
        at = line.end + 1;
    }
}

/* What the lines so far make of the next one. */
struct collector {
    struct console_context context;
    uint32_t lines;
    bool is_over;     /* a panic repeats the report */
    bool is_all_cpus; /* other CPUs were told to print their stacks */
};

static bool is_wanted(struct collector *c, const struct console_line *line)
{
    bool is_oops = line->header != CONSOLE_NO_HEADER;
    bool is_skipped = false;

    if (!is_oops && line->is_doubtful)
        return false;
    if (!is_oops && !console_same(line->context, c->context) &&
        (!c->is_all_cpus || line->context.speaker != CONSOLE_CPU))
        return false;
    c->lines++;
    is_skipped = c->is_over;
    if (match_has(line->raw, "Disabling lock debugging due to kernel taint")) {
        is_skipped = true;
    } else if (match_has(line->raw, "Sending NMI from CPU")) {
        c->is_all_cpus = true;
    } else if (match_has(line->raw, "Kernel panic") && c->lines > ENOUGH_LINES) {
        is_skipped = c->is_over = true;
    }
    return is_oops || !is_skipped;
}

static bool is_echo(int32_t header)
{
    const struct oops_row *row = &oops_rows[header + 1];

    return row->kind == OOPS_FLAG && strstr(row->text, "echo") != NULL;
}

static bool is_next_report(const struct console_line *line, const struct collector *c)
{
    return line->header != CONSOLE_NO_HEADER && console_same(line->context, c->context) &&
           c->context.speaker <= CONSOLE_KERNEL && !is_echo(line->header);
}

static void collect(struct parse *p, struct str console, size_t start)
{
    struct console_line first = console_read(console, start);
    struct collector c = {.context = first.context};
    size_t stop = MIN(console.size, start + REPORT_AFTER_MAX);

    p->count = p->own_count = 0;
    for (size_t at = start; at < stop;) {
        struct console_line line = console_read(console, at);
        if (line.header != CONSOLE_NO_HEADER)
            p->end = line.end;
        if (is_wanted(&c, &line))
            ARENA_PUSH(p->arena, p->lines, p->count, p->capacity, line);
        if (is_next_report(&line, &c) && p->count > 1 && p->own_count == 0)
            p->own_count = p->count - 1;
        at = line.end + 1;
    }
    if (p->own_count == 0)
        p->own_count = p->count;
}

/* ---- rules ---- */

struct rule {
    const char *title, *body, *says, *flags;
    const char *also[REPORT_ALT_MAX];
    uint32_t also_count;
    struct stack_rule stack;
};

/* Reads the rule at row i; returns the row behind it. */
static uint32_t read_rule(uint32_t i, struct rule *r)
{
    *r = (struct rule){.title = oops_rows[i].text};
    for (i++; i < oops_row_count; i++) {
        const char *text = oops_rows[i].text;
        switch (oops_rows[i].kind) { /* tidy: flat */
        case OOPS_HEADER:
        case OOPS_BENIGN:
        case OOPS_TITLE: return i;
        case OOPS_BODY: r->body = text; break;
        case OOPS_SAYS: r->says = text; break;
        case OOPS_STACK: r->stack.steps = text; break;
        case OOPS_ELSE: r->stack.otherwise = text; break;
        case OOPS_SKIP: r->stack.skip = text; break;
        case OOPS_PICK: r->stack.pick = text; break;
        case OOPS_FLAG: r->flags = text; break;
        case OOPS_ALSO:
            if (r->also_count < REPORT_ALT_MAX)
                r->also[r->also_count++] = text;
            break;
        }
    }
    return i;
}

static bool has_flag(const struct rule *r, const char *flag)
{
    return r->flags != NULL && strstr(r->flags, flag) != NULL;
}

struct captures {
    struct str items[2 * MATCH_CAPTURES];
    uint32_t count;
};

static void add_captures(struct captures *c, const struct match *m)
{
    for (uint32_t i = 0; i < m->count && c->count < LENGTH_OF(c->items); i++)
        c->items[c->count++] = m->captures[i];
}

/* The steps of BODY in order, on lines behind the title's. */
static bool body_matches(const struct parse *p, uint32_t at, const char *body, struct captures *c)
{
    char step[STACK_STEP_MAX];
    struct match m;

    for (uint32_t i = 0; body != NULL && stack_step(body, i, step); i++) {
        for (at++; at < p->own_count && !match_find(step, p->lines[at].text, &m); at++)
            ;
        if (at >= p->own_count)
            return false;
        add_captures(c, &m);
    }
    return true;
}

/* What the report's rules make of it. */
struct finding {
    struct rule rule;
    struct captures captures;
    uint32_t line;  /* of the title */
    bool has_title; /* some rule's title was there */
    bool has_rule;  /* and its body as well */
};

/* Tries every rule of the header on one line; the title that stands first in it wins. */
static void find_in_line(const struct parse *p, int32_t header, uint32_t at, struct finding *f)
{
    size_t best = SIZE_MAX;
    struct rule r;

    for (uint32_t i = (uint32_t)header + 1; i < oops_row_count;) {
        struct match m;
        struct captures c = {.count = 0};
        if (oops_rows[i].kind == OOPS_HEADER)
            return;
        if (oops_rows[i].kind != OOPS_TITLE) {
            i++;
            continue;
        }
        i = read_rule(i, &r);
        if (!match_find(r.title, p->lines[at].text, &m) || m.start > best)
            continue;
        if (m.start == best && f->has_rule)
            continue;
        if (m.start < best) {
            best = m.start;
            f->has_rule = false;
        }
        f->has_title = true;
        add_captures(&c, &m);
        if (!body_matches(p, at, r.body, &c))
            continue;
        f->has_rule = true;
        f->rule = r;
        f->captures = c;
        f->line = at;
    }
}

static void find_rule(const struct parse *p, struct finding *f)
{
    int32_t header = p->lines[0].header;

    for (uint32_t i = 0; i < p->own_count && !f->has_title && header != CONSOLE_NO_HEADER; i++)
        find_in_line(p, header, i, f);
}

/* ---- titles ---- */

static struct str format_title(struct arena *a, const char *format, const struct captures *c,
                               struct str function)
{
    struct buf b;

    buf_init(&b, a);
    for (; *format != '\0'; format++) {
        if (*format == '@') {
            buf_str(&b, function.size == 0 ? STR("corrupted") : function);
        } else if (*format == '$' && format[1] >= '1' && format[1] <= '9') {
            uint32_t i = (uint32_t)(*++format - '1');
            if (i < c->count)
                buf_str(&b, c->items[i]);
        } else {
            buf_byte(&b, (uint8_t)*format);
        }
    }
    return report_clean_title(a, (struct str){(const char *)b.data, b.size});
}

/* Without a rule the line itself, from the header on, is the title. */
static struct str plain_title(struct arena *a, const struct console_line *line)
{
    size_t at = match_word(line->raw, str_of(oops_rows[line->header].text));

    return report_clean_title(a, (struct str){line->raw.text + at, line->raw.size - at});
}

static void add_alt(struct arena *a, const char *format, const struct finding *f,
                    struct str function, struct report *out)
{
    struct str alt = format_title(a, format, &f->captures, function);
    bool is_known = str_equal(alt, out->title);

    for (uint32_t i = 0; i < out->alt_count; i++)
        is_known = is_known || str_equal(alt, out->alts[i]);
    if (!is_known && out->alt_count < REPORT_ALT_MAX)
        out->alts[out->alt_count++] = alt;
}

/* The title by the function's best name; its other names make alternative titles. */
static void add_titles(struct arena *a, const struct finding *f, struct report *out)
{
    struct str names[3] = {out->function};
    uint32_t count = 1;
    struct match m;

    for (uint32_t i = 0; i < oops_alias_count && count == 1; i++)
        if (match_find(oops_aliases[i].pattern, out->function, &m)) {
            struct captures c = {.count = 0};
            add_captures(&c, &m);
            names[count++] = names[0];
            names[0] = format_title(a, oops_aliases[i].name, &c, names[0]);
            if (oops_aliases[i].also[0] != '\0')
                names[count++] = format_title(a, oops_aliases[i].also, &c, names[0]);
        }
    out->title = format_title(a, f->rule.says, &f->captures, names[0]);
    out->function = names[0];
    for (uint32_t n = 0; n < count; n++) {
        add_alt(a, f->rule.says, f, names[n], out);
        for (uint32_t i = 0; i < f->rule.also_count; i++)
            add_alt(a, f->rule.also[i], f, names[n], out);
    }
}

static void make_titles(struct parse *p, const struct finding *f, struct report *out)
{
    if (!f->has_rule) {
        out->title = plain_title(p->arena, &p->lines[0]);
        if (f->has_title)
            out->corrupted = "the title is there, the rest of the report is not";
        return;
    }
    if (f->rule.stack.steps != NULL &&
        !stack_blame(&f->rule.stack, p->lines + f->line, p->own_count - f->line, &out->function))
        out->corrupted = no_frames;
    add_titles(p->arena, f, out);
    if (has_flag(&f->rule, "corrupted"))
        out->corrupted = "this shape of report is never complete";
}

/* ---- judging ---- */

/* A trace without a frame among its first lines. */
static bool is_trace_empty(const struct parse *p, uint32_t at)
{
    uint32_t stop = MIN(p->count, at + 1 + FRAME_WITHIN);
    struct str function;

    for (uint32_t i = at + 1; i < stop; i++) {
        struct str text = p->lines[i].text;
        if (oops_matches(oops_stack_starts, text))
            return true;
        if (match_has(text, "(stack is not available)") || stack_frame(text, &function))
            return false;
    }
    return true;
}

static const char *judge(const struct parse *p, const struct finding *f, struct str title)
{
    bool has_trace = false;

    if (oops_matches(oops_torn_titles, title))
        return "the title holds a piece of another line";
    if (f->has_rule && has_flag(&f->rule, "no-stack"))
        return NULL;
    for (const char *const *start = oops_stack_starts; *start != NULL; start++)
        for (uint32_t i = 0; i < p->count; i++) {
            if (!match_find(*start, p->lines[i].text, NULL))
                continue;
            if (is_trace_empty(p, i))
                return "a stack trace has no frames";
            has_trace = true;
            break;
        }
    return has_trace ? NULL : "there is no stack trace";
}

/* ---- the whole ---- */

static void write_text(struct parse *p, struct report *out)
{
    uint32_t kept = MIN(p->prefix_count, p->prefix_max);
    struct buf b;

    buf_init(&b, p->arena);
    for (uint32_t i = p->prefix_count - kept; i < p->prefix_count; i++) {
        buf_str(&b, p->prefix[i % p->prefix_max]);
        buf_byte(&b, '\n');
    }
    out->text_oops = b.size;
    for (uint32_t i = 0; i < p->count; i++) {
        buf_str(&b, p->lines[i].text);
        buf_byte(&b, '\n');
    }
    out->text = (struct str){(const char *)b.data, b.size};
}

static uint64_t number_of(struct str digits)
{
    uint64_t n = 0;

    for (size_t i = 0; i < digits.size && i < 18; i++)
        n = n * 10 + (uint64_t)(digits.text[i] - '0');
    return n;
}

static void find_executor(const struct parse *p, struct report *out)
{
    struct match m;

    for (uint32_t i = 0; i < p->count && !out->has_executor; i++)
        if (match_find("Comm: syz.%(%d%).%(%d%) ", p->lines[i].text, &m)) {
            out->has_executor = true;
            out->executor_proc = number_of(m.captures[0]);
            out->executor_id = number_of(m.captures[1]);
        }
}

static bool find_suppression(struct str console, size_t from)
{
    while (from < console.size) {
        const char *newline = memchr(console.text + from, '\n', console.size - from);
        size_t end = newline == NULL ? console.size : (size_t)(newline - console.text);
        struct str raw = {console.text + from, MIN(end - from, (size_t)CONSOLE_LINE_MAX)};
        if (oops_matches(oops_suppressions, raw))
            return true;
        from = end + 1;
    }
    return false;
}

static void interpret(struct parse *p, struct str console, struct report *out)
{
    struct finding f = {.has_title = false};

    collect(p, console, out->spot.start);
    find_rule(p, &f);
    make_titles(p, &f, out);
    if (out->corrupted == NULL)
        out->corrupted = judge(p, &f, out->title);
}

void report_parse(struct arena *a, struct str console, size_t from, struct report *out)
{
    struct parse p = {.arena = a};

    *out = (struct report){.corrupted = NULL};
    if (!report_find(console, from, &out->spot))
        return;
    struct console_context context = console_read(console, out->spot.start).context;
    interpret(&p, console, out);
    collect_before(&p, console, from, out->spot.start, context);
    out->end = p.end;
    write_text(&p, out);
    find_executor(&p, out);
    title_judge(out);
    out->is_suppressed = find_suppression(console, from);
}
