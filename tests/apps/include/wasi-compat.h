/* What these programs expect of POSIX and WASI does not have: permissions and owners are accepted
 * and ignored, processes and temporary names are refused. SPDX-License-Identifier: Apache-2.0 */
#ifndef WASI_COMPAT_H
#define WASI_COMPAT_H
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define COMPAT __attribute__((unused)) static inline
enum { LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8 };
COMPAT int fchmod(int fd, mode_t mode)
{
    (void)fd, (void)mode;
    return 0;
}
COMPAT int chmod(const char *path, mode_t mode)
{
    (void)path, (void)mode;
    return 0;
}
COMPAT int fchown(int fd, uid_t u, gid_t g)
{
    (void)fd, (void)u, (void)g;
    return 0;
}
COMPAT int chown(const char *path, uid_t u, gid_t g)
{
    (void)path, (void)u, (void)g;
    return 0;
}
COMPAT int flock(int fd, int op)
{
    (void)fd, (void)op;
    return 0;
}
COMPAT uid_t geteuid(void)
{
    return 0;
}
COMPAT mode_t umask(mode_t mode)
{
    (void)mode;
    return 0;
}
COMPAT int compat_system(const char *command)
{
    (void)command;
    errno = ENOSYS;
    return -1;
}
COMPAT FILE *popen(const char *c, const char *m)
{
    (void)c, (void)m;
    errno = ENOSYS;
    return NULL;
}
COMPAT int pclose(FILE *f)
{
    (void)f;
    errno = ENOSYS;
    return -1;
}
#define system         compat_system
#define tmpnam(buffer) ((char *)NULL)
#define tmpfile()      ((FILE *)NULL)
#ifndef L_tmpnam
#define L_tmpnam 20
#endif

/* Advisory locks: there is one process, so every lock is had. */
enum { F_RDLCK = 0, F_WRLCK = 1, F_UNLCK = 2, F_GETLK = 12, F_SETLK = 13, F_SETLKW = 14 };
COMPAT int compat_fcntl(int fd, int command, ...)
{
    va_list ap;
    va_start(ap, command);
    void *argument = va_arg(ap, void *);
    va_end(ap);
    if (command == F_GETLK)
        ((struct flock *)argument)->l_type = F_UNLCK;
    if (command >= F_GETLK && command <= F_SETLKW)
        return 0;
    return fcntl(fd, command, (int)(long)argument);
}
#define fcntl compat_fcntl
#endif
