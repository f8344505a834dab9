/* linux: the parts of a manager that fuzzes Linux: which kernel, which machines, which
 * descriptions. The one file here that knows a target. SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "io/file.h"
#include "spear/kernel/repro.h"
#include "spear/kernel/target.h"
#include "spear/manager/manager_int.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

struct linux_parts {
    const struct config *config;
    struct vm_options vm;
    struct kernel_target *kernel;
    char kernel_path[FILE_PATH_MAX];
    char vmlinux[FILE_PATH_MAX], source_dir[FILE_PATH_MAX]; /* empty: none */
};

/* ---- which kernel ---- */

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The last match of a pattern in the order of names: the newest version. */
static bool last_match(const char *pattern, char out[FILE_PATH_MAX])
{
    glob_t found;
    bool is_found = glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc != 0;

    if (is_found)
        snprintf(out, FILE_PATH_MAX, "%s", found.gl_pathv[found.gl_pathc - 1]);
    globfree(&found);
    return is_found;
}

static bool in_folder(const char *folder, char out[FILE_PATH_MAX])
{
    static const char *const places[] = {"arch/x86/boot/bzImage", "bzImage", "boot/bzImage"};
    static const char *const patterns[] = {"vmlinuz-*", "boot/vmlinuz-*"};

    for (uint32_t i = 0; i < LENGTH_OF(places); i++) {
        snprintf(out, FILE_PATH_MAX, "%s/%s", folder, places[i]);
        if (is_file(out))
            return true;
    }
    for (uint32_t i = 0; i < LENGTH_OF(patterns); i++) {
        char pattern[FILE_PATH_MAX];
        snprintf(pattern, sizeof(pattern), "%s/%s", folder, patterns[i]);
        if (last_match(pattern, out))
            return true;
    }
    return false;
}

static enum status choose_kernel(struct linux_parts *l, void (*log)(void *ctx, const char *line),
                                 void *ctx, struct diag *dg)
{
    const char *given = l->config->vm_kernel;
    char line[FILE_PATH_MAX + 128];

    if (given[0] != '\0' && is_folder(given)) {
        if (in_folder(given, l->kernel_path))
            return ST_OK;
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET,
                         "vm.kernel: expected a built kernel in the folder %s, found neither "
                         "arch/x86/boot/bzImage nor bzImage nor vmlinuz-*",
                         given);
    }
    if (given[0] != '\0') {
        snprintf(l->kernel_path, sizeof(l->kernel_path), "%s", given);
        if (is_file(given))
            return ST_OK;
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET,
                         "vm.kernel: %s: there is no such file; expected a bzImage or vmlinuz",
                         given);
    }
    if (l->config->image[0] != '\0' || !last_match("/boot/vmlinuz-*", l->kernel_path))
        return l->config->image[0] != '\0'
                   ? ST_OK
                   : diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                               "vm.kernel: expected the kernel to fuzz, found none, and none in "
                               "/boot; give --kernel FILE, or make one: mujun kernel build");
    snprintf(line, sizeof(line), "no kernel was given: fuzzing that of this system, %s",
             l->kernel_path);
    log(ctx, line);
    return ST_OK;
}

/* vmlinux from kernel_obj, or from the folder that the kernel came from; the sources beside it. */
static void choose_symbols(struct linux_parts *l)
{
    const struct config *c = l->config;
    const char *folder = c->kernel_obj[0] != '\0' ? c->kernel_obj : c->vm_kernel;
    const char *sources = c->kernel_src[0] != '\0' ? c->kernel_src : folder;

    snprintf(l->vmlinux, sizeof(l->vmlinux), "%s/vmlinux", folder);
    if (folder[0] == '\0' || !is_file(l->vmlinux))
        l->vmlinux[0] = '\0';
    snprintf(l->source_dir, sizeof(l->source_dir), "%s/source", sources);
    if (!is_folder(l->source_dir))
        snprintf(l->source_dir, sizeof(l->source_dir), "%s", sources);
    if (!is_folder(l->source_dir))
        l->source_dir[0] = '\0';
}

/* ---- which machines ---- */

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static struct vm_options vm_options_of(const struct linux_parts *l)
{
    const struct config *c = l->config;

    return (struct vm_options){
        .type = c->type == 1 ? VM_LOCAL : VM_QEMU,
        .accel = (enum vm_accel)c->vm_accel,
        .qemu = or_null(c->vm_qemu),
        .kernel = or_null(l->kernel_path),
        .image = or_null(c->image),
        .sshkey = or_null(c->sshkey),
        .cmdline = or_null(c->vm_cmdline),
        .qemu_args = or_null(c->vm_qemu_args),
        .work_dir = c->workdir,
        .cpus = (uint32_t)c->vm_cpu,
        .mem_mib = (uint32_t)c->vm_mem,
        .slots = (uint32_t)c->procs,
        .no_snapshot = !c->vm_snapshot,
        .sandbox = (enum wire_sandbox)c->sandbox,
        .features_wanted = (UINT64_C(1) << WIRE_FEATURE_COUNT) - 1,
        .boot_timeout_s = (uint32_t)c->vm_boot_time,
        .silence_timeout_s = (uint32_t)c->vm_silence,
    };
}

static struct kernel_words words_of(const struct config_list *list)
{
    return (struct kernel_words){list->items, list->count};
}

/* "linux/amd64" or "linux": the part behind the slash. */
static enum status arch_of(const char *target, const char **arch, struct diag *dg)
{
    const char *slash = strchr(target, '/');
    size_t size = slash == NULL ? strlen(target) : (size_t)(slash - target);

    if (size != 5 || strncmp(target, "linux", 5) != 0)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET, "target: expected linux/amd64, found %s",
                         target);
    *arch = slash == NULL ? "amd64" : slash + 1;
    if (strcmp(*arch, "amd64") != 0)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "target: machines of linux/%s are not there yet; expected linux/amd64",
                         *arch);
    return ST_OK;
}

/* ---- reproduction ---- */

static enum status linux_reproduce(void *self, const struct repro_task *task,
                                   struct repro_outcome *out, struct arena *a, struct diag *dg)
{
    struct linux_parts *l = self;
    struct repro_result result = {0};
    const struct repro_options options = {
        .target = kernel_descriptions(l->kernel),
        .pool = kernel_pool(l->kernel),
        .machine_index = task->machine_index,
        .title = task->title,
        .log = task->log,
        .settings =
            repro_settings_full((uint32_t)l->config->procs, (enum wire_sandbox)l->config->sandbox),
        .stop = task->stop,
        .log_line = task->log_line,
        .ran = task->ran,
        .ctx = task->ctx,
    };

    TRY(repro_run(&options, &result, a, dg));
    *out = (struct repro_outcome){
        .has_prog = result.has_prog,
        .has_c = result.has_c,
        .files = result.files,
        .calls = result.calls,
        .programs_run = result.programs_run,
        .reliable = result.reliable,
        .runs = result.runs,
        .seconds = result.seconds,
        .attempt_log = result.attempt_log,
        .why_no_c = result.why_no_c,
    };
    return ST_OK;
}

static const char *linux_avoid(void *self, struct str reproducer)
{
    struct linux_parts *l = self;
    return kernel_avoid(l->kernel, reproducer);
}

static enum status linux_import(void *self, struct str text, bool *is_log,
                                void (*each)(void *ctx, struct str input), void *ctx,
                                struct diag *dg)
{
    struct linux_parts *l = self;
    return kernel_import(l->kernel, text, is_log, each, ctx, dg);
}

static void linux_close(void *self)
{
    struct linux_parts *l = self;

    kernel_close(l->kernel);
    mem_free(l);
}

static enum status open_linux(struct linux_parts *l, const struct manager_options *options,
                              struct kernel_options *k, struct diag *dg)
{
    const struct config *c = l->config;

    TRY(arch_of(c->target, &k->arch, dg));
    if (c->type == 1 && !options->owns_machine)
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "type: local runs random system calls on this very machine, which may "
                         "destroy what is on it; say so with --i-own-this-machine");
    if ((c->image[0] != '\0') != (c->sshkey[0] != '\0'))
        return diag_fail(dg, ST_USAGE, DIAG_NO_OFFSET,
                         "image and sshkey belong together: expected both or neither, found %s",
                         c->image[0] != '\0' ? "image" : "sshkey");
    if (c->type == 0)
        TRY(choose_kernel(l, k->log, k->ctx, dg));
    choose_symbols(l);
    k->vmlinux = or_null(l->vmlinux);
    k->source_dir = or_null(l->source_dir);
    l->vm = vm_options_of(l);
    return kernel_open(k, &l->kernel, dg);
}

enum status manager_linux(const struct manager_options *options,
                          bool (*is_ignored)(void *ctx, struct str line),
                          void (*log)(void *ctx, const char *line), void *ctx,
                          struct manager_parts *out, struct diag *dg)
{
    const struct config *c = options->config;
    struct linux_parts *l = mem_alloc(1, sizeof(*l));

    if (l == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "the parts of a target");
    l->config = c;
    struct kernel_options k = {
        .descriptions = words_of(&c->descriptions),
        .enable = words_of(&c->enable),
        .disable = words_of(&c->disable),
        .no_mutate = words_of(&c->no_mutate),
        .is_blind = c->level == LEVEL_RANDOM,
        .is_captured = c->level == LEVEL_CAPTURED,
        .vm = &l->vm,
        .cache_dir = c->workdir,
        .is_ignored = is_ignored,
        .log = log,
        .ctx = ctx,
    };
    enum status st = open_linux(l, options, &k, dg);
    if (st != ST_OK) {
        linux_close(l);
        return st;
    }
    *out = (struct manager_parts){
        .target = kernel_as_target(l->kernel),
        .machines = kernel_machines(l->kernel),
        .reproduce = linux_reproduce,
        .avoid = linux_avoid,
        .import = linux_import,
        .vmlinux = or_null(l->vmlinux),
        .source_dir = or_null(l->source_dir),
        .self = l,
        .close = linux_close,
    };
    repro_timeouts(out->repro_timeouts_s);
    return ST_OK;
}
