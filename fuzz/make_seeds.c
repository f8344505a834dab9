/* make_seeds: writes every module of the public suites, binary and as their scripts say it, as one
 * file each, named by the hash of its bytes so that twins are written once.
 *   make_seeds FOLDER     prints how many; exit 0 also when there are no suites
 * SPDX-License-Identifier: Apache-2.0 */
#include "../tests/unit/suites.h"

#include "base/base.h"

#include <inttypes.h>

enum { SEED_BYTES_MAX = 100000 }; /* larger ones slow a fuzzer down and teach it nothing more */

static uint32_t written;

static void write_seed(void *ctx, struct str bytes)
{
    const char *folder = ctx;
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    char path[4096];

    if (bytes.size > SEED_BYTES_MAX)
        return;
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ (uint8_t)bytes.text[i]) * UINT64_C(1099511628211);
    snprintf(path, sizeof(path), "%s/%016" PRIx64 ".wasm", folder, hash);
    FILE *out = fopen(path, "wbx");
    if (out == NULL)
        return; /* a twin is there */
    if (bytes.size != 0) /* an empty seed has no address */
        fwrite(bytes.text, 1, bytes.size, out);
    fclose(out);
    written++;
}

int main(int argc, char **argv)
{
    static const char *const folders[] = {"wasm-spec",
                                          "wasm-spec/custom",
                                          "wasm-spec/legacy",
                                          "wasm-spec/proposals/threads",
                                          "wasm-spec/proposals/wide-arithmetic",
                                          "wasm-spec/proposals/custom-page-sizes",
                                          "wasi"};
    const char *root = suites_root();

    if (argc != 2) {
        fprintf(stderr, "usage: make_seeds FOLDER\n");
        return 64;
    }
    struct module_visit v = {.visit = write_seed, .ctx = argv[1]};
    for (uint32_t i = 0; root != NULL && i < LENGTH_OF(folders); i++)
        visit_folder(root, folders[i], v);
    printf("%u modules\n", written);
    return 0;
}
