/* csource: the frame of the file around the calls. SPDX-License-Identifier: Apache-2.0 */
#include "spear/kernel/csource.h"

#include "spear/kernel/csource_int.h"

#include <string.h>

enum when { AT_START, PREPARE, EACH_RUN, AFTER_RUN };

/* What a setting puts into main() or around each run, made of a piece. */
static const struct frame_part {
    const char *piece, *statement;
    enum when when;
    size_t setting; /* offset of a bool in struct repro_settings */
} parts[] = {
#define PART(setting, piece, when, statement)                                                      \
    {#piece, statement, when, offsetof(struct repro_settings, setting)},
#include "spear/kernel/csource_parts.def"
};

static bool is_on(const struct csource *c, const struct frame_part *part)
{
    bool on;
    memcpy(&on, (const char *)c->settings + part->setting, sizeof(on));
    return on;
}

static enum status add_piece(struct csource *c, const char *name, struct diag *dg)
{
    enum piece piece;

    if (!piece_find(name, &piece))
        return diag_fail(dg, ST_UNSUPPORTED, DIAG_NO_OFFSET,
                         "the executor has no piece `%s` that this setting needs", name);
    piece_add(&c->pieces, piece);
    return ST_OK;
}

static bool has_parts(const struct csource *c, enum when when)
{
    for (size_t i = 0; i < LENGTH_OF(parts); i++)
        if (parts[i].when == when && is_on(c, &parts[i]))
            return true;
    return false;
}

/* What is prepared for a program is made inside a sandbox, at least one that stays root. */
static const char *sandbox_piece(const struct csource *c)
{
    switch (c->settings->sandbox) {
    case WIRE_SANDBOX_SETUID: return "sandbox_setuid";
    case WIRE_SANDBOX_NAMESPACE: return "sandbox_namespace";
    default: return has_parts(c, PREPARE) ? "sandbox_none" : NULL;
    }
}

static enum status add_pieces(struct csource *c, struct diag *dg)
{
    TRY(add_piece(c, "data_region", dg));
    for (size_t i = 0; i < LENGTH_OF(parts); i++)
        if (is_on(c, &parts[i]))
            TRY(add_piece(c, parts[i].piece, dg));
    if (sandbox_piece(c) != NULL)
        TRY(add_piece(c, sandbox_piece(c), dg));
    if (c->settings->threaded)
        TRY(add_piece(c, "run_threads", dg));
    if (c->settings->repeat)
        TRY(add_piece(c, "run_again", dg));
    return ST_OK;
}

/* ---- printing -------------------------------------------------------------------------------- */

static void print_comment(struct csource *c, struct str title, struct buf *out)
{
    struct buf text;

    buf_text(out, "// ");
    if (title.size != 0)
        buf_str(out, title);
    else
        buf_text(out, "A reproducer");
    buf_text(out, "\n// Made by mujun from this program:\n//\n");
    buf_init(&text, out->arena);
    syz_prog_print(&text, c->prog);
    for (size_t at = 0; at < text.size;) {
        const uint8_t *newline = memchr(text.data + at, '\n', text.size - at);
        const size_t end = newline == NULL ? text.size : (size_t)(newline - text.data);
        buf_text(out, "//   ");
        buf_bytes(out, text.data + at, end - at);
        buf_byte(out, '\n');
        at = end + 1;
    }
    buf_text(out, "//\n// Build: cc -pthread -o repro repro.c    Run it as root in a machine that "
                  "may die.\n\n");
}

/* Numbers of calls that the system's headers may be too old to know. */
static void print_numbers(struct csource *c, struct buf *out)
{
    for (uint32_t i = 0; i < c->prog->count; i++) {
        const struct syz_call *call = c->prog->steps[i].call;
        bool seen = call->number < 0;
        for (uint32_t k = 0; k < i; k++)
            seen = seen || str_equal(c->prog->steps[k].call->base, call->base);
        if (!seen)
            buf_printf(out, "#ifndef __NR_%.*s\n#define __NR_%.*s %lld\n#endif\n",
                       (int)call->base.size, call->base.text, (int)call->base.size, call->base.text,
                       (long long)call->number);
    }
}

static void print_results(const struct csource *c, struct buf *out)
{
    if (c->needs_proc)
        buf_text(out, "\nstatic uint64_t procid;\n");
    if (c->result_count == 0)
        return;
    buf_printf(out, "\nstatic uint64_t r[%u] = {", c->result_count);
    for (uint32_t i = 0; i < c->result_count; i++)
        buf_printf(out, "%s0xffffffffffffffff", i == 0 ? "" : ", ");
    buf_text(out, "};\n");
}

static bool keeps_results(const struct buf *calls)
{
    return memmem(calls->data, calls->size, "result = ", 9) != NULL;
}

static void print_calls_in_order(const struct csource *c, const struct buf *calls, struct buf *out)
{
    bool any = false;

    for (uint32_t i = 0; i < c->prog->count; i++)
        any = any || keeps_results(&calls[i]);
    buf_text(out, "\nstatic void run_program(void)\n{\n");
    if (any)
        buf_text(out, "\tlong result;\n\n");
    for (uint32_t i = 0; i < c->prog->count; i++)
        buf_bytes(out, calls[i].data, calls[i].size);
    buf_text(out, "}\n");
}

/* Each call may run in a thread of its own, so each is a case. */
static void print_calls_in_threads(const struct csource *c, const struct buf *calls,
                                   struct buf *out)
{
    buf_text(out, "\nstatic void run_call(int call)\n{\n\tlong result = 0;\n\n\t(void)result;\n"
                  "\tswitch (call) {\n");
    for (uint32_t i = 0; i < c->prog->count; i++) {
        buf_printf(out, "\tcase %u:\n", i);
        buf_bytes(out, calls[i].data, calls[i].size);
        buf_text(out, "\tbreak;\n");
    }
    buf_text(out, "\t}\n}\n\nstatic void run_program(void)\n{\n"
                  "\tstatic const unsigned char is_async[] = {");
    for (uint32_t i = 0; i < c->prog->count; i++)
        buf_printf(out, "%s%d", i == 0 ? "" : ", ", (int)c->prog->steps[i].props.is_async);
    buf_printf(out, "};\n\n\trun_threads(run_call, %u, is_async);\n}\n", c->prog->count);
}

static void print_parts(const struct csource *c, enum when when, struct buf *out)
{
    for (size_t i = 0; i < LENGTH_OF(parts); i++)
        if (parts[i].when == when && is_on(c, &parts[i]))
            buf_printf(out, "\t%s;\n", parts[i].statement);
}

static void print_run(const struct csource *c, struct buf *out)
{
    buf_text(out, "\nstatic void run_once(void)\n{\n");
    print_parts(c, EACH_RUN, out);
    buf_text(out, "\trun_program();\n");
    print_parts(c, AFTER_RUN, out);
    buf_text(out, "}\n");
}

/* The functions that a sandbox calls: what to make before, and what to run in it. */
static void print_sandboxed(const struct csource *c, struct buf *out)
{
    if (has_parts(c, PREPARE)) {
        buf_text(out, "\nstatic void prepare(void)\n{\n");
        print_parts(c, PREPARE, out);
        buf_text(out, "}\n");
    }
    if (sandbox_piece(c) != NULL)
        buf_printf(out, "\nstatic void inside(void)\n{\n\t%s;\n}\n",
                   c->settings->repeat ? "run_again(run_once)" : "run_once()");
}

static void print_main(const struct csource *c, struct buf *out)
{
    const struct repro_settings *s = c->settings;

    print_sandboxed(c, out);
    buf_text(out, "\nint main(void)\n{\n\tdata_region_map();\n");
    print_parts(c, AT_START, out);
    if (c->needs_fault)
        buf_text(out, "\tfault_setup();\n");
    if (c->pieces.has[PIECE_init_net_socket])
        buf_text(out, "\tinit_net_keep();\n");
    if (s->procs > 1) {
        buf_printf(out, "\tfor (uint64_t proc = 0; proc < %u; proc++)\n\t\tif (fork() == 0) {\n",
                   s->procs);
        if (c->needs_proc)
            buf_text(out, "\t\t\tprocid = proc;\n");
    }
    const char *indent = s->procs > 1 ? "\t\t\t" : "\t";
    if (sandbox_piece(c) != NULL)
        buf_printf(out, "%s%s(%s, inside);\n", indent, sandbox_piece(c),
                   has_parts(c, PREPARE) ? "prepare" : "NULL");
    else
        buf_printf(out, "%s%s;\n", indent, s->repeat ? "run_again(run_once)" : "run_once()");
    if (s->procs > 1)
        buf_text(out, "\t\t\treturn 0;\n\t\t}\n\twhile (wait(NULL) > 0)\n\t\t;\n");
    buf_text(out, "\treturn 0;\n}\n");
}

enum status csource_write(const struct syz_prog *p, const struct repro_settings *settings,
                          struct str title, struct buf *out, struct diag *dg)
{
    struct csource c = {.prog = p, .settings = settings};
    struct buf calls[SYZ_CALLS_MAX];
    static const char *const includes[] = {
        "stdint.h", "string.h", "sys/syscall.h", "sys/types.h", "sys/wait.h", "unistd.h", NULL};

    for (uint32_t i = 0; i < p->count; i++)
        buf_init(&calls[i], out->arena);
    TRY(add_pieces(&c, dg));
    TRY(csource_calls(&c, calls, dg));
    print_comment(&c, title, out);
    buf_text(out, "#define _GNU_SOURCE\n\n");
    pieces_print_includes(out, &c.pieces, includes);
    buf_byte(out, '\n');
    print_numbers(&c, out);
    pieces_print_bodies(out, &c.pieces);
    print_results(&c, out);
    if (settings->threaded)
        print_calls_in_threads(&c, calls, out);
    else
        print_calls_in_order(&c, calls, out);
    print_run(&c, out);
    print_main(&c, out);
    return ST_OK;
}
