/* file: whole files. Written ones are there completely or not at all, whatever happens to the
 * program or the machine. SPDX-License-Identifier: Apache-2.0 */
#ifndef IO_FILE_H
#define IO_FILE_H

#include "base/base.h"
#include "base/diag.h"

enum { FILE_PATH_MAX = 4096 }; /* bytes of a path, with its NUL */

/* "WHAT: No space left on device" with advice for the errors that have one; ST_IO. */
enum status file_fail(struct diag *dg, int error, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Reads all of a file. *data is owned by the caller (mem_free) and has a NUL after *size bytes. A
 * file of more than limit_bytes is ST_LIMIT. Outputs are written only on ST_OK. */
MUST_USE enum status file_read(const char *path, size_t limit_bytes, uint8_t **data, size_t *size,
                               struct diag *dg);

/* Writes a file anew: PATH.tmp.PID.N, fsync, rename, fsync of the folder. On failure the old file
 * is untouched and the temporary one is gone. */
MUST_USE enum status file_write(const char *path, const void *data, size_t size, struct diag *dg);

/* All of data, through signals and short writes. False: errno says why. */
bool file_write_all(int fd, const void *data, size_t size);

/* The folder with all its parents; one that is there is fine. */
MUST_USE enum status file_make_dirs(const char *path, struct diag *dg);

/* Removes a file, or a folder with all in it; what is not there is fine. Follows no links. */
void file_remove_all(const char *path);

/* Where a program is: the name itself when it has a slash, else the first executable in $PATH.
 * False when there is none. */
bool file_find_program(const char *name, char out[FILE_PATH_MAX]);

/* $XDG_CACHE_HOME/mujun/NAME, else ~/.cache/mujun/NAME, else a folder in /tmp; not created. */
void file_cache_path(const char *name, char out[FILE_PATH_MAX]);

/* Bytes that may still be written under path; UINT64_MAX when unknown. */
uint64_t file_space_left(const char *path);

#endif /* IO_FILE_H */
