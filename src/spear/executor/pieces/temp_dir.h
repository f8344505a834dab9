/* temp_dir: works in a directory of its own. SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void temp_dir_enter(void)
{
    static char name[] = "./reproducer.XXXXXX";

    if (mkdtemp(name) == NULL || chmod(name, 0777) != 0 || chdir(name) != 0)
        _exit(1);
}
