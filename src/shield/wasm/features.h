/* features: the set of switched-on WebAssembly features. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_WASM_FEATURES_H
#define SHIELD_WASM_FEATURES_H

#include "base/base.h"
#include "base/diag.h"

enum wm_feature {
#define FEATURE(name, text, on, what) WM_FEATURE_##name,
#include "shield/wasm/features.def"
#undef FEATURE
    WM_FEATURE_COUNT
};
_Static_assert(WM_FEATURE_COUNT <= 64, "one bit each in a word");

struct wm_features {
    uint64_t bits;
};

struct wm_feature_info {
    const char *name; /* word after --feature */
    const char *what;
    bool is_default;
};
extern const struct wm_feature_info wm_feature_info[WM_FEATURE_COUNT];

struct wm_features wm_features_default(void);
struct wm_features wm_features_all(void);
static inline bool wm_has(struct wm_features set, enum wm_feature f)
{
    return (set.bits >> f & 1) != 0;
}
static inline void wm_feature_set(struct wm_features *set, enum wm_feature f, bool on)
{
    set->bits = (set->bits & ~(UINT64_C(1) << f)) | (uint64_t)on << f;
}
/* Finds a feature by its word; WM_FEATURE_COUNT when there is none. */
enum wm_feature wm_feature_find(const char *name);

/* ST_OK when f is in the set, else ST_UNSUPPORTED with "WHAT needs --feature F". */
MUST_USE enum status wm_need(struct wm_features set, enum wm_feature f, uint64_t offset,
                             const char *what, struct diag *dg);

#endif /* SHIELD_WASM_FEATURES_H */
