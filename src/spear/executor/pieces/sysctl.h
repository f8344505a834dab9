/* sysctl: settings of the machine that make bugs visible and keep programs from stopping it.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdio.h>
#include <unistd.h>

#include "spear/executor/pieces/write_file.h"

static void sysctl_setup(void)
{
    static const char *const settings[][2] = {
        {"/proc/sys/kernel/hung_task_timeout_secs",       "20"     },
        {"/proc/sys/kernel/hung_task_all_cpu_backtrace",  "1"      },
        {"/proc/sys/kernel/softlockup_all_cpu_backtrace", "1"      },
        {"/proc/sys/kernel/kptr_restrict",                "0"      },
        {"/proc/sys/kernel/printk",                       "7 4 1 3"},
        {"/proc/sys/kernel/ctrl-alt-del",                 "0"      },
        {"/proc/sys/kernel/core_pattern",                 "core"   },
        {"/proc/sys/fs/mount-max",                        "100"    },
        {"/proc/sys/vm/oom_dump_tasks",                   "0"      },
        {"/proc/sys/debug/exception-trace",               "0"      },
        {"/proc/sys/net/core/bpf_jit_enable",             "1"      },
        {"/proc/sys/net/core/bpf_jit_harden",             "0"      },
    };

    for (unsigned i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        write_file(settings[i][0], settings[i][1]);
}
