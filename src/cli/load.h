/* load: modules from files for the subcommands: bytes, text or binary, features, arenas, and where
 * results go. SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_LOAD_H
#define CLI_LOAD_H

#include "cli/cli.h"
#include "shield/wasm/module.h"
#include "shield/wasm/wat.h"

/* Bytes of a file, mapped when it is a regular one; "-" is standard input. */
struct cli_input {
    uint8_t *bytes; /* owned by the input; not to be written */
    size_t size;
    bool is_mapped;
};
MUST_USE enum status cli_input_open(const char *path, struct cli_input *in, struct diag *dg);
void cli_input_close(struct cli_input *in);
/* Text when its name ends in .wat, or when the first thing in it is a parenthesis or a comment. */
bool cli_is_text(const char *path, const struct cli_input *in);

/* Working memory of one module: so many bytes, and so many per byte of input. */
#define CLI_ARENA_BYTES_MIN ((size_t)256 << 20)
enum { CLI_ARENA_PER_INPUT_BYTE = 64 };

/* A module read from a binary or text file; not yet validated. Zero it before, free it after, also
 * when loading failed. */
struct cli_module {
    struct arena arena, scratch;
    struct cli_input input;
    struct wm_module module;
    struct str binary;         /* the module in binary format: the input, or what its text says */
    struct wm_source_map *map; /* NULL when the input is binary */
};
MUST_USE enum status cli_module_load(const char *path, const struct wm_wat_options *options,
                                     struct cli_module *m, struct diag *dg);
/* The refusal of a module that came from text names line and column. */
MUST_USE enum status cli_module_validate(struct cli_module *m, struct diag *dg);
void cli_module_free(struct cli_module *m);

/* The default set changed by the words of --feature: NAME, no-NAME, all, or several with commas.
 * ST_USAGE names the nearest known word. */
MUST_USE enum status cli_features(const struct cli_list *words, struct wm_features *out,
                                  struct diag *dg);

/* A file written piece by piece, made when the first piece comes. */
struct cli_sink {
    const char *path; /* NULL or "-" is standard output */
    void *file;       /* FILE */
};
MUST_USE enum status cli_sink_write(struct cli_sink *s, const void *bytes, size_t size,
                                    struct diag *dg);
/* Without keep the file is removed: it holds half of something. */
MUST_USE enum status cli_sink_close(struct cli_sink *s, bool keep, struct diag *dg);

/* Writes a whole file; NULL or "-" is standard output. */
MUST_USE enum status cli_output(const char *path, const void *bytes, size_t size, struct diag *dg);

#endif /* CLI_LOAD_H */
