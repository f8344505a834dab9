/* place: where the descriptions that come with mujun are. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/compile.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MUJUN_DATADIR
#define MUJUN_DATADIR "/usr/local/share"
#endif

enum { PATH_BYTES = 4096 };

/* Relative to the folder of the program. The source tree comes before what is installed: who builds
 * and edits wants to see his own edits. */
static const char *const beside[] = {
    "/../../descriptions/linux",          /* build/release/mujun */
    "/../share/mujun/descriptions/linux", /* PREFIX/bin/mujun, wherever PREFIX has been moved */
};

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The folder of the running program; empty when the system does not tell. */
static void program_folder(char *out)
{
    ssize_t size = readlink("/proc/self/exe", out, PATH_BYTES - 1);

    out[MAX(size, 0)] = '\0';
    char *slash = strrchr(out, '/');
    *(slash != NULL ? slash : out) = '\0';
}

enum status syz_descriptions_default(struct arena *a, const char **path, struct diag *dg)
{
    const char *named = getenv("MUJUN_DESCRIPTIONS");
    char folder[PATH_BYTES], text[PATH_BYTES + 64], clean[PATH_MAX];

    if (named != NULL && named[0] != '\0') {
        *path = arena_copy_text(a, named, strlen(named));
        return ST_OK;
    }
    program_folder(folder);
    for (uint32_t i = 0; i < LENGTH_OF(beside) && folder[0] != '\0'; i++) {
        snprintf(text, sizeof(text), "%s%s", folder, beside[i]);
        if (is_folder(text) && realpath(text, clean) != NULL) {
            *path = arena_copy_text(a, clean, strlen(clean));
            return ST_OK;
        }
    }
    *path = MUJUN_DATADIR "/mujun/descriptions/linux";
    if (is_folder(*path))
        return ST_OK;
    return diag_fail(
        dg, ST_IO, DIAG_NO_OFFSET,
        "expected descriptions of system calls in %s%s or %s, found no such folder; name "
        "one in MUJUN_DESCRIPTIONS",
        folder, beside[0], MUJUN_DATADIR "/mujun/descriptions/linux");
}
