/* Configurations: what is taken, what is refused and how, and that what is printed is taken again.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/manager/config.h"
#include "tap.h"

#include <string.h>

static const struct {
    const char *name, *text, *refusal; /* refusal NULL: taken */
    uint32_t line;
} files[] = {
  /* clang-format off */
    {"empty object", "{}", NULL, 0},
    {"comments", "# a\n{\n  # b\n\"procs\": 3}", NULL, 0},
    {"a hash in text", "{\"name\": \"#1\"}", NULL, 0},
    {"known elsewhere", "{\"syzkaller\": \"/x\", \"rpc\": \":0\", \"ssh_user\": \"root\"}", NULL,
     0},
    {"article",
     "{\"target\": \"linux/amd64\", \"http\": \"127.0.0.1:56741\", \"workdir\": \"/w\",\n"
     "\"kernel_obj\": \"/k\", \"image\": \"/i\", \"sshkey\": \"/s\", \"syzkaller\": \"/z\",\n"
     "\"procs\": 8, \"type\": \"qemu\", \"vm\": {\"count\": 4, \"kernel\": \"/b\", \"cpu\": 4,\n"
     "\"mem\": 4096}}",
     NULL, 0},
    {"size as text", "{\"max_disk\": \"2G\"}", NULL, 0},
    {"time as number", "{\"vm\": {\"lifetime\": 90}}", NULL, 0},
    {"no JSON", "{\"procs\": 3", "'}' expected near end of file", 1},
    {"not an object", "[1]", "expected an object, found a list", 1},
    {"twice", "{\"procs\": 3,\n\"procs\": 4}", "duplicate object key", 2},
    {"unknown key", "{\n\"prosc\": 3}", "there is no key prosc; did you mean procs", 2},
    {"unknown, far", "{\"xyzzy\": 3}", "there is no key xyzzy", 1},
    {"unknown in vm", "{\"vm\": {\n\"memm\": 3}}", "there is no key vm.memm; did you mean vm.mem",
     2},
    {"vm is no object", "{\"vm\": 3}", "vm: expected an object, found a number", 1},
    {"text for number", "{\"procs\": \"four\"}", "procs: expected a number 1..32, found a string",
     1},
    {"too many", "{\"procs\": 33}", "procs: expected a number 1..32, found 33", 1},
    {"negative", "{\"seed\": -1}", "seed: expected a number, found -1", 1},
    {"fraction", "{\"procs\": 1.5}", "found a number with a fraction", 1},
    {"number for text", "{\n\n\"workdir\": 7}", "workdir: expected a string, found a number", 3},
    {"number for bool", "{\"cover\": 1}", "cover: expected true or false, found a number", 1},
    {"text for list", "{\"ignores\": \"x\"}",
     "ignores: expected a list of strings, found a string", 1},
    {"numbers in list", "{\"ignores\": [1]}", "found a list with something else in it", 1},
    {"choice", "{\"type\": \"gce\"}", "type: expected one of qemu|local, found gce", 1},
    {"size", "{\"max_disk\": \"2X\"}", "max_disk: expected a size", 1},
    {"size overflow", "{\"max_disk\": \"99999999999T\"}", "max_disk: expected a size", 1},
    {"time", "{\"leak_time\": \"1y\"}", "leak_time: expected a time", 1},
    {"a time of centuries", "{\"leak_time\": \"199999999m\"}", "leak_time: expected a time", 1},
    {"null", "{\"http\": null}", "http: expected a string, found null", 1},
  /* clang-format on */
};

static const struct {
    const char *path, *value, *printed, *refusal;
} flags[] = {
  /* clang-format off */
    {"vm.count", "7", "7", NULL},
    {"vm.mem", "64", NULL, "expected a number 128..1048576, found 64"},
    {"workdir", "/a b", "/a b", NULL},
    {"enable_syscalls", "open,read$x", "open,read$x", NULL},
    {"sandbox", "namespace", "namespace", NULL},
    {"sandbox", "android", NULL, "expected one of none|setuid|namespace"},
    {"cover", "false", "false", NULL},
    {"cover", "no", NULL, "expected true or false, found no"},
    {"vm.lifetime", "1h30m", "5400", NULL},
    {"vm.lifetime", "2d", "172800", NULL},
    {"max_crash_size", "512KiB", "524288", NULL},
    {"max_crash_size", "", NULL, "expected a size"},
    {"vm.cont", "7", NULL, "there is no key vm.cont; did you mean vm.count"},
  /* clang-format on */
};

struct job {
    struct arena arena;
    struct config config;
    const char *text, *path, *value;
    struct buf printed;
};

static enum status parse(void *ctx, struct diag *dg)
{
    struct job *job = ctx;

    config_init(&job->config, &job->arena);
    if (job->text != NULL)
        return config_parse(&job->config, str_of(job->text), dg);
    TRY(config_set(&job->config, job->path, job->value, dg));
    buf_init(&job->printed, &job->arena);
    for (uint32_t i = 0; i < CONFIG_KEY_COUNT; i++)
        if (strcmp(config_keys[i].path, job->path) == 0)
            config_print_value(&job->config, (enum config_id)i, &job->printed);
    buf_byte(&job->printed, 0);
    return ST_OK;
}

static enum status fallbacks(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    struct config again;

    (void)dg;
    config_init(&job->config, &job->arena);
    for (uint32_t i = 0; i < CONFIG_KEY_COUNT; i++) {
        struct buf b;
        struct diag why = {0};
        buf_init(&b, &job->arena);
        config_print_value(&job->config, (enum config_id)i, &b);
        buf_byte(&b, 0);
        config_init(&again, &job->arena);
        tap_ok(config_set(&again, config_keys[i].path, (const char *)b.data, &why) == ST_OK,
               "%s takes its own fallback: '%s' %s", config_keys[i].path, (const char *)b.data,
               why.text);
    }
    return ST_OK;
}

int main(void)
{
    for (size_t i = 0; i < LENGTH_OF(files); i++) {
        struct job job = {.text = files[i].text};
        struct diag dg = {0};
        arena_init(&job.arena, 1 << 24);
        enum status st = arena_guard(&job.arena, parse, &job, &dg);
        bool pass = files[i].refusal == NULL
                        ? st == ST_OK
                        : st != ST_OK && strstr(dg.text, files[i].refusal) != NULL &&
                              dg.line == files[i].line;
        tap_ok(pass, "%s: %s %u: %s", files[i].name, status_text(st), dg.line, dg.text);
        arena_free(&job.arena);
    }
    for (size_t i = 0; i < LENGTH_OF(flags); i++) {
        struct job job = {.path = flags[i].path, .value = flags[i].value};
        struct diag dg = {0};
        arena_init(&job.arena, 1 << 24);
        enum status st = arena_guard(&job.arena, parse, &job, &dg);
        bool pass = flags[i].refusal == NULL
                        ? st == ST_OK && strcmp((char *)job.printed.data, flags[i].printed) == 0
                        : st == ST_USAGE && strstr(dg.text, flags[i].refusal) != NULL;
        tap_ok(pass, "%s=%s: %s", flags[i].path, flags[i].value, dg.text);
        arena_free(&job.arena);
    }
    struct job job = {0};
    struct diag dg = {0};
    arena_init(&job.arena, 1 << 24);
    tap_ok(arena_guard(&job.arena, fallbacks, &job, &dg) == ST_OK, "every key has been seen");
    arena_free(&job.arena);
    return tap_done();
}
