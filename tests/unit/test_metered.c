/* The specification's scripts once more, with what other tests leave off: fuel, which is translated
 * to code of its own, and canonical NaNs; interpreted and compiled. Nothing may come out
 * differently. SPDX-License-Identifier: Apache-2.0 */
#include "suites.h"
#include "tap.h"

#include "shield/interp/interp.h"
#include "shield/native/native.h"
#include "shield/script/script.h"

static const struct {
    const char *folder;
    enum wm_feature feature; /* switched on besides the usual ones */
} parts[] = {
    {"wasm-spec",                           WM_FEATURE_MVP              },
    {"wasm-spec/legacy",                    WM_FEATURE_LEGACY_EXCEPTIONS},
    {"wasm-spec/proposals/wide-arithmetic", WM_FEATURE_WIDE_ARITHMETIC  },
};

struct totals {
    uint32_t passed, failed;
};

static void run_file(const char *path, enum wm_feature feature, const struct rt_tier *tier,
                     struct totals *totals)
{
    struct script_options options = {.features = wm_features_default(),
                                     .tier = tier,
                                     .limits = rt_limits_default(),
                                     .fuel = UINT64_C(1) << 60,
                                     .canonical_nan = true};
    struct script_report report = {0};
    struct str text = load_file(path);
    struct arena arena;
    struct diag dg = {0};

    wm_feature_set(&options.features, feature, true);
    arena_init(&arena, (size_t)1 << 30);
    enum status st = text.text == NULL ? ST_IO : script_run(text, &options, &arena, &report, &dg);
    totals->passed += report.passed;
    totals->failed += report.failed + (st != ST_OK);
    if (st != ST_OK)
        printf("# %s: %s\n", path, dg.text);
    for (uint32_t i = 0; i < report.count; i++)
        if (!report.outcomes[i].passed)
            printf("# %s:%u: %s\n", path, report.outcomes[i].line, report.outcomes[i].message);
    arena_free(&arena);
    free((char *)(uintptr_t)text.text);
}

int main(void)
{
    const char *root = suites_root();

    if (root == NULL)
        return tap_skip_all("no public test suites; set MUJUN_SUITES (see README.md)");
    const struct rt_tier *const tiers[] = {interp_tier(), native_tier()};
    for (uint32_t k = 0; k < 2 * LENGTH_OF(parts); k++) {
        const uint32_t i = k / 2;
        const struct rt_tier *tier = tiers[k % 2];
        char path[4096];
        if (tier == NULL)
            continue;
        struct totals totals = {0, 0};
        snprintf(path, sizeof(path), "%s/%s", root, parts[i].folder);
        DIR *dir = opendir(path);
        for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
            size_t n = strlen(e->d_name);
            if (n < 5 || strcmp(e->d_name + n - 5, ".wast") != 0)
                continue;
            snprintf(path, sizeof(path), "%s/%s/%s", root, parts[i].folder, e->d_name);
            run_file(path, parts[i].feature, tier, &totals);
        }
        if (dir != NULL)
            closedir(dir);
        tap_ok(totals.passed > 0 && totals.failed == 0, "%s, %s: %u passed, %u failed",
               parts[i].folder, tier->name, totals.passed, totals.failed);
    }
    return tap_done();
}
