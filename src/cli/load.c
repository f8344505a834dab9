/* load: see load.h. Text and binary take one road: text becomes bytes, bytes become a module.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/load.h"

#include "base/mem.h"
#include "shield/wasm/read.h"
#include "shield/wasm/validate.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status fail_errno(struct diag *dg, const char *what)
{
    return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "%s: %s", what, strerrordesc_np(errno));
}

/* Pipes and devices: read until the end, doubling. */
static enum status read_stream(int fd, struct cli_input *in, struct diag *dg)
{
    uint8_t *bytes = NULL;
    size_t size = 0, capacity = 0;

    for (;;) {
        if (size == capacity) {
            capacity = capacity == 0 ? 1 << 16 : capacity * 2;
            uint8_t *more =
                capacity > (size_t)WM_MAX_MODULE_BYTES * 2 ? NULL : mem_resize(bytes, capacity, 1);
            if (more == NULL) {
                mem_free(bytes);
                return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET, "more than %zu bytes of input",
                                 size);
            }
            bytes = more;
        }
        ssize_t n = read(fd, bytes + size, capacity - size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            mem_free(bytes);
            return fail_errno(dg, "cannot be read");
        }
        if (n == 0)
            break;
        size += (size_t)n;
    }
    *in = (struct cli_input){bytes, size, false};
    return ST_OK;
}

/* Files of /proc say that they are regular ones and cannot be mapped; they are read. */
static enum status map_file(int fd, size_t size, struct cli_input *in, struct diag *dg)
{
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return read_stream(fd, in, dg);
    *in = (struct cli_input){bytes, size, true};
    return ST_OK;
}

enum status cli_input_open(const char *path, struct cli_input *in, struct diag *dg)
{
    struct stat info;
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    enum status st = ST_OK;

    if (fd < 0)
        return fail_errno(dg, "cannot be opened");
    if (fstat(fd, &info) != 0)
        st = fail_errno(dg, "cannot be examined");
    else if (S_ISDIR(info.st_mode))
        st = diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "expected a file, found a folder");
    else if (S_ISREG(info.st_mode) && info.st_size > WM_MAX_MODULE_BYTES)
        st = diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET, "%jd bytes; at most %d bytes of a module",
                       (intmax_t)info.st_size, WM_MAX_MODULE_BYTES);
    else if (S_ISREG(info.st_mode) && info.st_size > 0 && !is_stdin)
        st = map_file(fd, (size_t)info.st_size, in, dg);
    else
        st = read_stream(fd, in, dg);
    if (!is_stdin)
        close(fd);
    return st;
}

void cli_input_close(struct cli_input *in)
{
    if (in->is_mapped)
        munmap(in->bytes, in->size);
    else
        mem_free(in->bytes);
    *in = (struct cli_input){0};
}

bool cli_is_text(const char *path, const struct cli_input *in)
{
    const char *dot = strrchr(path, '.');
    size_t at = 0;

    if (in->size >= 4 && memcmp(in->bytes, "\0asm", 4) == 0)
        return false;
    if (dot != NULL && strcmp(dot, ".wat") == 0)
        return true;
    while (at < in->size && strchr(" \t\r\n", in->bytes[at]) != NULL && in->bytes[at] != 0)
        at++;
    return at < in->size && (in->bytes[at] == '(' || in->bytes[at] == ';');
}

enum status cli_module_load(const char *path, const struct wm_wat_options *options,
                            struct cli_module *m, struct diag *dg)
{
    TRY(cli_input_open(path, &m->input, dg));
    size_t limit = CLI_ARENA_BYTES_MIN + m->input.size * CLI_ARENA_PER_INPUT_BYTE;
    arena_init(&m->arena, limit);
    arena_init(&m->scratch, limit);
    m->binary = (struct str){(const char *)m->input.bytes, m->input.size};
    if (cli_is_text(path, &m->input)) {
        struct str text = m->binary;
        TRY(wm_wat_parse(text, options, &m->arena, &m->binary, &m->map, dg));
    }
    enum status st = wm_read_module((const uint8_t *)m->binary.text, m->binary.size,
                                    options->features, &m->arena, &m->module, dg);
    if (st != ST_OK && m->map != NULL)
        wm_source_map_diag(m->map, dg);
    return st;
}

enum status cli_module_validate(struct cli_module *m, struct diag *dg)
{
    enum status st = wm_validate(&m->module, &m->scratch, dg);
    if (st != ST_OK && m->map != NULL)
        wm_source_map_diag(m->map, dg);
    return st;
}

void cli_module_free(struct cli_module *m)
{
    arena_free(&m->scratch);
    arena_free(&m->arena);
    cli_input_close(&m->input);
}

static enum status refuse_feature(const char *word, struct diag *dg)
{
    struct nearest near = {.word = word};

    nearest_try(&near, "all");
    for (uint32_t i = 0; i < WM_FEATURE_COUNT; i++)
        nearest_try(&near, wm_feature_info[i].name);
    if (near.best == NULL)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "--feature knows no %s; `mujun help features` lists all", word);
    return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                     "--feature knows no %s; did you mean %s? (`mujun help features` lists all)",
                     word, near.best);
}

static enum status apply_feature(const char *word, struct wm_features *set, struct diag *dg)
{
    bool on = strncmp(word, "no-", 3) != 0;
    const char *name = on ? word : word + 3;

    if (strcmp(word, "all") == 0) {
        *set = wm_features_all();
        return ST_OK;
    }
    enum wm_feature f = wm_feature_find(name);
    if (f == WM_FEATURE_COUNT)
        return refuse_feature(name, dg);
    if (f == WM_FEATURE_MVP && !on)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "--feature: mvp cannot be switched off");
    wm_feature_set(set, f, on);
    return ST_OK;
}

enum status cli_features(const struct cli_list *words, struct wm_features *out, struct diag *dg)
{
    struct wm_features set = wm_features_default();

    for (uint32_t i = 0; i < words->count; i++) {
        for (const char *p = words->items[i]; *p != '\0';) {
            char word[64];
            size_t size = strcspn(p, ",");
            snprintf(word, sizeof(word), "%.*s", (int)MIN(size, sizeof(word)), p);
            TRY(apply_feature(word, &set, dg));
            p += size + (p[size] == ',');
        }
    }
    *out = set;
    return ST_OK;
}

static bool is_stdout(const char *path)
{
    return path == NULL || strcmp(path, "-") == 0;
}

enum status cli_sink_write(struct cli_sink *s, const void *bytes, size_t size, struct diag *dg)
{
    errno = 0;
    if (s->file == NULL)
        s->file = is_stdout(s->path) ? stdout : fopen(s->path, "wb");
    if (s->file == NULL)
        return fail_errno(dg, "cannot be created");
    if (fwrite(bytes, 1, size, s->file) != size)
        return fail_errno(dg, "cannot be written");
    return ST_OK;
}

enum status cli_sink_close(struct cli_sink *s, bool keep, struct diag *dg)
{
    if (s->file == NULL)
        return ST_OK;
    errno = 0;
    bool written = (s->file == stdout ? fflush(stdout) : fclose(s->file)) == 0;
    if (!keep && s->file != stdout)
        (void)remove(s->path);
    s->file = NULL;
    return written ? ST_OK : fail_errno(dg, "cannot be written");
}

enum status cli_output(const char *path, const void *bytes, size_t size, struct diag *dg)
{
    struct cli_sink sink = {.path = path};
    enum status st = cli_sink_write(&sink, bytes, size, dg);

    if (st != ST_OK)
        return cli_sink_close(&sink, false, NULL) == ST_OK ? st : ST_IO;
    return cli_sink_close(&sink, true, dg);
}
