/* replay: runs a fuzz harness over files without libFuzzer, for `make check` and for a debugger.
 *   replay_X FILE...     one line per file that cannot be read; exit 0 when every input came back
 * SPDX-License-Identifier: Apache-2.0 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

enum { INPUT_BYTES_MAX = 64 << 20 };

/* Reads the whole file into a block of just its size, so that ASan sees reads past the end; NULL
 * when it cannot be read or is larger than INPUT_BYTES_MAX. Owned. */
static uint8_t *read_all(const char *path, size_t *size)
{
    FILE *in = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long end = -1;

    if (in == NULL)
        return NULL;
    if (fseek(in, 0, SEEK_END) == 0)
        end = ftell(in);
    rewind(in);
    if (end >= 0 && end <= INPUT_BYTES_MAX)
        bytes = malloc(end == 0 ? 1 : (size_t)end);
    if (bytes != NULL && fread(bytes, 1, (size_t)end, in) != (size_t)end) {
        free(bytes);
        bytes = NULL;
    }
    fclose(in);
    *size = (size_t)MAX(end, 0L);
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
        LLVMFuzzerTestOneInput(bytes, size);
        free(bytes);
    }
    return unread == 0 ? 0 : 1;
}
