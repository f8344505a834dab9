/* mujun version: which mujun this is, and how it was built. SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/json.h"

#if defined(__SANITIZE_ADDRESS__)
#define BUILD_CHECKS true
#elif defined(__has_feature)
#define BUILD_CHECKS __has_feature(address_sanitizer)
#else
#define BUILD_CHECKS false
#endif

int cmd_version(const struct cli_args *args)
{
    const struct version_options *o = args->options;

    if (args->count != 0)
        return cli_usage(args, "expected no operands, found \"%s\"", args->items[0]);
    if (!o->json) {
        printf("mujun %s\n", MUJUN_VERSION);
        return 0;
    }
    json_t *j = json_pack("{s:s, s:s, s:b}", "version", MUJUN_VERSION, "compiler", __VERSION__,
                          "sanitizers", (int)BUILD_CHECKS);
    cli_json_print(j);
    return 0;
}
