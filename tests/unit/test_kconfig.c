/* test_kconfig: values of options, what a configuration lacks, and configurations hidden in images,
 * also damaged ones. SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "spear/kernel/kconfig.h"

#include <string.h>
#include <zlib.h>

#define CONFIG                                                                                     \
    "# a comment\nCONFIG_A=y\nCONFIG_AB=m\n# CONFIG_B is not set\nCONFIG_N=42\nCONFIG_T=\"x\"\n"

static const struct {
    const char *config, *name, *want;
} value_rows[] = {
    {CONFIG,                     "A",  "y"    },
    {CONFIG,                     "AB", "m"    },
    {CONFIG,                     "B",  "n"    },
    {CONFIG,                     "N",  "42"   },
    {CONFIG,                     "T",  "\"x\""},
    {CONFIG,                     "C",  "n"    },
    {"CONFIG_A=y\nCONFIG_A=n\n", "A",  "n"    },
    {"CONFIG_A=y",               "A",  "y"    },
    {"CONFIG_A",                 "A",  "n"    },
    {"CONFIG_A=",                "A",  ""     },
    {"",                         "A",  "n"    },
};

static void test_values(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(value_rows); i++) {
        struct str got = kconfig_value(str_of(value_rows[i].config), value_rows[i].name);
        tap_ok(str_equal(got, str_of(value_rows[i].want)), "value %u: %s is %.*s", i,
               value_rows[i].name, STR_ARG(got));
    }
    tap_ok(kconfig_is_config(STR(CONFIG)), "a configuration is one");
    tap_ok(!kconfig_is_config(STR("# CONFIG_A is not set\nint x;\n")), "a C file is none");
}

static void test_table(struct arena *a)
{
    struct buf usual, all;
    uint32_t lacks = 0, doubled = 0, silent = 0;
    struct str found;

    buf_init(&usual, a);
    buf_init(&all, a);
    kconfig_fragment(&usual, KCONFIG_USUAL);
    kconfig_fragment(&all, ~0u);
    struct str text = {(const char *)all.data, all.size};
    for (uint32_t i = 0; i < kconfig_option_count; i++) {
        const struct kconfig_option *k = &kconfig_options[i];
        lacks += !kconfig_has(text, k, &found);
        doubled += kconfig_find(k->name) != k;
        silent += k->without[0] == '\0' || k->cost[0] == '\0';
    }
    tap_ok(lacks == 0, "a configuration of all groups lacks nothing (%u)", lacks);
    tap_ok(doubled == 0, "every option is named once (%u)", doubled);
    tap_ok(silent == 0, "every option says what it is for and what it costs (%u)", silent);
    tap_ok(usual.size < all.size, "lockdep is not in the usual groups");
    tap_ok(kconfig_find("KCOV") != NULL && kconfig_find("KCOV")->need == KCONFIG_ESSENTIAL,
           "coverage is essential");
    tap_ok(kconfig_find("NO_SUCH") == NULL, "an unknown option is not found");
    tap_ok(!kconfig_has(STR("CONFIG_KCOV=m\n"), kconfig_find("KCOV"), &found) &&
               str_equal(found, STR("m")),
           "a module is not built in");
}

static void put_gzip(struct buf *out, const void *data, size_t size)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)size};

    deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
    buf_reserve(out, deflateBound(&z, (uLong)size));
    z.next_out = out->data + out->size;
    z.avail_out = (uInt)(out->capacity - out->size);
    deflate(&z, Z_FINISH);
    out->size += z.total_out;
    deflateEnd(&z);
}

static void put_zeros(struct buf *out, size_t count)
{
    buf_reserve(out, count);
    memset(out->data + out->size, 0, count);
    out->size += count;
}

/* An ELF file with the configuration behind so many bytes. */
static void put_vmlinux(struct buf *out, size_t before, const char *config)
{
    buf_text(out, "\x7f"
                  "ELF");
    put_zeros(out, before);
    buf_text(out, "IKCFG_ST");
    put_gzip(out, config, strlen(config));
    buf_text(out, "IKCFG_ED");
    put_zeros(out, 100);
}

/* One sector of setup code, then the packed kernel. */
static void put_bzimage(struct buf *out, const struct buf *kernel)
{
    uint32_t size = 0;

    put_zeros(out, 1024);
    out->data[0x1f1] = 1;
    memcpy(out->data + 0x202, "HdrS", 4);
    memcpy(out->data + 0x206, "\x0f\x02", 2);
    put_gzip(out, kernel->data, kernel->size);
    size = (uint32_t)(out->size - 1024);
    memcpy(out->data + 0x24c, &size, 4);
}

static bool gives(struct arena *a, struct str bytes, enum status want, const char *config)
{
    struct str got = STR("");
    struct diag dg = {0};
    enum status st = kconfig_extract(bytes, a, &got, &dg);

    if (st != want)
        printf("# %s: %s\n", status_text(st), dg.text);
    return st == want && (config == NULL || str_equal(got, str_of(config))) &&
           (st == ST_OK || dg.text[0] != '\0');
}

static struct str view(const struct buf *b)
{
    return (struct str){(const char *)b->data, b->size};
}

static void test_images(struct arena *a)
{
    const size_t places[] = {0, 5000, (1 << 20) - 60, (1 << 20) - 4, (3 << 20) + 17};
    struct buf b, kernel;

    tap_ok(gives(a, STR(CONFIG), ST_OK, CONFIG), "a .config is taken as it is");
    buf_init(&b, a);
    put_gzip(&b, CONFIG, strlen(CONFIG));
    tap_ok(gives(a, view(&b), ST_OK, CONFIG), "config.gz is unpacked");
    for (size_t i = 0; i < LENGTH_OF(places); i++) {
        buf_init(&kernel, a);
        buf_init(&b, a);
        put_vmlinux(&kernel, places[i], CONFIG);
        put_bzimage(&b, &kernel);
        tap_ok(gives(a, view(&kernel), ST_OK, CONFIG), "vmlinux, %zu bytes before", places[i]);
        tap_ok(gives(a, view(&b), ST_OK, CONFIG), "bzImage, %zu bytes before", places[i]);
    }
    for (size_t size = 0; size < b.size; size += size < 1100 ? 13 : 911) {
        struct str got;
        struct diag dg = {0};
        if (kconfig_extract((struct str){(const char *)b.data, size}, a, &got, &dg) == ST_OK) {
            tap_ok(false, "a bzImage cut at %zu is not refused", size);
            return;
        }
    }
    tap_ok(true, "a bzImage that is cut is refused");
}

static void test_refusals(struct arena *a)
{
    struct buf b, kernel;

    buf_init(&b, a);
    put_gzip(&b, "int x;\n", 7);
    tap_ok(gives(a, view(&b), ST_MALFORMED, NULL), "another text in gzip");
    tap_ok(gives(a, STR("hello"), ST_MALFORMED, NULL), "something else");
    tap_ok(gives(a, STR(""), ST_MALFORMED, NULL), "nothing");
    tap_ok(gives(a,
                 STR("\x7f"
                     "ELF without"),
                 ST_UNSUPPORTED, NULL),
           "a kernel without");
    tap_ok(gives(a,
                 STR("\x7f"
                     "ELF IKCFG_ST\x1f\x8b\x08 no end"),
                 ST_UNSUPPORTED, NULL),
           "a mark without its end");

    buf_init(&kernel, a);
    buf_init(&b, a);
    put_zeros(&kernel, 3 << 20);
    put_bzimage(&b, &kernel);
    tap_ok(gives(a, view(&b), ST_UNSUPPORTED, NULL), "a bzImage without");
    b.data[0x206] = 1;
    tap_ok(gives(a, view(&b), ST_UNSUPPORTED, NULL), "a bzImage too old to tell");
    b.data[0x206] = 15;
    b.data[1024] = 'x';
    tap_ok(gives(a, view(&b), ST_UNSUPPORTED, NULL), "a bzImage packed by something else");
    memset(b.data + 0x248, 0xff, 4);
    tap_ok(gives(a, view(&b), ST_MALFORMED, NULL), "a bzImage that points outside");

    buf_init(&kernel, a);
    buf_init(&b, a);
    buf_text(&kernel, "CONFIG_A=y\n");
    put_zeros(&kernel, KCONFIG_TEXT_MAX + 5000);
    put_gzip(&b, kernel.data, kernel.size);
    tap_ok(gives(a, view(&b), ST_LIMIT, NULL), "a configuration that is too long");
}

static enum status run(void *ctx, struct diag *dg)
{
    (void)dg;
    test_values();
    test_table(ctx);
    test_images(ctx);
    test_refusals(ctx);
    return ST_OK;
}

int main(void)
{
    struct arena a;
    struct diag dg = {0};

    arena_init(&a, (size_t)4 << 30);
    tap_ok(arena_guard(&a, run, &a, &dg) == ST_OK, "memory suffices %s", dg.text);
    arena_free(&a);
    return tap_done();
}
