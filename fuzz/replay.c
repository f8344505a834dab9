/* replay: runs a fuzz harness over files without libFuzzer, for `make check` and for a debugger.
 *   replay_X FILE...     one line per file that cannot be read; exit 0 when every input came back
 * SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

enum { INPUT_BYTES_MAX = 64 << 20 };

/* Reads the whole file; NULL when it cannot be read or is larger than INPUT_BYTES_MAX. Owned. */
static uint8_t *read_all(const char *path, size_t *size)
{
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        return NULL;
    uint8_t *bytes = malloc(INPUT_BYTES_MAX);
    *size = bytes != NULL ? fread(bytes, 1, INPUT_BYTES_MAX, in) : 0;
    if (bytes != NULL && (ferror(in) || !feof(in))) {
        free(bytes);
        bytes = NULL;
    }
    fclose(in);
    return bytes;
}

int main(int argc, char **argv)
{
    int unread = 0;
    for (int i = 1; i < argc; i++) {
        size_t size = 0;
        uint8_t *bytes = read_all(argv[i], &size);
        if (bytes == NULL) {
            fprintf(stderr, "%s: cannot be read\n", argv[i]);
            unread++;
            continue;
        }
        uint8_t *exact = malloc(size + (size == 0)); /* so that ASan sees reads past the end */
        if (exact == NULL)
            return 1;
        for (size_t j = 0; j < size; j++)
            exact[j] = bytes[j];
        free(bytes);
        LLVMFuzzerTestOneInput(exact, size);
        free(exact);
    }
    return unread == 0 ? 0 : 1;
}
