/* opt: the passes in their order. SPDX-License-Identifier: Apache-2.0 */
#include "shield/opt/opt.h"

#include "shield/ir/check.h"
#include "shield/opt/switch.h"
#include "shield/opt/thread.h"

static void thread(struct ir_func *f, struct opt_stats *stats)
{
    (void)stats;
    opt_thread_branches(f);
}

static void lower_switches(struct ir_func *f, struct opt_stats *stats)
{
    (void)stats;
    opt_lower_switches(f);
}

static const struct {
    const char *name;
    void (*run)(struct ir_func *f, struct opt_stats *stats);
} passes[] = {
    {"params",  opt_params    },
    {"thread",  thread        },
    {"number",  opt_number    },
    {"bytes",   opt_bytes     },
    {"convert", opt_convert   },
    {"hoist",   opt_hoist     },
    {"dead",    opt_dead      },
    {"clean",   opt_clean     },
    {"switch",  lower_switches},
};

static uint32_t count_insts(const struct ir_func *f)
{
    uint32_t count = 0;

    for (ir_value v = 0; v < f->inst_count; v++)
        count += f->links[v].block != IR_NONE;
    return count;
}

enum status opt_function(struct ir_func *f, const struct opt_options *options, struct diag *dg)
{
    struct opt_stats own = {0};
    struct opt_stats *stats = options->stats != NULL ? options->stats : &own;

    stats->functions++;
    stats->insts_before += count_insts(f);
    for (uint32_t i = 0; i < LENGTH_OF(passes); i++) {
        passes[i].run(f, stats);
        if (options->check)
            TRY(diag_in(dg, ir_check(f, dg), "the middle end, after pass %s", passes[i].name));
    }
    stats->insts_after += count_insts(f);
    return ST_OK;
}
