/* probe: what this kernel can do, tried out, and for what it cannot: which call failed, how, and
 * which option of the kernel mends it.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "spear/executor/executor.h"

static const char *const feature_names[] = {
#define FEATURE(name, label, what) #name,
#include "spear/wire/wire.def"
};

struct findings {
    struct wire_machine *machine;
    size_t used; /* of reasons */
};

__attribute__((format(printf, 3, 4))) static void
lacks(struct findings *f, enum wire_feature feature, const char *format, ...)
{
    char *text = f->machine->reasons;
    const size_t max = sizeof(f->machine->reasons);
    va_list args;

    int n = snprintf(text + f->used, max - f->used, "%s: ", feature_names[feature]);
    f->used += (size_t)n < max - f->used ? (size_t)n : 0;
    va_start(args, format);
    n = vsnprintf(text + f->used, max - f->used, format, args);
    va_end(args);
    f->used += (size_t)n < max - f->used ? (size_t)n : 0;
    n = snprintf(text + f->used, max - f->used, "\n");
    f->used += (size_t)n < max - f->used ? (size_t)n : 0;
}

static uint64_t calibrate(void)
{
    const uint64_t start = ex_now_ns();

    for (int i = 0; i < WIRE_CALIBRATION_LOOPS; i++)
        syscall(SYS_getppid);
    return ex_now_ns() - start;
}

void ex_probe(struct executor *ex)
{
    struct wire_machine *machine = (struct wire_machine *)(void *)(ex->base + WIRE_MACHINE_OFFSET);
    struct findings f = {machine, 0};
    struct utsname name;

    memset(machine, 0, sizeof(*machine));
    uname(&name);
    snprintf(machine->kernel, sizeof(machine->kernel), "%s %.60s", name.release, name.version);
    machine->calibration_ns = calibrate();
    machine->cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
    machine->pc_high = UINT64_C(0xffffffff) << 32;
    machine->cover_words = EX_COVER_WORDS;
    for (uint32_t i = 0; ex->is_local && i < WIRE_FEATURE_COUNT; i++)
        lacks(&f, (enum wire_feature)i, "a local executor touches nothing of its machine");
}
