/* The dashboard over a made-up fuzzer: every page for people and as JSON, text that would be
 * markup, pages that are not there; and the server itself over a real connection.
 * SPDX-License-Identifier: Apache-2.0 */
#include "io/http.h"
#include "spear/web/web.h"
#include "tap.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- a fuzzer that stands still -------------------------------------------------------------- */

static const char evil[] = "KASAN: <script>alert(1)</script> & \"more\"";
static const char input_id[] = "0100000000000000000000000000000000000000";
static const char crash_id[] = "0123456789abcdef0123456789abcdef01234567";

static void snapshot(void *ctx, struct arena *a, struct status_snapshot *out)
{
    static const struct status_line lines[] = {{0, {"first line", 10}}, {1, {"second <line>", 13}}};
    static const struct status_key keys[] = {{"http", "the address", {"127.0.0.1:0", 11}}};
    static const struct status_machine machines[] = {
        {.index = 3, .state = MACHINE_RUNNING, .uptime_s = 75, .last_error = {"", 0}}};
    static const struct repro_row repros[] = {
        {.title = "a crash", .state = REPRO_SKIPPED, .reason = "tried 3 times", .attempts = 3}};
    static const struct check_row rows[] = {{{"code coverage", 13}, {"enabled", 7}}};
    static const struct check_row off[] = {{{"mount$x", 7}, {"no such device", 14}}};
    static const struct machine_check check = {
        .rows = rows, .row_count = 1, .disabled = off, .disabled_count = 1};
    struct crash_row *crash = arena_new(a, struct crash_row, 1);

    (void)ctx;
    memcpy(crash->hash, crash_id, sizeof(crash_id));
    crash->title = str_of(evil);
    crash->count = 7;
    crash->has_c_repro = true;
    *out = (struct status_snapshot){
        .uptime_s = 100,
        .phase = "fuzzing",
        .name = STR("test"),
        .target = STR("linux/amd64"),
        .seed = 12345,
        .level = 4,
        .crashes = crash,
        .crash_count = 1,
        .machines = machines,
        .machine_count = 1,
        .repros = repros,
        .repro_count = 1,
        .check = &check,
        .lines = lines,
        .line_count = 2,
        .config = keys,
        .config_count = 1,
    };
    out->stats[STAT_exec_total] = 4242;
}

static struct corpus_row *corpus(void *ctx, struct arena *a, const char *part, size_t *count)
{
    struct corpus_row *rows = arena_new(a, struct corpus_row, 2);

    (void)ctx;
    rows[0] = (struct corpus_row){
        .text = STR("close(0x0)\n"), .part = "close", .signal = 3, .cover = 5};
    rows[1] = (struct corpus_row){
        .text = STR("ioctl$A(0x1)\n"), .part = "ioctl$A", .signal = 4, .cover = 6, .hash = {1}};
    *count = 2;
    if (part != NULL && strcmp(part, "ioctl$A") == 0) {
        rows[0] = rows[1];
        *count = 1;
    }
    return rows;
}

static uint32_t *cover(void *ctx, struct arena *a, size_t *count)
{
    (void)ctx;
    *count = 0;
    return arena_new(a, uint32_t, 1);
}

static enum status crash_text(void *ctx, struct arena *a, const char *hash, const char *name,
                              struct str *out, struct diag *dg)
{
    (void)ctx, (void)a;
    if (strcmp(hash, crash_id) != 0)
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "no such crash");
    if (strcmp(name, "description") == 0)
        *out = str_of(evil);
    else if (strcmp(name, "repro.cprog") == 0)
        *out = STR("int main(void) { return 1 < 2; }\n");
    else
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "no such file");
    return ST_OK;
}

static const struct web_source source = {
    .snapshot = snapshot, .corpus = corpus, .cover = cover, .crash_file = crash_text};

/* ---- pages ----------------------------------------------------------------------------------- */

static const char *asked_id, *asked_name, *asked_call;

static const char *parameter(const struct http_request *r, const char *name)
{
    (void)r;
    return strcmp(name, "id") == 0     ? asked_id
           : strcmp(name, "name") == 0 ? asked_name
           : strcmp(name, "call") == 0 ? asked_call
                                       : NULL;
}

/* clang-format off */
static const struct {
    const char *path, *id, *name, *call;
    unsigned code;
    const char *has, *lacks; /* NULL: nothing asked */
} rows[] = {
    {"/",             NULL,     NULL,          NULL,      200, "4242",                 "<script>"},
    {"/",             NULL,     NULL,          NULL,      200, "vm-3",                 NULL},
    {"/",             NULL,     NULL,          NULL,      200, "1m15s",                NULL},
    {"/",             NULL,     NULL,          NULL,      200, "second &lt;line",      "second <"},
    {"/crashes",      NULL,     NULL,          NULL,      200, "&lt;script&gt;",       "<script>"},
    {"/crash",        crash_id, NULL,          NULL,      200, "1 &lt; 2",             "<script>"},
    {"/crash",        "zz",     NULL,          NULL,      404, "no such page",         NULL},
    {"/file",         crash_id, "repro.cprog", NULL,      200, "int main",             NULL},
    {"/file",         crash_id, "../../passwd", NULL,     404, NULL,                   "root"},
    {"/repros",       NULL,     NULL,          NULL,      200, "tried 3 times",        NULL},
    {"/corpus",       NULL,     NULL,          NULL,      200, "close(0x0)",           NULL},
    {"/corpus",       NULL,     NULL,          "ioctl$A", 200, "ioctl$A(0x1)",         "close("},
    {"/input",        input_id,  NULL,         NULL,      200, "ioctl$A(0x1)",         NULL},
    {"/input",        "ff",     NULL,          NULL,      404, NULL,                   NULL},
    {"/calls",        NULL,     NULL,          NULL,      200, "/corpus?call=ioctl%24A", NULL},
    {"/calls",        NULL,     NULL,          NULL,      200, "no such device",       NULL},
    {"/cover",        NULL,     NULL,          NULL,      200, "kernel_obj",           NULL},
    {"/log",          NULL,     NULL,          NULL,      200, "first line",           NULL},
    {"/config",       NULL,     NULL,          NULL,      200, "127.0.0.1:0",          NULL},
    {"/metrics",      NULL,     NULL,          NULL,      200, "mujun_exec_total 4242\n", NULL},
    {"/nothing",      NULL,     NULL,          NULL,      404, "/crashes",             NULL},
    {"/status.json",  NULL,     NULL,          NULL,      200, "\"stats\"",            "&lt;"},
    {"/crashes.json", NULL,     NULL,          NULL,      200, "\"count\": 7",         "&lt;"},
    {"/repros.json",  NULL,     NULL,          NULL,      200, "\"attempts\": 3",      NULL},
    {"/corpus.json",  NULL,     NULL,          NULL,      200, "\"signal\": 4",        NULL},
    {"/calls.json",   NULL,     NULL,          NULL,      200, "\"disabled\"",         NULL},
    {"/cover.json",   NULL,     NULL,          NULL,      200, "\"why\"",              NULL},
    {"/log.json",     NULL,     NULL,          NULL,      200, "second <line>",        NULL},
    {"/config.json",  NULL,     NULL,          NULL,      200, "\"value\"",            NULL},
    {"/crash.json",   crash_id, NULL,          NULL,      200, "\"c\": \"int main",    NULL},
};
/* clang-format on */

struct job {
    struct arena arena;
    struct web *web;
    size_t row;
    struct http_answer answer;
};

static enum status ask(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    const struct http_request request = {
        .path = rows[job->row].path, .arena = &job->arena, .parameter = parameter};

    (void)dg;
    job->answer = (struct http_answer){.type = "text/html; charset=utf-8"};
    buf_init(&job->answer.body, &job->arena);
    web_answer(job->web, &request, &job->answer);
    buf_byte(&job->answer.body, 0);
    return ST_OK;
}

static bool is_json(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    const bool is_object = json_is_object(json);
    json_decref(json);
    return is_object;
}

static void try_row(struct job *job)
{
    const char *path = rows[job->row].path, *body;

    asked_id = rows[job->row].id;
    asked_name = rows[job->row].name;
    asked_call = rows[job->row].call;
    arena_init(&job->arena, 64 << 20);
    bool pass = arena_guard(&job->arena, ask, job, NULL) == ST_OK;
    body = pass ? (const char *)job->answer.body.data : "";
    const unsigned code = job->answer.code == 0 ? 200 : job->answer.code;
    pass = pass && code == rows[job->row].code &&
           (rows[job->row].has == NULL || strstr(body, rows[job->row].has) != NULL) &&
           (rows[job->row].lacks == NULL || strstr(body, rows[job->row].lacks) == NULL);
    if (strstr(path, ".json") != NULL)
        pass = pass && is_json(body);
    if (!tap_ok(pass, "%s %u %s", path, rows[job->row].code,
                rows[job->row].has == NULL ? "" : rows[job->row].has))
        printf("# %u %.600s\n", code, body);
    arena_free(&job->arena);
}

/* ---- the server ------------------------------------------------------------------------------ */

static int dial(const char *url)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_port = htons((uint16_t)strtoul(strrchr(url, ':') + 1, NULL, 10));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool fetch(const char *url, const char *request, char *out, size_t size)
{
    const int fd = dial(url);
    size_t used = 0;
    ssize_t n;

    if (fd < 0 || write(fd, request, strlen(request)) < 0)
        return false;
    while (used + 1 < size && (n = read(fd, out + used, size - used - 1)) > 0)
        used += (size_t)n;
    out[used] = 0;
    close(fd);
    return used != 0;
}

static void serve(void)
{
    struct web *web, *second;
    struct diag dg = {0};
    static char answer[1 << 16];

    const enum status st = web_start("127.0.0.1:0", &source, &web, &dg);
    if (st == ST_UNSUPPORTED) {
        tap_ok(true, "# SKIP %s", dg.text);
        return;
    }
    if (!tap_ok(st == ST_OK, "a server on a free port: %s", dg.text))
        return;
    tap_ok(fetch(web_url(web), "GET /metrics HTTP/1.0\r\n\r\n", answer, sizeof(answer)) &&
               strstr(answer, "mujun_exec_total 4242") != NULL,
           "GET");
    tap_ok(strstr(answer, "Content-Security-Policy: default-src 'none'") != NULL,
           "pages can load and run nothing");
    tap_ok(fetch(web_url(web), "POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n", answer,
                 sizeof(answer)) &&
               strstr(answer, " 405 ") != NULL,
           "only GET is served");
    const char *address = web_url(web) + strlen("http://");
    tap_ok(web_start(address, &source, &second, &dg) == ST_IO &&
               strstr(dg.text, "Address already in use") != NULL,
           "a port in use: %s", dg.text);
    web_stop(web);
    tap_ok(web_start("nonsense", &source, &second, &dg) == ST_USAGE, "%s", dg.text);
    tap_ok(web_start("127.0.0.1:", &source, &second, &dg) == ST_USAGE, "%s", dg.text);
}

int main(void)
{
    struct job job = {0};
    struct diag dg = {0};

    if (!tap_ok(web_open(&source, &job.web, &dg) == ST_OK, "it opens"))
        return tap_done();
    for (job.row = 0; job.row < LENGTH_OF(rows); job.row++)
        try_row(&job);
    web_stop(job.web);
    serve();
    return tap_done();
}
