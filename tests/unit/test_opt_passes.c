/*
 * opt_passes: each pass on functions that show what it does and what it leaves alone, as text; and
 * functions of a megabyte and more in shapes that make careless passes quadratic: the values
 * visited must grow as the function does. SPDX-License-Identifier: Apache-2.0
 */
#include "shield/ir/check.h"
#include "shield/ir/text.h"
#include "shield/opt/opt.h"
#include "tap.h"

#include <inttypes.h>
#include <string.h>

static const struct row {
    const char *name;
    void (*pass)(struct ir_func *f, struct opt_stats *stats); /* NULL: all of them */
    const char *signature, *before, *after;
} rows[] = { /* clang-format off */
    {"the same sum twice", opt_number, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = iadd v0 v1\n  v3:i32 = iadd v1 v0\n"
     "  v4:i32 = isub v2 v3\n  return (v4)\n",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = iadd v0 v1\n  v3:i32 = iconst 0x0\n"
     "  return (v3)\n"},
    {"a value of a dominating block", opt_number, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = imul v0 v1\n"
     "  branch v0 block 1 () block 2 ()\nblock 1 ()\n  v3:i32 = imul v0 v1\n"
     "  return (v3)\nblock 2 ()\n  return (v2)\n",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = imul v0 v1\n"
     "  branch v0 block 1 () block 2 ()\nblock 1 ()\n  return (v2)\nblock 2 ()\n"
     "  return (v2)\n"},
    {"a value of a sibling is computed again", opt_number, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  branch v0 block 1 () block 2 ()\nblock 1 ()\n"
     "  v2:i32 = imul v0 v1\n  return (v2)\nblock 2 ()\n  v3:i32 = imul v0 v1\n"
     "  return (v3)\n",
     "block 0 (v0:i32, v1:i32)\n  branch v0 block 1 () block 2 ()\nblock 1 ()\n"
     "  v3:i32 = imul v0 v1\n  return (v3)\nblock 2 ()\n  v5:i32 = imul v0 v1\n"
     "  return (v5)\n"},
    {"a division that has trapped before", opt_number, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = sdiv v0 v1\n  v3:i32 = sdiv v0 v1\n"
     "  v4:i32 = iadd v2 v3\n  return (v4)\n",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = sdiv v0 v1\n  v3:i32 = iadd v2 v2\n"
     "  return (v3)\n"},
    {"a decided branch", opt_number, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = iconst 0x1\n"
     "  branch v2 block 1 () block 2 ()\nblock 1 ()\n  return (v0)\nblock 2 ()\n"
     "  return (v1)\n",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = iconst 0x1\n  return (v0)\nblock 1 ()\n"
     "block 2 ()\n"},
    {"a switch over a constant", opt_number, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = iconst 0x7\n"
     "  switch v2 block 1 () block 1 () block 2 ()\nblock 1 ()\n  return (v0)\n"
     "block 2 ()\n  return (v1)\n",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = iconst 0x7\n  return (v1)\nblock 1 ()\n"
     "block 2 ()\n"},
    {"a condition known from the branch above", opt_number, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = icmp.slt v0 v1\n"
     "  branch v2 block 1 () block 2 ()\nblock 1 ()\n  v3:i32 = icmp.sge v0 v1\n"
     "  branch v3 block 3 () block 4 ()\nblock 2 ()\n  return (v1)\nblock 3 ()\n"
     "  trap.9\nblock 4 ()\n  return (v0)\n",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = icmp.slt v0 v1\n"
     "  branch v2 block 1 () block 2 ()\nblock 1 ()\n  v4:i32 = icmp.sge v0 v1\n"
     "  return (v0)\nblock 2 ()\n  return (v1)\nblock 3 ()\nblock 4 ()\n"},
    {"a fact ends with its blocks", opt_number, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  branch v0 block 1 () block 2 ()\nblock 1 ()\n"
     "  jump block 3 ()\nblock 2 ()\n  jump block 3 ()\nblock 3 ()\n"
     "  branch v0 block 4 () block 5 ()\nblock 4 ()\n  return (v0)\nblock 5 ()\n"
     "  return (v1)\n",
     "block 0 (v0:i32, v1:i32)\n  branch v0 block 4 () block 5 ()\nblock 1 ()\n"
     "block 2 ()\nblock 3 ()\nblock 4 ()\n  return (v0)\nblock 5 ()\n  return (v1)\n"},
    {"a trap that cannot happen, and one that must", opt_number, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  trap_if.9 v0\n  trap_if.9 v0\n"
     "  branch v0 block 1 () block 2 ()\nblock 1 ()\n  return (v1)\nblock 2 ()\n"
     "  v2:i32 = iconst 0x1\n  trap_if.8 v2\n  return (v0)\n",
     "block 0 (v0:i32, v1:i32)\n  trap_if.9 v0\n  v3:i32 = iconst 0x1\n  trap.8\n"
     "block 1 ()\nblock 2 ()\n"},
    {"a parameter that is one value where ways are open", opt_number, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = iconst 0x0\n"
     "  branch v2 block 1 () block 2 ()\nblock 1 ()\n  jump block 3 (v0)\nblock 2 ()\n"
     "  jump block 3 (v1)\nblock 3 (v3:i32)\n  return (v3)\n",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = iconst 0x0\n  return (v1)\nblock 1 ()\n"
     "block 2 ()\nblock 3 ()\n"},
    {"a load of what was just stored", opt_number, "(i64, i32) -> (i32)",
     "block 0 (v0:i64, v1:i32)\n  store v0 v1 {offset 0 bytes 4 region 8 trap 4}\n"
     "  v2:i32 = load v0 {offset 0 bytes 4 region 8 trap 4}\n  return (v2)\n",
     "block 0 (v0:i64, v1:i32)\n  store v0 v1 {offset 0 bytes 4 region 8 trap 4}\n"
     "  return (v1)\n"},
    {"a load behind a store that misses it", opt_number, "(i64, i32) -> (i32)",
     "block 0 (v0:i64, v1:i32)\n  v2:i32 = load v0 {offset 0 bytes 4 region 8 trap 4}\n"
     "  store v0 v1 {offset 4 bytes 4 region 8 trap 4}\n"
     "  v3:i32 = load v0 {offset 0 bytes 4 region 8 trap 4}\n  v4:i32 = isub v2 v3\n"
     "  return (v4)\n",
     "block 0 (v0:i64, v1:i32)\n  v2:i32 = load v0 {offset 0 bytes 4 region 8 trap 4}\n"
     "  store v0 v1 {offset 4 bytes 4 region 8 trap 4}\n  v4:i32 = iconst 0x0\n"
     "  return (v4)\n"},
    {"a load behind a store that may hit it", opt_number, "(i64, i64) -> (i32)",
     "block 0 (v0:i64, v1:i64)\n  v2:i32 = load v0 {offset 0 bytes 4 region 8 trap 4}\n"
     "  store v1 v2 {offset 0 bytes 4 region 8 trap 4}\n"
     "  v3:i32 = load v0 {offset 0 bytes 4 region 8 trap 4}\n  v4:i32 = iadd v2 v3\n"
     "  return (v4)\n",
     "block 0 (v0:i64, v1:i64)\n  v2:i32 = load v0 {offset 0 bytes 4 region 8 trap 4}\n"
     "  store v1 v2 {offset 0 bytes 4 region 8 trap 4}\n"
     "  v4:i32 = load v0 {offset 0 bytes 4 region 8 trap 4}\n  v5:i32 = iadd v2 v4\n"
     "  return (v5)\n"},
    {"another region is another memory", opt_number, "(i64, i64) -> (i32)",
     "block 0 (v0:i64, v1:i64)\n"
     "  v2:i32 = load v0 {offset 0 bytes 4 region 5 trap 4 notrap}\n"
     "  store v1 v2 {offset 0 bytes 4 region 8 trap 4}\n"
     "  v3:i32 = load v0 {offset 0 bytes 4 region 5 trap 4 notrap}\n"
     "  v4:i32 = isub v2 v3\n  return (v4)\n",
     "block 0 (v0:i64, v1:i64)\n"
     "  v2:i32 = load v0 {offset 0 bytes 4 region 5 trap 4 notrap}\n"
     "  store v1 v2 {offset 0 bytes 4 region 8 trap 4}\n  v4:i32 = iconst 0x0\n"
     "  return (v4)\n"},
    {"a byte stored and loaded with its sign", opt_number, "(i64, i32) -> (i32)",
     "block 0 (v0:i64, v1:i32)\n  store v0 v1 {offset 0 bytes 1 region 8 trap 4}\n"
     "  v2:i32 = load v0 {offset 0 bytes 1 region 8 trap 4 signed}\n  return (v2)\n",
     "block 0 (v0:i64, v1:i32)\n  store v0 v1 {offset 0 bytes 1 region 8 trap 4}\n"
     "  v3:i8 = ireduce v1\n  v4:i32 = sextend v3\n  return (v4)\n"},
    {"bytes of a value turned around", opt_bytes, "(i32) -> (i32)",
     "block 0 (v0:i32)\n  v10:i32 = iconst 0x8\n  v11:i32 = iconst 0x18\n"
     "  v12:i32 = iconst 0xff00\n  v13:i32 = iconst 0xff0000\n  v1:i32 = ishl v0 v11\n"
     "  v2:i32 = ishl v0 v10\n  v3:i32 = iand v2 v13\n  v4:i32 = ior v1 v3\n"
     "  v5:i32 = ushr v0 v10\n  v6:i32 = iand v5 v12\n  v7:i32 = ushr v0 v11\n"
     "  v8:i32 = ior v6 v7\n  v9:i32 = ior v4 v8\n  return (v9)\n",
     "block 0 (v0:i32)\n  v1:i32 = iconst 0x8\n  v2:i32 = iconst 0x18\n"
     "  v3:i32 = iconst 0xff00\n  v4:i32 = iconst 0xff0000\n  v5:i32 = ishl v0 v2\n"
     "  v6:i32 = ishl v0 v1\n  v7:i32 = iand v6 v4\n  v8:i32 = ior v5 v7\n"
     "  v9:i32 = ushr v0 v1\n  v10:i32 = iand v9 v3\n  v11:i32 = ushr v0 v2\n"
     "  v12:i32 = ior v10 v11\n  v13:i32 = bswap v0\n  return (v13)\n"},
    {"two of three bytes are no number", opt_bytes, "(i32) -> (i32)",
     "block 0 (v0:i32)\n  v10:i32 = iconst 0x8\n  v11:i32 = iconst 0x18\n"
     "  v12:i32 = iconst 0xff00\n  v13:i32 = iconst 0xff0000\n  v1:i32 = ishl v0 v11\n"
     "  v5:i32 = ushr v0 v10\n  v6:i32 = iand v5 v12\n  v9:i32 = ior v1 v6\n"
     "  return (v9)\n",
     "block 0 (v0:i32)\n  v1:i32 = iconst 0x8\n  v2:i32 = iconst 0x18\n"
     "  v3:i32 = iconst 0xff00\n  v4:i32 = iconst 0xff0000\n  v5:i32 = ishl v0 v2\n"
     "  v6:i32 = ushr v0 v1\n  v7:i32 = iand v6 v3\n  v8:i32 = ior v5 v7\n  return (v8)\n"},
    {"two bytes, the high one first", opt_bytes, "(i64) -> (i32)",
     "block 0 (v0:i64)\n  v2:i32 = iconst 0x8\n"
     "  v1:i32 = load v0 {offset 0 bytes 1 region 8 trap 4}\n  v3:i32 = ishl v1 v2\n"
     "  v4:i32 = load v0 {offset 1 bytes 1 region 8 trap 4}\n  v5:i32 = ior v3 v4\n"
     "  return (v5)\n",
     "block 0 (v0:i64)\n  v1:i32 = iconst 0x8\n"
     "  v2:i32 = load v0 {offset 0 bytes 2 region 8 trap 4}\n  v3:i32 = bswap v2\n"
     "  v4:i32 = iconst 0x10\n  v5:i32 = ushr v3 v4\n  return (v5)\n"},
    {"two bytes, the low one first", opt_bytes, "(i64) -> (i32)",
     "block 0 (v0:i64)\n  v2:i32 = iconst 0x8\n"
     "  v1:i32 = load v0 {offset 7 bytes 1 region 8 trap 4}\n  v3:i32 = ishl v1 v2\n"
     "  v4:i32 = load v0 {offset 6 bytes 1 region 8 trap 4}\n  v5:i32 = ior v3 v4\n"
     "  return (v5)\n",
     "block 0 (v0:i64)\n  v1:i32 = iconst 0x8\n"
     "  v2:i32 = load v0 {offset 6 bytes 2 region 8 trap 4}\n  return (v2)\n"},
    {"bytes that do not touch", opt_bytes, "(i64) -> (i32)",
     "block 0 (v0:i64)\n  v2:i32 = iconst 0x8\n"
     "  v1:i32 = load v0 {offset 0 bytes 1 region 8 trap 4}\n  v3:i32 = ishl v1 v2\n"
     "  v4:i32 = load v0 {offset 2 bytes 1 region 8 trap 4}\n  v5:i32 = ior v3 v4\n"
     "  return (v5)\n",
     "block 0 (v0:i64)\n  v1:i32 = iconst 0x8\n"
     "  v2:i32 = load v0 {offset 0 bytes 1 region 8 trap 4}\n  v3:i32 = ishl v2 v1\n"
     "  v4:i32 = load v0 {offset 2 bytes 1 region 8 trap 4}\n  v5:i32 = ior v3 v4\n"
     "  return (v5)\n"},
    {"a store between the bytes", opt_bytes, "(i64) -> (i32)",
     "block 0 (v0:i64)\n  v2:i32 = iconst 0x8\n"
     "  v1:i32 = load v0 {offset 0 bytes 1 region 8 trap 4}\n  v3:i32 = ishl v1 v2\n"
     "  store v0 v2 {offset 0 bytes 4 region 8 trap 4}\n"
     "  v4:i32 = load v0 {offset 1 bytes 1 region 8 trap 4}\n  v5:i32 = ior v3 v4\n"
     "  return (v5)\n",
     "block 0 (v0:i64)\n  v1:i32 = iconst 0x8\n"
     "  v2:i32 = load v0 {offset 0 bytes 1 region 8 trap 4}\n  v3:i32 = ishl v2 v1\n"
     "  store v0 v1 {offset 0 bytes 4 region 8 trap 4}\n"
     "  v5:i32 = load v0 {offset 1 bytes 1 region 8 trap 4}\n  v6:i32 = ior v3 v5\n"
     "  return (v6)\n"},
    {"another trap between the bytes", opt_bytes, "(i64) -> (i32)",
     "block 0 (v0:i64)\n  v2:i32 = iconst 0x8\n"
     "  v1:i32 = load v0 {offset 0 bytes 1 region 8 trap 4}\n  v3:i32 = ishl v1 v2\n"
     "  trap_if.9 v2\n  v4:i32 = load v0 {offset 1 bytes 1 region 8 trap 4}\n"
     "  v5:i32 = ior v3 v4\n  return (v5)\n",
     "block 0 (v0:i64)\n  v1:i32 = iconst 0x8\n"
     "  v2:i32 = load v0 {offset 0 bytes 1 region 8 trap 4}\n  v3:i32 = ishl v2 v1\n"
     "  trap_if.9 v1\n  v5:i32 = load v0 {offset 1 bytes 1 region 8 trap 4}\n"
     "  v6:i32 = ior v3 v5\n  return (v6)\n"},
    {"a byte that is wanted elsewhere", opt_bytes, "(i64) -> (i32)",
     "block 0 (v0:i64)\n  v2:i32 = iconst 0x8\n"
     "  v1:i32 = load v0 {offset 0 bytes 1 region 8 trap 4}\n  v3:i32 = ishl v1 v2\n"
     "  v4:i32 = load v0 {offset 1 bytes 1 region 8 trap 4}\n  v5:i32 = ior v3 v4\n"
     "  v6:i32 = iadd v5 v4\n  return (v6)\n",
     "block 0 (v0:i64)\n  v1:i32 = iconst 0x8\n"
     "  v2:i32 = load v0 {offset 0 bytes 1 region 8 trap 4}\n  v3:i32 = ishl v2 v1\n"
     "  v4:i32 = load v0 {offset 1 bytes 1 region 8 trap 4}\n  v5:i32 = ior v3 v4\n"
     "  v6:i32 = iadd v5 v4\n  return (v6)\n"},
    {"a load of more than is wanted", opt_bytes, "(i64) -> (i32)",
     "block 0 (v0:i64)\n  v1:i32 = iconst 0x8\n  v2:i32 = iconst 0xff\n"
     "  v3:i32 = load v0 {offset 0 bytes 4 region 8 trap 4}\n  v4:i32 = iand v3 v2\n"
     "  v5:i32 = load v0 {offset 1 bytes 1 region 8 trap 4}\n  v6:i32 = ishl v5 v1\n"
     "  v7:i32 = ior v4 v6\n  return (v7)\n",
     "block 0 (v0:i64)\n  v1:i32 = iconst 0x8\n  v2:i32 = iconst 0xff\n"
     "  v3:i32 = load v0 {offset 0 bytes 4 region 8 trap 4}\n  v4:i32 = iand v3 v2\n"
     "  v5:i32 = load v0 {offset 1 bytes 1 region 8 trap 4}\n  v6:i32 = ishl v5 v1\n"
     "  v7:i32 = ior v4 v6\n  return (v7)\n"},
    {"bytes with a sign", opt_bytes, "(i64) -> (i32)",
     "block 0 (v0:i64)\n  v2:i32 = iconst 0x8\n"
     "  v1:i32 = load v0 {offset 0 bytes 1 region 8 trap 4 signed}\n"
     "  v3:i32 = ishl v1 v2\n"
     "  v4:i32 = load v0 {offset 1 bytes 1 region 8 trap 4 signed}\n  v5:i32 = ior v3 v4\n"
     "  return (v5)\n",
     "block 0 (v0:i64)\n  v1:i32 = iconst 0x8\n"
     "  v2:i32 = load v0 {offset 0 bytes 1 region 8 trap 4 signed}\n"
     "  v3:i32 = ishl v2 v1\n"
     "  v4:i32 = load v0 {offset 1 bytes 1 region 8 trap 4 signed}\n  v5:i32 = ior v3 v4\n"
     "  return (v5)\n"},
    {"indices apart, the lowest second", opt_bytes, "(i64, i32) -> (i32)",
     "block 0 (v0:i64, v7:i32)\n  v2:i32 = iconst 0x8\n  v8:i32 = iconst 0x1\n"
     "  v9:i32 = iadd v7 v8\n  v10:i64 = guest_address v0 v9\n"
     "  v11:i64 = guest_address v0 v7\n"
     "  v1:i32 = load v10 {offset 0 bytes 1 region 8 trap 4}\n"
     "  v3:i32 = load v11 {offset 0 bytes 1 region 8 trap 4}\n  v4:i32 = ishl v1 v2\n"
     "  v5:i32 = ior v4 v3\n  return (v5)\n",
     "block 0 (v0:i64, v1:i32)\n  v2:i32 = iconst 0x8\n  v3:i32 = iconst 0x1\n"
     "  v4:i32 = iadd v1 v3\n  v5:i64 = guest_address v0 v4\n"
     "  v6:i64 = guest_address v0 v1\n  v7:i64 = guest_address v0 v1\n"
     "  v8:i32 = load v7 {offset 0 bytes 2 region 8 trap 4}\n  return (v8)\n"},
    {"a lowest byte whose index is not the least", opt_bytes, "(i64, i32) -> (i32)",
     "block 0 (v0:i64, v7:i32)\n  v2:i32 = iconst 0x8\n  v8:i32 = iconst 0x1\n"
     "  v9:i32 = iadd v7 v8\n  v10:i64 = guest_address v0 v9\n"
     "  v11:i64 = guest_address v0 v7\n"
     "  v1:i32 = load v10 {offset 0 bytes 1 region 8 trap 4}\n"
     "  v3:i32 = load v11 {offset 2 bytes 1 region 8 trap 4}\n  v4:i32 = ishl v3 v2\n"
     "  v5:i32 = ior v4 v1\n  return (v5)\n",
     "block 0 (v0:i64, v1:i32)\n  v2:i32 = iconst 0x8\n  v3:i32 = iconst 0x1\n"
     "  v4:i32 = iadd v1 v3\n  v5:i64 = guest_address v0 v4\n"
     "  v6:i64 = guest_address v0 v1\n"
     "  v7:i32 = load v5 {offset 0 bytes 1 region 8 trap 4}\n"
     "  v8:i32 = load v6 {offset 2 bytes 1 region 8 trap 4}\n  v9:i32 = ishl v8 v2\n"
     "  v10:i32 = ior v9 v7\n  return (v10)\n"},
    {"a store overwritten at once", opt_number, "(i64, i32) -> (i32)",
     "block 0 (v0:i64, v1:i32)\n  store v0 v1 {offset 0 bytes 4 region 8 trap 4}\n"
     "  v2:i32 = iadd v1 v1\n  store v0 v2 {offset 0 bytes 4 region 8 trap 4}\n"
     "  return (v1)\n",
     "block 0 (v0:i64, v1:i32)\n  v2:i32 = iadd v1 v1\n"
     "  store v0 v2 {offset 0 bytes 4 region 8 trap 4}\n  return (v1)\n"},
    {"a store seen by a trap stays", opt_number, "(i64, i32) -> (i32)",
     "block 0 (v0:i64, v1:i32)\n  store v0 v1 {offset 0 bytes 4 region 8 trap 4}\n"
     "  trap_if.9 v1\n  v2:i32 = iadd v1 v1\n"
     "  store v0 v2 {offset 0 bytes 4 region 8 trap 4}\n  return (v1)\n",
     "block 0 (v0:i64, v1:i32)\n  store v0 v1 {offset 0 bytes 4 region 8 trap 4}\n"
     "  trap_if.9 v1\n  v4:i32 = iadd v1 v1\n"
     "  store v0 v4 {offset 0 bytes 4 region 8 trap 4}\n  return (v1)\n"},
    {"a load in a loop that stores elsewhere", opt_number, "(i64, i64) -> (i32)",
     "block 0 (v0:i64, v1:i64)\n"
     "  v2:i32 = load v0 {offset 0 bytes 4 region 5 trap 4 notrap}\n  jump block 1 ()\n"
     "block 1 loop ()\n  v3:i32 = load v0 {offset 0 bytes 4 region 5 trap 4 notrap}\n"
     "  store v1 v3 {offset 0 bytes 4 region 8 trap 4}\n"
     "  branch v3 block 1 () block 2 ()\nblock 2 ()\n  return (v2)\n",
     "block 0 (v0:i64, v1:i64)\n"
     "  v2:i32 = load v0 {offset 0 bytes 4 region 5 trap 4 notrap}\n  jump block 1 ()\n"
     "block 1 loop ()\n  store v1 v2 {offset 0 bytes 4 region 8 trap 4}\n"
     "  branch v2 block 1 () block 2 ()\nblock 2 ()\n  return (v2)\n"},
    {"guest addresses that are apart", opt_number, "(i64, i32) -> (i32)",
     "block 0 (v0:i64, v1:i32)\n  v2:i32 = iconst 0x10\n  v3:i32 = iadd v1 v2\n"
     "  v4:i64 = guest_address v0 v1\n  v5:i64 = guest_address v0 v3\n"
     "  v6:i32 = load v4 {offset 0 bytes 4 region 8 trap 4}\n"
     "  store v5 v6 {offset 0 bytes 4 region 8 trap 4}\n"
     "  v7:i32 = load v4 {offset 0 bytes 4 region 8 trap 4}\n  v8:i32 = isub v6 v7\n"
     "  return (v8)\n",
     "block 0 (v0:i64, v1:i32)\n  v2:i32 = iconst 0x10\n  v3:i32 = iadd v1 v2\n"
     "  v4:i64 = guest_address v0 v1\n  v5:i64 = guest_address v0 v3\n"
     "  v6:i32 = load v4 {offset 0 bytes 4 region 8 trap 4}\n"
     "  store v4 v6 {offset 16 bytes 4 region 8 trap 4}\n  v8:i32 = iconst 0x0\n"
     "  return (v8)\n"},
    {"an access close above another", opt_number, "(i64, i32) -> (i32)",
     "block 0 (v0:i64, v1:i32)\n  v2:i32 = iconst 0x8\n  v3:i32 = iadd v1 v2\n"
     "  v4:i64 = guest_address v0 v3\n"
     "  v5:i32 = load v4 {offset 0 bytes 4 region 8 trap 4}\n  v6:i32 = iconst 0xc\n"
     "  v7:i32 = iadd v1 v6\n  v8:i64 = guest_address v0 v7\n"
     "  v9:i32 = load v8 {offset 4 bytes 4 region 8 trap 4}\n  v10:i32 = isub v5 v9\n"
     "  return (v10)\n",
     "block 0 (v0:i64, v1:i32)\n  v2:i32 = iconst 0x8\n  v3:i32 = iadd v1 v2\n"
     "  v4:i64 = guest_address v0 v3\n"
     "  v5:i32 = load v4 {offset 0 bytes 4 region 8 trap 4}\n  v6:i32 = iconst 0xc\n"
     "  v7:i32 = iadd v1 v6\n  v8:i64 = guest_address v0 v7\n"
     "  v9:i32 = load v4 {offset 8 bytes 4 region 8 trap 4}\n  v10:i32 = isub v5 v9\n"
     "  return (v10)\n"},
    {"accesses too far apart, and below", opt_number, "(i64, i32) -> (i32)",
     "block 0 (v0:i64, v1:i32)\n  v2:i64 = guest_address v0 v1\n"
     "  v3:i32 = load v2 {offset 0 bytes 4 region 8 trap 4}\n  v4:i32 = iconst 0x10000\n"
     "  v5:i32 = iadd v1 v4\n  v6:i64 = guest_address v0 v5\n"
     "  v7:i32 = load v6 {offset 0 bytes 4 region 8 trap 4}\n"
     "  v8:i32 = iconst 0xfffffffc\n  v9:i32 = iadd v1 v8\n"
     "  v10:i64 = guest_address v0 v9\n"
     "  v11:i32 = load v10 {offset 0 bytes 4 region 8 trap 4}\n  v12:i32 = isub v3 v7\n"
     "  v13:i32 = isub v12 v11\n  return (v13)\n",
     "block 0 (v0:i64, v1:i32)\n  v2:i64 = guest_address v0 v1\n"
     "  v3:i32 = load v2 {offset 0 bytes 4 region 8 trap 4}\n  v4:i32 = iconst 0x10000\n"
     "  v5:i32 = iadd v1 v4\n  v6:i64 = guest_address v0 v5\n"
     "  v7:i32 = load v6 {offset 0 bytes 4 region 8 trap 4}\n"
     "  v8:i32 = iconst 0xfffffffc\n  v9:i32 = iadd v1 v8\n"
     "  v10:i64 = guest_address v0 v9\n"
     "  v11:i32 = load v10 {offset 0 bytes 4 region 8 trap 4}\n  v12:i32 = isub v3 v7\n"
     "  v13:i32 = isub v12 v11\n  return (v13)\n"},
    {"parameters that bring one value", opt_params, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  jump block 1 (v0 v1)\nblock 1 loop (v2:i32, v3:i32)\n"
     "  v4:i32 = isub v3 v2\n  branch v4 block 1 (v2 v4) block 2 ()\nblock 2 ()\n"
     "  return (v2)\n",
     "block 0 (v0:i32, v1:i32)\n  jump block 1 (v1)\nblock 1 loop (v3:i32)\n"
     "  v4:i32 = isub v3 v0\n  branch v4 block 1 (v4) block 2 ()\nblock 2 ()\n"
     "  return (v0)\n"},
    {"a choice by a branch", opt_convert, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = icmp.slt v0 v1\n"
     "  branch v2 block 1 () block 2 ()\nblock 1 ()\n  v3:i32 = iadd v0 v1\n"
     "  jump block 3 (v3)\nblock 2 ()\n  jump block 3 (v1)\nblock 3 (v4:i32)\n"
     "  return (v4)\n",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = icmp.slt v0 v1\n  v3:i32 = iadd v0 v1\n"
     "  v4:i32 = select v3 v1 v2\n  return (v4)\nblock 1 ()\nblock 2 ()\nblock 3 ()\n"},
    {"a choice with one side", opt_convert, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = icmp.slt v0 v1\n"
     "  branch v2 block 1 (v1) block 1 (v0)\nblock 1 (v3:i32)\n  return (v3)\n",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = icmp.slt v0 v1\n  v3:i32 = select v1 v0 v2\n"
     "  return (v3)\nblock 1 ()\n"},
    {"too much for a choice", opt_convert, "(i64, i32) -> (i32)",
     "block 0 (v0:i64, v1:i32)\n  branch v1 block 1 () block 2 ()\nblock 1 ()\n"
     "  v2:i32 = load v0 {offset 0 bytes 4 region 8 trap 4}\n  jump block 3 (v2)\n"
     "block 2 ()\n  jump block 3 (v1)\nblock 3 (v3:i32)\n  return (v3)\n",
     "block 0 (v0:i64, v1:i32)\n  branch v1 block 1 () block 2 ()\nblock 1 ()\n"
     "  v3:i32 = load v0 {offset 0 bytes 4 region 8 trap 4}\n  jump block 3 (v3)\n"
     "block 2 ()\n  jump block 3 (v1)\nblock 3 (v6:i32)\n  return (v6)\n"},
    {"a product out of two loops", opt_hoist, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  jump block 1 (v0)\nblock 1 loop (v2:i32)\n"
     "  jump block 2 (v2)\nblock 2 loop (v3:i32)\n  v4:i32 = imul v0 v1\n"
     "  v5:i32 = isub v3 v4\n  branch v5 block 2 (v5) block 3 ()\nblock 3 ()\n"
     "  branch v4 block 1 (v4) block 4 ()\nblock 4 ()\n  return (v4)\n",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = imul v0 v1\n  jump block 1 (v0)\n"
     "block 1 loop (v4:i32)\n  jump block 2 (v4)\nblock 2 loop (v6:i32)\n"
     "  v7:i32 = isub v6 v2\n  branch v7 block 2 (v7) block 3 ()\nblock 3 ()\n"
     "  branch v2 block 1 (v2) block 4 ()\nblock 4 ()\n  return (v2)\n"},
    {"a load that always happens", opt_hoist, "(i64, i32) -> (i32)",
     "block 0 (v0:i64, v1:i32)\n  jump block 1 (v1)\nblock 1 loop (v2:i32)\n"
     "  v3:i32 = load v0 {offset 0 bytes 4 region 8 trap 4}\n  v4:i32 = isub v2 v3\n"
     "  branch v4 block 1 (v4) block 2 ()\nblock 2 ()\n  return (v3)\n",
     "block 0 (v0:i64, v1:i32)\n  v2:i32 = load v0 {offset 0 bytes 4 region 8 trap 4}\n"
     "  jump block 1 (v1)\nblock 1 loop (v4:i32)\n  v5:i32 = isub v4 v2\n"
     "  branch v5 block 1 (v5) block 2 ()\nblock 2 ()\n  return (v2)\n"},
    {"a load that may not happen", opt_hoist, "(i64, i32) -> (i32)",
     "block 0 (v0:i64, v1:i32)\n  jump block 1 (v1)\nblock 1 loop (v2:i32)\n"
     "  branch v2 block 2 () block 3 ()\nblock 2 ()\n"
     "  v3:i32 = load v0 {offset 0 bytes 4 region 8 trap 4}\n  v4:i32 = isub v2 v3\n"
     "  jump block 1 (v4)\nblock 3 ()\n  return (v2)\n",
     "block 0 (v0:i64, v1:i32)\n  jump block 1 (v1)\nblock 1 loop (v3:i32)\n"
     "  branch v3 block 2 () block 3 ()\nblock 2 ()\n"
     "  v5:i32 = load v0 {offset 0 bytes 4 region 8 trap 4}\n  v6:i32 = isub v3 v5\n"
     "  jump block 1 (v6)\nblock 3 ()\n  return (v3)\n"},
    {"a load behind a store in the loop", opt_hoist, "(i64, i32) -> (i32)",
     "block 0 (v0:i64, v1:i32)\n  jump block 1 (v1)\nblock 1 loop (v2:i32)\n"
     "  v3:i32 = load v0 {offset 0 bytes 4 region 5 trap 4 notrap}\n"
     "  v4:i32 = isub v2 v3\n  store v0 v4 {offset 0 bytes 4 region 5 trap 4 notrap}\n"
     "  branch v4 block 1 (v4) block 2 ()\nblock 2 ()\n  return (v3)\n",
     "block 0 (v0:i64, v1:i32)\n  jump block 1 (v1)\nblock 1 loop (v3:i32)\n"
     "  v4:i32 = load v0 {offset 0 bytes 4 region 5 trap 4 notrap}\n"
     "  v5:i32 = isub v3 v4\n  store v0 v5 {offset 0 bytes 4 region 5 trap 4 notrap}\n"
     "  branch v5 block 1 (v5) block 2 ()\nblock 2 ()\n  return (v4)\n"},
    {"a loop entered by a branch gets a block in front", opt_hoist, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  branch v0 block 1 (v0) block 2 ()\n"
     "block 1 loop (v2:i32)\n  v3:i32 = imul v0 v1\n  v4:i32 = isub v2 v3\n"
     "  branch v4 block 1 (v4) block 2 ()\nblock 2 ()\n  return (v1)\n",
     "block 0 (v0:i32, v1:i32)\n  branch v0 block 3 (v0) block 2 ()\n"
     "block 1 loop (v3:i32)\n  v4:i32 = isub v3 v8\n"
     "  branch v4 block 1 (v4) block 2 ()\nblock 2 ()\n  return (v1)\nblock 3 (v7:i32)\n"
     "  v8:i32 = imul v0 v1\n  jump block 1 (v7)\n"},
    {"what nobody needs", opt_dead, "(i64, i32) -> (i32)",
     "block 0 (v0:i64, v1:i32)\n  v2:i32 = imul v1 v1\n"
     "  v3:i32 = load v0 {offset 0 bytes 4 region 5 trap 4 notrap}\n"
     "  v4:i32 = load v0 {offset 0 bytes 4 region 8 trap 4}\n  return (v1)\n",
     "block 0 (v0:i64, v1:i32)\n  v2:i32 = load v0 {offset 0 bytes 4 region 8 trap 4}\n"
     "  return (v1)\n"},
    {"parameters that only feed each other", opt_dead, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  jump block 1 (v0 v1)\nblock 1 loop (v2:i32, v3:i32)\n"
     "  v4:i32 = iadd v3 v3\n  v5:i32 = isub v2 v1\n"
     "  branch v5 block 1 (v5 v4) block 2 ()\nblock 2 ()\n  return (v2)\n",
     "block 0 (v0:i32, v1:i32)\n  jump block 1 (v0)\nblock 1 loop (v3:i32)\n"
     "  v4:i32 = isub v3 v1\n  branch v4 block 1 (v4) block 2 ()\nblock 2 ()\n"
     "  return (v3)\n"},
    {"blocks in a row", opt_clean, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  jump block 1 (v1)\nblock 1 (v2:i32)\n"
     "  v3:i32 = iadd v0 v2\n  jump block 2 ()\nblock 2 ()\n  return (v3)\nblock 3 ()\n"
     "  return (v0)\n",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = iadd v0 v1\n  return (v2)\nblock 1 ()\n"
     "block 2 ()\nblock 3 ()\n"},
    {"a block that only goes on", opt_clean, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  branch v0 block 1 () block 2 ()\nblock 1 ()\n"
     "  jump block 2 ()\nblock 2 ()\n  return (v0)\n",
     "block 0 (v0:i32, v1:i32)\n  return (v0)\nblock 1 ()\nblock 2 ()\n"},
    {"a loop and its constant division", NULL, "(i32, i32) -> (i32)",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = iconst 0xa\n  jump block 1 (v0)\n"
     "block 1 loop (v3:i32)\n  v4:i32 = udiv v3 v2\n  v5:i32 = imul v4 v2\n"
     "  v6:i32 = isub v3 v5\n  branch v4 block 1 (v4) block 2 ()\nblock 2 ()\n"
     "  return (v6)\n",
     "block 0 (v0:i32, v1:i32)\n  v2:i32 = iconst 0xa\n  jump block 1 (v0)\n"
     "block 1 loop (v4:i32)\n  v5:i64 = uextend v4\n  v6:i64 = iconst 0xcccccccd\n"
     "  v7:i64 = imul v5 v6\n  v8:i64 = iconst 0x23\n  v9:i64 = ushr v7 v8\n"
     "  v10:i32 = ireduce v9\n  v11:i32 = imul v10 v2\n  v12:i32 = isub v4 v11\n"
     "  branch v10 block 1 (v10) block 2 ()\nblock 2 ()\n  return (v12)\n"},
}; /* clang-format on */

struct job {
    const struct row *row;
    struct arena *arena;
    struct buf text;
};

static enum status run_row(void *ctx, struct diag *dg)
{
    struct job *j = ctx;
    struct opt_stats stats = {0};
    struct ir_func f;
    struct buf in;

    buf_init(&in, j->arena);
    buf_init(&j->text, j->arena);
    buf_printf(&in, "function 0 signature 0\n  signature 0 %s\n%s", j->row->signature,
               j->row->before);
    TRY(ir_parse((struct str){(const char *)in.data, in.size}, j->arena, &f, dg));
    TRY(ir_check(&f, dg));
    if (j->row->pass == NULL)
        TRY(opt_function(&f, &(struct opt_options){.check = true}, dg));
    else
        j->row->pass(&f, &stats);
    TRY(ir_check(&f, dg));
    ir_print(&f, IR_PRINT_DENSE, &j->text);
    buf_byte(&j->text, 0);
    return ST_OK;
}

/* Behind the two lines that head a function. */
static const char *body_of(const char *text)
{
    for (int lines = 0; lines < 2 && strchr(text, '\n') != NULL; lines++)
        text = strchr(text, '\n') + 1;
    return text;
}

static void show(const char *title, const char *text)
{
    printf("# %s\n", title);
    while (*text != '\0') {
        size_t size = strcspn(text, "\n");
        printf("#   %.*s\n", (int)size, text);
        text += size + (text[size] == '\n');
    }
}

static void try_row(const struct row *row)
{
    struct arena a;
    struct diag dg = {0};
    struct job j = {.row = row, .arena = &a};

    arena_init(&a, 64 << 20);
    enum status st = arena_guard(&a, run_row, &j, &dg);
    const char *got = st == ST_OK ? body_of((const char *)j.text.data) : dg.text;
    if (!tap_ok(st == ST_OK && strcmp(got, row->after) == 0, "%s", row->name)) {
        show("expected", row->after);
        show("found", got);
    }
    arena_free(&a);
}

/* ---- large functions ------------------------------------------------------------------------- */
static uint32_t access_at(struct ir_func *f, int32_t offset)
{
    return ir_access(
        f, (struct ir_access){.offset = offset, .bytes = 4, .region = IR_REGION_MEMORY, .trap = 4});
}

static ir_value number(struct ir_func *f, ir_block b, uint64_t n)
{
    return ir_emit(f, b, ir_iconst(IR_I32, n));
}

static ir_value binary(struct ir_func *f, ir_block b, enum ir_op op, ir_value x, ir_value y)
{
    return ir_emit(f, b, (struct ir_inst){.op = (uint16_t)op, .type = IR_I32, .a = x, .b = y});
}

static ir_value load(struct ir_func *f, ir_block b, ir_value address, int32_t offset)
{
    return ir_emit(f, b,
                   (struct ir_inst){
                       .op = IR_OP_LOAD, .type = IR_I32, .a = address, .c = access_at(f, offset)});
}

static void store(struct ir_func *f, ir_block b, ir_value address, ir_value v, int32_t offset)
{
    ir_emit(
        f, b,
        (struct ir_inst){
            .op = IR_OP_STORE, .type = IR_I32, .a = address, .b = v, .c = access_at(f, offset)});
}

static void jump(struct ir_func *f, ir_block from, ir_block to, const ir_value *args, uint32_t n)
{
    ir_emit(f, from, (struct ir_inst){.op = IR_OP_JUMP, .a = ir_edge_new(f, to, args, n)});
}

static void branch(struct ir_func *f, ir_block from, ir_value c, ir_block then, ir_block otherwise)
{
    ir_emit(f, from,
            (struct ir_inst){.op = IR_OP_BRANCH,
                             .a = c,
                             .b = ir_edge_new(f, then, NULL, 0),
                             .c = ir_edge_new(f, otherwise, NULL, 0)});
}

static void give_back(struct ir_func *f, ir_block b, ir_value v)
{
    ir_emit(f, b, (struct ir_inst){.op = IR_OP_RETURN, .a = ir_list_new(f, &v, 1)});
}

/* One block; each store may hit what each load reads. */
static void straight(struct ir_func *f, ir_value memory, ir_value x, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        ir_value v = load(f, 0, memory, (int32_t)(i % 5000 * 4));
        x = binary(f, 0, IR_OP_IXOR, binary(f, 0, IR_OP_IADD, x, v), number(f, 0, i));
        store(f, 0, memory, x, (int32_t)(i % 7000 * 4));
    }
    give_back(f, 0, x);
}

/* Each block goes on or leaves to the last. */
static void ladder(struct ir_func *f, ir_value memory, ir_value x, uint32_t n)
{
    ir_block b = 0, end = ir_block_new(f);

    for (uint32_t i = 0; i < n; i++) {
        ir_block next = ir_block_new(f);
        ir_value v = load(f, b, memory, (int32_t)(i % 100 * 4));
        x = binary(f, b, IR_OP_IADD, x, v);
        branch(f, b, x, next, end);
        b = next;
    }
    jump(f, b, end, NULL, 0);
    give_back(f, end, number(f, end, 7));
}

/* A loop around a switch of n cases, each of which changes one of 64 variables. */
static void interpreter(struct ir_func *f, ir_value memory, ir_value x, uint32_t n)
{
    enum { VARIABLES = 64 };
    ir_block loop = ir_block_new(f), end = ir_block_new(f);
    ir_value args[VARIABLES];
    uint32_t *edges = arena_new(f->arena, uint32_t, n + 1);

    for (uint32_t k = 0; k < VARIABLES; k++)
        args[k] = x;
    jump(f, 0, loop, args, VARIABLES);
    f->blocks[loop].loop_header = 1;
    for (uint32_t k = 0; k < VARIABLES; k++)
        args[k] = ir_param_new(f, loop, IR_I32);
    ir_value op = load(f, loop, memory, 0);
    for (uint32_t i = 0; i < n; i++) {
        ir_block b = ir_block_new(f);
        ir_value changed[VARIABLES];
        memcpy(changed, args, sizeof(changed));
        changed[i % VARIABLES] =
            binary(f, b, IR_OP_IADD, args[i % VARIABLES], args[(i + 1) % VARIABLES]);
        store(f, b, memory, changed[i % VARIABLES], (int32_t)(i % 50 * 4));
        jump(f, b, loop, changed, VARIABLES);
        edges[i] = ir_edge_new(f, b, NULL, 0);
    }
    edges[n] = ir_edge_new(f, end, NULL, 0);
    ir_emit(f, loop,
            (struct ir_inst){.op = IR_OP_SWITCH, .a = op, .b = ir_list_new(f, edges, n + 1)});
    give_back(f, end, args[0]);
}

/* Loops in loops, n deep; every one multiplies two numbers of outside. */
static void nest(struct ir_func *f, ir_value memory, ir_value x, uint32_t n)
{
    ir_block first = f->block_count, end;
    ir_value y = load(f, 0, memory, 0);

    while (f->block_count < first + 2 * n + 1)
        ir_block_new(f);
    end = first + 2 * n;
    jump(f, 0, first, NULL, 0);
    for (ir_block b = first; b < first + n; b++) {
        f->blocks[b].loop_header = 1;
        ir_value v = binary(f, b, IR_OP_IMUL, y, binary(f, b, IR_OP_IADD, x, number(f, b, b)));
        store(f, b, memory, v, 8);
        jump(f, b, b + 1, NULL, 0);
    }
    for (ir_block b = first + n; b < end; b++)
        branch(f, b, load(f, b, memory, 4), first + (end - 1 - b), b + 1);
    give_back(f, end, y);
}

static const struct shape {
    const char *name;
    void (*make)(struct ir_func *f, ir_value memory, ir_value x, uint32_t n);
    uint32_t n;
} shapes[] = {
    {"a block", straight, 60000},
    {"a ladder", ladder, 60000},
    {"an interpreter", interpreter, 5000},
    {"a nest of loops", nest, 20000},
};

struct large {
    const struct shape *shape;
    struct arena *arena;
    uint32_t n;
    bool check; /* only small ones: ir_check()'s own dominators take the square of some shapes */
    struct opt_stats stats;
};

static enum status run_large(void *ctx, struct diag *dg)
{
    static const uint8_t params[] = {IR_I64, IR_I32}, results[] = {IR_I32};
    struct large *l = ctx;
    struct ir_func f;

    ir_func_init(&f, l->arena, 0);
    f.signature = ir_signature(&f, params, 2, results, 1);
    ir_block_new(&f);
    ir_value memory = ir_param_new(&f, 0, IR_I64), x = ir_param_new(&f, 0, IR_I32);
    l->shape->make(&f, memory, x, l->n);
    TRY(l->check ? ir_check(&f, dg) : ST_OK);
    TRY(opt_function(&f, &(struct opt_options){.check = l->check, .stats = &l->stats}, dg));
    return ST_OK;
}

static uint32_t steps_of(const struct shape *shape, uint32_t n, bool check)
{
    struct arena a;
    struct diag dg = {0};
    struct large l = {.shape = shape, .arena = &a, .n = n, .check = check};

    arena_init(&a, (size_t)4 << 30);
    if (arena_guard(&a, run_large, &l, &dg) != ST_OK)
        tap_ok(false, "%s: %s", shape->name, dg.text);
    arena_free(&a);
    return l.stats.steps;
}

static void try_shape(const struct shape *shape)
{
    uint32_t once = steps_of(shape, shape->n, false), twice = steps_of(shape, shape->n * 2, false);

    tap_ok(steps_of(shape, 200, true) > 0 && once > 0 && twice < once / 10 * 23,
           "%s: twice as large, %" PRIu32 " values visited become %" PRIu32, shape->name, once,
           twice);
}

int main(void)
{
    for (size_t i = 0; i < LENGTH_OF(rows); i++)
        try_row(&rows[i]);
    for (size_t i = 0; i < LENGTH_OF(shapes); i++)
        try_shape(&shapes[i]);
    return tap_done();
}
