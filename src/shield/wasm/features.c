/* features: the switches by name. SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasm/features.h"

#include <string.h>

const struct wm_feature_info wm_feature_info[WM_FEATURE_COUNT] = {
#define FEATURE(name, text, on, what) [WM_FEATURE_##name] = {text, what, on},
#include "shield/wasm/features.def"
#undef FEATURE
};

struct wm_features wm_features_default(void)
{
    struct wm_features set = {0};
    for (enum wm_feature f = 0; f < WM_FEATURE_COUNT; f++)
        wm_feature_set(&set, f, wm_feature_info[f].is_default);
    return set;
}

struct wm_features wm_features_all(void)
{
    return (struct wm_features){(UINT64_C(1) << WM_FEATURE_COUNT) - 1};
}

enum wm_feature wm_feature_find(const char *name)
{
    enum wm_feature f = 0;
    while (f < WM_FEATURE_COUNT && strcmp(wm_feature_info[f].name, name) != 0)
        f++;
    return f;
}

enum status wm_need(struct wm_features set, enum wm_feature f, uint64_t offset, const char *what,
                    struct diag *dg)
{
    if (LIKELY(wm_has(set, f)))
        return ST_OK;
    return diag_fail(dg, ST_UNSUPPORTED, offset, "%s needs --feature %s", what,
                     wm_feature_info[f].name);
}
