/*
 * test_validate: a row per operator family and rule. Each body becomes function 0 of one world:
 *   types      0 []->[]  1 [i32]->[i32]  2 []->[i32]  3 [i32 f64]->[i64]
 *              4 struct {mut i32, i8, mut (ref null 0)}  5 array (mut i32)  6 array i8
 *              7 array (mut funcref)  8 [i32 i64]->[i32 i64]  9 [(ref 0)]->[(ref 0)]
 *              10 struct {(ref func)}  11 []->[funcref]  12 open struct {i32}
 *              13 sub 12 {i32, i32}  14 array (mut (ref func))  15 [i32]->[]
 *              16 array (mut i8)  17 [(ref 12)]->[]
 *   functions  0 the row's, 1 of type 1, 2 of type 3, 3 of type 0 (never declared)
 *   tables     0 funcref  1 externref, 64-bit  2 (ref null 0)
 *   memories   0 32-bit  1 64-bit            tags  0 [i32]  1 []
 *   globals    0 mut i32  1 i64  2 mut funcref
 *   segments   elements 0 functions {1}, 1 externref; data 0
 * SPDX-License-Identifier: Apache-2.0
 */
#include "judging.h"

#include "base/mem.h"

enum { MODULE_BYTES_MAX = 1 << 21, BODY_OFFSET = 173 };

/* clang-format off */
static const struct {
    const char *name, *off; /* off: feature to switch off for the validator; NULL: none */
    uint32_t type;
    const char *body; /* declaration of locals and code */
    enum status status;
    uint64_t offset;
    const char *text;
} rows[] = {
    /* operands */
    {"add", NULL, 0, "00 41 00 41 00 6a 1a 0b", ST_OK, 0, ""},
    {"add, second is f64", NULL, 0, "00 41 00 44 00 00 00 00 00 00 00 00 6a 1a 0b", ST_INVALID,
     185, "i32.add expects i32 for operand 2, found f64; in function 0"},
    {"add, first is f64", NULL, 0, "00 44 00 00 00 00 00 00 00 00 41 00 6a 1a 0b", ST_INVALID, 185,
     "i32.add expects i32 for operand 1, found f64; in function 0"},
    {"add, one missing", NULL, 0, "00 41 00 6a 1a 0b", ST_INVALID, 176,
     "i32.add expects i32 for operand 1, found an empty stack; in function 0"},
    {"add, missing in the block", NULL, 0, "00 41 00 41 00 02 40 6a 0b 1a 1a 0b", ST_INVALID, 180,
     "i32.add expects i32 for operand 2, found no value of this block; in function 0"},
    {"add below unreachable", NULL, 0, "00 00 6a 1a 0b", ST_OK, 0, ""},
    {"f64 below unreachable", NULL, 0, "00 00 44 00 00 00 00 00 00 00 00 6a 1a 0b", ST_INVALID,
     184, "i32.add expects i32 for operand 2, found f64; in function 0"},
    {"eqz of nothing", NULL, 0, "00 45 1a 0b", ST_INVALID, 174,
     "i32.eqz expects i32 for operand 1, found an empty stack; in function 0"},
    {"eqz of i64", NULL, 0, "00 42 00 45 1a 0b", ST_INVALID, 176,
     "i32.eqz expects i32 for operand 1, found i64; in function 0"},
    {"wide add", NULL, 0, "00 42 00 42 00 42 00 42 00 fc 13 1a 1a 0b", ST_OK, 0, ""},
    {"wide add, off", "wide-arithmetic", 0, "00 42 00 42 00 42 00 42 00 fc 13 1a 1a 0b",
     ST_UNSUPPORTED, 182, "i64.add128 needs --feature wide-arithmetic; in function 0"},
    {"drop nothing", NULL, 0, "00 1a 0b", ST_INVALID, 174,
     "drop expects operand 1, found an empty stack; in function 0"},
    {"drop below unreachable", NULL, 0, "00 00 1a 0b", ST_OK, 0, ""},
    {"select", NULL, 0, "00 41 00 41 00 41 00 1b 1a 0b", ST_OK, 0, ""},
    {"select, different", NULL, 0, "00 41 00 42 00 41 00 1b 1a 0b", ST_INVALID, 180,
     "select expects operands of one type, found i32 and i64; in function 0"},
    {"select, references", NULL, 0, "00 d0 70 d0 70 41 00 1b 1a 0b", ST_INVALID, 180,
     "select without a type expects numbers or vectors, found a reference; in function 0"},
    {"select, condition", NULL, 0, "00 41 00 41 00 42 00 1b 1a 0b", ST_INVALID, 180,
     "select expects i32 for operand 3, found i64; in function 0"},
    {"select, one operand", NULL, 0, "00 41 00 41 00 1b 1a 0b", ST_INVALID, 178,
     "select expects operand 1, found an empty stack; in function 0"},
    {"select, no operand", NULL, 0, "00 41 00 1b 1a 0b", ST_INVALID, 176,
     "select expects operand 2, found an empty stack; in function 0"},
    {"select below unreachable", NULL, 0, "00 00 42 00 41 00 1b 42 00 7c 1a 0b", ST_OK, 0, ""},
    {"select vectors", NULL, 0,
     "00 fd 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 fd 0c 00 00 00 00 00 00 00 00 "
     "00 00 00 00 00 00 00 00 41 00 1b 1a 0b", ST_OK, 0, ""},
    {"select typed", NULL, 0, "00 d0 70 d0 70 41 00 1c 01 70 1a 0b", ST_OK, 0, ""},
    {"select of two types", NULL, 0, "00 00 1c 02 7f 7f 1a 0b", ST_INVALID, 175,
     "select has invalid result arity: expected 1 type, found 2; in function 0"},
    {"select of unknown type", NULL, 0, "00 00 1c 01 63 20 1a 0b", ST_INVALID, 175,
     "select names unknown type 32; the module has 18; in function 0"},
    {"select typed, mismatch", NULL, 0, "00 41 00 41 00 41 00 1c 01 70 1a 0b", ST_INVALID, 180,
     "select expects funcref for operand 2, found i32; in function 0"},
    {"select typed, off", "reference-types", 0, "00 41 00 41 00 41 00 1c 01 7f 1a 0b",
     ST_UNSUPPORTED, 110, "multiple tables needs --feature reference-types"},
    /* the end of a body */
    {"empty", NULL, 0, "00 0b", ST_OK, 0, ""},
    {"value too many", NULL, 0, "00 41 00 0b", ST_INVALID, 176,
     "end expects 0 values at the end of the block, found 1; in function 0"},
    {"result missing", NULL, 2, "00 0b", ST_INVALID, 174,
     "end expects i32 for result 1, found an empty stack; in function 0"},
    {"result", NULL, 2, "00 41 00 0b", ST_OK, 0, ""},
    {"result of another type", NULL, 2, "00 42 00 0b", ST_INVALID, 176,
     "end expects i32 for result 1, found i64; in function 0"},
    {"two results", NULL, 8, "00 41 00 42 00 0b", ST_OK, 0, ""},
    {"two results, swapped", NULL, 8, "00 42 00 41 00 0b", ST_INVALID, 178,
     "end expects i64 for result 2, found i32; in function 0"},
    {"no end", NULL, 0, "00 01", ST_MALFORMED, 175,
     "unexpected end: END opcode expected, found the end of the body; open blocks: 1; in "
     "function 0"},
    {"nothing at all", NULL, 0, "00", ST_MALFORMED, 174,
     "unexpected end: END opcode expected, found the end of the body; open blocks: 1; in "
     "function 0"},
    {"no locals", NULL, 0, "", ST_MALFORMED, 173,
     "unexpected end: expected more bytes of a u32; in function 0"},
    {"open block", NULL, 0, "00 02 40 0b", ST_MALFORMED, 177,
     "unexpected end: END opcode expected, found the end of the body; open blocks: 1; in "
     "function 0"},
    {"bytes behind the end", NULL, 0, "00 0b 01", ST_MALFORMED, 175,
     "section size mismatch: 1 bytes behind the end of the body; in function 0"},
    {"cut constant", NULL, 0, "00 41", ST_MALFORMED, 175,
     "unexpected end: expected more bytes of an s32; in function 0"},
    {"cut constant, long", NULL, 0, "00 42 80 80", ST_MALFORMED, 177,
     "unexpected end: expected more bytes of an s64; in function 0"},
    {"illegal opcode", NULL, 0, "00 27 0b", ST_MALFORMED, 174,
     "illegal opcode 0x27; in function 0"},
    {"illegal prefixed opcode", NULL, 0, "00 fd ff 7f 0b", ST_MALFORMED, 174,
     "illegal opcode 0xfd 0x3fff; in function 0"},
    {"cut prefix", NULL, 0, "00 fd", ST_MALFORMED, 175,
     "unexpected end: expected more bytes of a u32; in function 0"},
    {"cut f64", NULL, 0, "00 44 00 00 0b", ST_MALFORMED, 178,
     "unexpected end: expected 8 bytes of a constant, 3 remain; in function 0"},
    {"cut v128", NULL, 0, "00 fd 0c 00 0b", ST_MALFORMED, 178,
     "unexpected end: expected 16 bytes of a constant, 2 remain; in function 0"},
    {"value too many below unreachable", NULL, 0, "00 00 41 00 0b", ST_INVALID, 177,
     "end expects 0 values at the end of the block, found 1; in function 0"},
    /* locals */
    {"get and set", NULL, 0, "01 02 7e 20 01 21 00 0b", ST_OK, 0, ""},
    {"unknown", NULL, 0, "01 02 7e 20 02 1a 0b", ST_INVALID, 176,
     "local.get names unknown local 2; the module has 2; in function 0"},
    {"set, mismatch", NULL, 0, "01 01 7e 41 00 21 00 0b", ST_INVALID, 178,
     "local.set expects i64 for operand 1, found i32; in function 0"},
    {"tee", NULL, 0, "01 01 7e 42 00 22 00 1a 0b", ST_OK, 0, ""},
    {"tee, nothing", NULL, 0, "01 01 7e 22 00 1a 0b", ST_INVALID, 176,
     "local.tee expects i64 for operand 1, found an empty stack; in function 0"},
    {"parameter", NULL, 1, "00 20 00 0b", ST_OK, 0, ""},
    {"far local", NULL, 0, "01 d0 86 03 7f 20 cf 86 03 21 90 03 0b", ST_OK, 0, ""},
    {"unknown far local", NULL, 0, "01 d0 86 03 7f 20 d0 86 03 1a 0b", ST_INVALID, 178,
     "local.get names unknown local 50000; the module has 50000; in function 0"},
    {"too many", NULL, 0, "01 d1 86 03 7f 0b", ST_LIMIT, 173,
     "50001 locals of a function; at most 50000 are allowed; in function 0"},
    {"2^32", NULL, 0, "02 ff ff ff ff 0f 7f 01 7f 0b", ST_MALFORMED, 173,
     "too many locals: expected fewer than 2^32, found 4294967296; in function 0"},
    {"unknown type", NULL, 0, "01 01 63 20 0b", ST_INVALID, 173,
     "a local is of unknown type 32; the module has 18; in function 0"},
    {"long index", NULL, 0, "01 01 7f 20 80 00 1a 0b", ST_OK, 0, ""},
    {"index too long", NULL, 0, "01 01 7f 20 80 80 80 80 80 00 1a 0b", ST_MALFORMED, 177,
     "integer representation too long: a u32 has at most 5 bytes; in function 0"},
    {"index too large", NULL, 0, "01 01 7f 20 80 80 80 80 10 1a 0b", ST_MALFORMED, 177,
     "integer too large: expected a u32, found bits beyond it; in function 0"},
    {"read before set", NULL, 0, "01 01 64 00 20 00 1a 0b", ST_INVALID, 177,
     "local.get reads uninitialized local 0: its type has no default value; in function 0"},
    {"read after set", NULL, 0, "01 01 64 00 00 21 00 20 00 1a 0b", ST_OK, 0, ""},
    {"set in a block that ended", NULL, 0, "01 01 64 00 02 40 00 21 00 0b 20 00 1a 0b", ST_INVALID,
     183, "local.get reads uninitialized local 0: its type has no default value; in function 0"},
    {"set before the block", NULL, 0, "01 01 64 00 00 21 00 02 40 20 00 1a 0b 20 00 1a 0b", ST_OK,
     0, ""},
    {"set in the other arm", NULL, 0, "01 01 64 00 41 00 04 40 00 21 00 05 20 00 1a 0b 0b",
     ST_INVALID, 185,
     "local.get reads uninitialized local 0: its type has no default value; in function 0"},
    {"set twice", NULL, 0, "01 01 64 00 00 21 00 00 22 00 1a 20 00 1a 0b", ST_OK, 0, ""},
    {"far, read before set", NULL, 0, "01 ac 02 64 00 20 ab 02 1a 0b", ST_INVALID, 178,
     "local.get reads uninitialized local 299: its type has no default value; in function 0"},
    {"far, set and forgotten", NULL, 0,
     "01 ac 02 64 00 02 40 00 21 ab 02 20 ab 02 1a 0b 20 ab 02 1a 0b", ST_INVALID, 189,
     "local.get reads uninitialized local 299: its type has no default value; in function 0"},
    {"non-null parameter", NULL, 9, "00 20 00 0b", ST_OK, 0, ""},
    {"tee of a reference", NULL, 0, "01 01 64 00 00 22 00 1a 0b", ST_OK, 0, ""},
    /* globals */
    {"get and set", NULL, 0, "00 23 00 24 00 0b", ST_OK, 0, ""},
    {"unknown", NULL, 0, "00 23 03 1a 0b", ST_INVALID, 174,
     "global.get names unknown global 3; the module has 3; in function 0"},
    {"set, immutable", NULL, 0, "00 42 00 24 01 0b", ST_INVALID, 176,
     "global.set sets global 1, which is immutable; in function 0"},
    {"set, mismatch", NULL, 0, "00 42 00 24 00 0b", ST_INVALID, 176,
     "global.set expects i32 for operand 1, found i64; in function 0"},
    {"set, nothing", NULL, 0, "00 24 00 0b", ST_INVALID, 174,
     "global.set expects i32 for operand 1, found an empty stack; in function 0"},
    {"reference", NULL, 0, "00 23 02 24 02 0b", ST_OK, 0, ""},
    {"null fits", NULL, 0, "00 d0 73 24 02 0b", ST_OK, 0, ""},
    /* tables */
    {"get", NULL, 0, "00 41 00 25 00 1a 0b", ST_OK, 0, ""},
    {"get, 64-bit", NULL, 0, "00 42 00 25 01 1a 0b", ST_OK, 0, ""},
    {"get, address", NULL, 0, "00 42 00 25 00 1a 0b", ST_INVALID, 176,
     "table.get expects i32 for operand 1, found i64; in function 0"},
    {"get, unknown", NULL, 0, "00 41 00 25 03 1a 0b", ST_INVALID, 176,
     "table.get names unknown table 3; the module has 3; in function 0"},
    {"set", NULL, 0, "00 41 00 d0 70 26 00 0b", ST_OK, 0, ""},
    {"set, mismatch", NULL, 0, "00 41 00 d0 6f 26 00 0b", ST_INVALID, 178,
     "table.set expects funcref for operand 2, found externref; in function 0"},
    {"size", NULL, 0, "00 fc 10 01 50 1a 0b", ST_OK, 0, ""},
    {"grow", NULL, 0, "00 d0 6f 42 00 fc 0f 01 50 1a 0b", ST_OK, 0, ""},
    {"grow, mismatch", NULL, 0, "00 d0 70 42 00 fc 0f 01 1a 0b", ST_INVALID, 178,
     "table.grow expects externref for operand 1, found funcref; in function 0"},
    {"fill", NULL, 0, "00 41 00 d0 70 41 00 fc 11 00 0b", ST_OK, 0, ""},
    {"init", NULL, 0, "00 41 00 41 00 41 00 fc 0c 00 00 0b", ST_OK, 0, ""},
    {"init, mismatch", NULL, 0, "00 41 00 41 00 41 00 fc 0c 00 01 0b", ST_INVALID, 180,
     "table.init expects a segment that matches table 1, found a type mismatch with element "
     "segment 0; in function 0"},
    {"init, unknown segment", NULL, 0, "00 41 00 41 00 41 00 fc 0c 02 00 0b", ST_INVALID, 180,
     "table.init names unknown element segment 2; the module has 2; in function 0"},
    {"init, unknown table", NULL, 0, "00 41 00 41 00 41 00 fc 0c 00 03 0b", ST_INVALID, 180,
     "table.init names unknown table 3; the module has 3; in function 0"},
    {"elem.drop", NULL, 0, "00 fc 0d 01 0b", ST_OK, 0, ""},
    {"elem.drop, unknown", NULL, 0, "00 fc 0d 02 0b", ST_INVALID, 174,
     "elem.drop names unknown element segment 2; the module has 2; in function 0"},
    {"copy", NULL, 0, "00 41 00 41 00 41 00 fc 0e 00 02 0b", ST_OK, 0, ""},
    {"copy, mismatch", NULL, 0, "00 41 00 41 00 41 00 fc 0e 02 00 0b", ST_INVALID, 180,
     "table.copy expects tables of matching types, found a type mismatch between table 2 and "
     "table 0; in function 0"},
    {"copy, 64-bit", NULL, 0, "00 42 00 42 00 42 00 fc 0e 01 01 0b", ST_OK, 0, ""},
    {"copy, unknown", NULL, 0, "00 41 00 41 00 41 00 fc 0e 00 03 0b", ST_INVALID, 180,
     "table.copy names unknown table 3; the module has 3; in function 0"},
    {"copy, unknown destination", NULL, 0, "00 41 00 41 00 41 00 fc 0e 03 00 0b", ST_INVALID, 180,
     "table.copy names unknown table 3; the module has 3; in function 0"},
    {"copy, off", "bulk-memory", 0, "00 41 00 41 00 41 00 fc 0e 00 00 0b", ST_UNSUPPORTED, 180,
     "table.copy needs --feature bulk-memory; in function 0"},
    {"table 1, off", "reference-types", 0, "00 41 00 11 00 01 0b", ST_UNSUPPORTED, 110,
     "multiple tables needs --feature reference-types"},
    /* memory */
    {"load", NULL, 0, "00 41 00 28 02 00 1a 0b", ST_OK, 0, ""},
    {"load, address", NULL, 0, "00 42 00 28 02 00 1a 0b", ST_INVALID, 176,
     "i32.load expects i32 for operand 1, found i64; in function 0"},
    {"load, nothing", NULL, 0, "00 28 02 00 1a 0b", ST_INVALID, 174,
     "i32.load expects i32 for operand 1, found an empty stack; in function 0"},
    {"load, alignment", NULL, 0, "00 41 00 28 03 00 1a 0b", ST_INVALID, 176,
     "i32.load expects at most alignment 2^2, found 2^3: alignment must not be larger than "
     "natural; in function 0"},
    {"load, alignment 2^63", NULL, 0, "00 41 00 28 3f 00 1a 0b", ST_INVALID, 176,
     "i32.load expects at most alignment 2^2, found 2^63: alignment must not be larger than "
     "natural; in function 0"},
    {"load, flags", NULL, 0, "00 41 00 28 80 01 00 1a 0b", ST_MALFORMED, 177,
     "malformed memop flags: expected less than 0x80, found 0x80; in function 0"},
    {"load, memory 1", NULL, 0, "00 42 00 28 42 01 00 1a 0b", ST_OK, 0, ""},
    {"load, memory 2", NULL, 0, "00 42 00 28 42 02 00 1a 0b", ST_INVALID, 176,
     "i32.load names unknown memory 2; the module has 2; in function 0"},
    {"load, memory 1, off", "multi-memory", 0, "00 42 00 28 42 01 00 1a 0b", ST_UNSUPPORTED, 123,
     "multiple memories needs --feature multi-memory"},
    {"load, offset 2^32", NULL, 0, "00 41 00 28 02 80 80 80 80 10 1a 0b", ST_INVALID, 176,
     "i32.load expects an offset below 2^32, found 0x100000000: offset out of range; in "
     "function 0"},
    {"load, offset 2^32, 64-bit", NULL, 0, "00 42 00 28 42 01 80 80 80 80 10 1a 0b", ST_OK, 0, ""},
    {"load, offset 2^32-1", NULL, 0, "00 41 00 28 02 ff ff ff ff 0f 1a 0b", ST_OK, 0, ""},
    {"load, offset of 2 bytes", NULL, 0, "00 41 00 28 02 80 01 1a 0b", ST_OK, 0, ""},
    {"load, cut", NULL, 0, "00 41 00 28 02", ST_MALFORMED, 178,
     "unexpected end: expected more bytes of a u64; in function 0"},
    {"load, cut flags", NULL, 0, "00 41 00 28", ST_MALFORMED, 177,
     "unexpected end: expected more bytes of a u32; in function 0"},
    {"load, cut index", NULL, 0, "00 41 00 28 42", ST_MALFORMED, 178,
     "unexpected end: expected more bytes of a u32; in function 0"},
    {"store", NULL, 0, "00 41 00 42 00 37 03 00 0b", ST_OK, 0, ""},
    {"store, value", NULL, 0, "00 41 00 41 00 37 03 00 0b", ST_INVALID, 178,
     "i64.store expects i64 for operand 2, found i32; in function 0"},
    {"store, address", NULL, 0, "00 42 00 42 00 37 03 00 0b", ST_INVALID, 178,
     "i64.store expects i32 for operand 1, found i64; in function 0"},
    {"store, alignment", NULL, 0, "00 41 00 42 00 37 04 00 0b", ST_INVALID, 178,
     "i64.store expects at most alignment 2^3, found 2^4: alignment must not be larger than "
     "natural; in function 0"},
    {"store, offset of 6 bytes", NULL, 0, "00 41 00 42 00 37 03 80 80 80 80 80 00 0b", ST_OK, 0,
     ""},
    {"store, one operand", NULL, 0, "00 42 00 37 03 00 0b", ST_INVALID, 176,
     "i64.store expects i32 for operand 1, found an empty stack; in function 0"},
    {"size", NULL, 0, "00 3f 00 1a 0b", ST_OK, 0, ""},
    {"size, memory 1", NULL, 0, "00 3f 01 50 1a 0b", ST_OK, 0, ""},
    {"size, memory 2", NULL, 0, "00 3f 02 1a 0b", ST_INVALID, 174,
     "memory.size names unknown memory 2; the module has 2; in function 0"},
    {"size, memory 1, off", "multi-memory", 0, "00 3f 01 50 1a 0b", ST_UNSUPPORTED, 123,
     "multiple memories needs --feature multi-memory"},
    {"grow", NULL, 0, "00 42 00 40 01 1a 0b", ST_OK, 0, ""},
    {"grow, type", NULL, 0, "00 41 00 40 01 1a 0b", ST_INVALID, 176,
     "memory.grow expects i64 for operand 1, found i32; in function 0"},
    {"copy", NULL, 0, "00 41 00 42 00 41 00 fc 0a 00 01 0b", ST_OK, 0, ""},
    {"copy, count", NULL, 0, "00 41 00 42 00 42 00 fc 0a 00 01 0b", ST_INVALID, 180,
     "memory.copy expects i32 for operand 3, found i64; in function 0"},
    {"copy, 64-bit", NULL, 0, "00 42 00 42 00 42 00 fc 0a 01 01 0b", ST_OK, 0, ""},
    {"copy, unknown", NULL, 0, "00 41 00 41 00 41 00 fc 0a 00 02 0b", ST_INVALID, 180,
     "memory.copy names unknown memory 2; the module has 2; in function 0"},
    {"copy, unknown destination", NULL, 0, "00 41 00 41 00 41 00 fc 0a 02 00 0b", ST_INVALID, 180,
     "memory.copy names unknown memory 2; the module has 2; in function 0"},
    {"fill", NULL, 0, "00 42 00 41 00 42 00 fc 0b 01 0b", ST_OK, 0, ""},
    {"fill, value", NULL, 0, "00 41 00 42 00 41 00 fc 0b 00 0b", ST_INVALID, 180,
     "memory.fill expects i32 for operand 2, found i64; in function 0"},
    {"init", NULL, 0, "00 41 00 41 00 41 00 fc 08 00 00 0b", ST_OK, 0, ""},
    {"init, 64-bit", NULL, 0, "00 42 00 41 00 41 00 fc 08 00 01 0b", ST_OK, 0, ""},
    {"init, unknown data", NULL, 0, "00 41 00 41 00 41 00 fc 08 01 00 0b", ST_INVALID, 180,
     "memory.init names unknown data segment 1; the module has 1; in function 0"},
    {"init, unknown memory", NULL, 0, "00 41 00 41 00 41 00 fc 08 00 02 0b", ST_INVALID, 180,
     "memory.init names unknown memory 2; the module has 2; in function 0"},
    {"data.drop", NULL, 0, "00 fc 09 00 0b", ST_OK, 0, ""},
    {"data.drop, unknown", NULL, 0, "00 fc 09 01 0b", ST_INVALID, 174,
     "data.drop names unknown data segment 1; the module has 1; in function 0"},
    /* vectors */
    {"splat", NULL, 0, "00 41 00 fd 0f 1a 0b", ST_OK, 0, ""},
    {"lane", NULL, 0, "00 fd 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 fd 15 0f 1a 0b",
     ST_OK, 0, ""},
    {"lane 16", NULL, 0, "00 fd 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 fd 15 10 1a 0b",
     ST_INVALID, 192,
     "i8x16.extract_lane_s has invalid lane index 16; there are 16 lanes; in function 0"},
    {"lane 2 of 2", NULL, 0,
     "00 fd 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 44 00 00 00 00 00 00 00 00 fd "
     "22 02 1a 0b", ST_INVALID, 201,
     "f64x2.replace_lane has invalid lane index 2; there are 2 lanes; in function 0"},
    {"shuffle", NULL, 0,
     "00 fd 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 fd 0c 00 00 00 00 00 00 00 00 "
     "00 00 00 00 00 00 00 00 fd 0d 1f 1f 1f 1f 1f 1f 1f 1f 1f 1f 1f 1f 1f 1f 1f 1f 1a 0b", ST_OK,
     0, ""},
    {"shuffle, lane 32", NULL, 0,
     "00 fd 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 fd 0c 00 00 00 00 00 00 00 00 "
     "00 00 00 00 00 00 00 00 fd 0d 1f 1f 1f 1f 1f 1f 1f 1f 1f 1f 1f 1f 1f 1f 1f 20 1a 0b",
     ST_INVALID, 210,
     "i8x16.shuffle has invalid lane index 32; there are 32 lanes; in function 0"},
    {"load lane", NULL, 0,
     "00 41 00 fd 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 fd 54 00 00 0f 1a 0b", ST_OK,
     0, ""},
    {"load lane, lane", NULL, 0,
     "00 41 00 fd 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 fd 54 00 00 10 1a 0b",
     ST_INVALID, 194,
     "v128.load8_lane has invalid lane index 16; there are 16 lanes; in function 0"},
    {"load lane, alignment", NULL, 0,
     "00 41 00 fd 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 fd 54 01 00 00 1a 0b",
     ST_INVALID, 194,
     "v128.load8_lane expects at most alignment 2^0, found 2^1: alignment must not be larger "
     "than natural; in function 0"},
    {"store lane, cut", NULL, 0,
     "00 41 00 fd 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 fd 58 00 00", ST_MALFORMED,
     198, "unexpected end: expected a byte; in function 0"},
    {"simd off", "simd", 0, "00 fd 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 1a 0b",
     ST_UNSUPPORTED, 174, "v128.const needs --feature simd; in function 0"},
    {"relaxed", NULL, 0,
     "00 fd 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 fd 0c 00 00 00 00 00 00 00 00 "
     "00 00 00 00 00 00 00 00 fd 80 02 1a 0b", ST_OK, 0, ""},
    {"relaxed, off", "relaxed-simd", 0,
     "00 fd 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 fd 0c 00 00 00 00 00 00 00 00 "
     "00 00 00 00 00 00 00 00 fd 80 02 1a 0b", ST_UNSUPPORTED, 210,
     "i8x16.relaxed_swizzle needs --feature relaxed-simd; in function 0"},
    /* atomics */
    {"load", NULL, 0, "00 41 00 fe 10 02 00 1a 0b", ST_OK, 0, ""},
    {"load, alignment", NULL, 0, "00 41 00 fe 10 01 00 1a 0b", ST_INVALID, 176,
     "i32.atomic.load expects alignment 2^2, found 2^1: atomic access must be aligned "
     "naturally; in function 0"},
    {"off", "threads", 0, "00 41 00 fe 10 02 00 1a 0b", ST_UNSUPPORTED, 176,
     "i32.atomic.load needs --feature threads; in function 0"},
    {"fence", NULL, 0, "00 fe 03 00 0b", ST_OK, 0, ""},
    {"fence 1", NULL, 0, "00 fe 03 01 0b", ST_MALFORMED, 176,
     "atomic.fence expects a zero byte, found 0x01; in function 0"},
    {"fence, cut", NULL, 0, "00 fe 03", ST_MALFORMED, 176,
     "unexpected end: expected a byte; in function 0"},
    {"wait", NULL, 0, "00 42 00 41 00 42 00 fe 01 42 01 00 1a 0b", ST_OK, 0, ""},
    {"cmpxchg", NULL, 0, "00 41 00 42 00 42 00 fe 49 03 00 1a 0b", ST_OK, 0, ""},
    {"unknown", NULL, 0, "00 fe 0f 0b", ST_MALFORMED, 174,
     "illegal opcode 0xfe 0x0f; in function 0"},
    /* blocks */
    {"block", NULL, 0, "00 02 40 0b 0b", ST_OK, 0, ""},
    {"block with result", NULL, 0, "00 02 7f 41 00 0b 1a 0b", ST_OK, 0, ""},
    {"result missing", NULL, 0, "00 02 7f 0b 1a 0b", ST_INVALID, 176,
     "end expects i32 for result 1, found no value of this block; in function 0"},
    {"result, mismatch", NULL, 0, "00 02 7f 42 00 0b 1a 0b", ST_INVALID, 178,
     "end expects i32 for result 1, found i64; in function 0"},
    {"too many", NULL, 0, "00 02 40 41 00 0b 0b", ST_INVALID, 178,
     "end expects 0 values at the end of the block, found 1; in function 0"},
    {"with parameters", NULL, 0, "00 41 00 02 01 0b 1a 0b", ST_OK, 0, ""},
    {"parameter missing", NULL, 0, "00 02 01 0b 1a 0b", ST_INVALID, 174,
     "block expects i32 for operand 1, found an empty stack; in function 0"},
    {"parameter, mismatch", NULL, 0, "00 42 00 02 01 0b 1a 0b", ST_INVALID, 176,
     "block expects i32 for operand 1, found i64; in function 0"},
    {"two results", NULL, 0, "00 41 00 42 00 02 08 0b 1a 1a 0b", ST_OK, 0, ""},
    {"reference result", NULL, 0, "00 02 70 d0 70 0b 1a 0b", ST_OK, 0, ""},
    {"vector result", NULL, 0,
     "00 02 7b fd 0c 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 0b 1a 0b", ST_OK, 0, ""},
    {"type unknown", NULL, 0, "00 02 20 0b 0b", ST_INVALID, 174,
     "block names unknown type 32; the module has 18; in function 0"},
    {"type not a function", NULL, 0, "00 02 04 0b 0b", ST_INVALID, 174,
     "block expects a function type, found type 4, which is a struct type; in function 0"},
    {"type, off", "multi-value", 0, "00 02 00 0b 0b", ST_UNSUPPORTED, 175,
     "a type index as block type needs --feature multi-value; in function 0"},
    {"result of unknown type", NULL, 0, "00 02 63 20 00 0b 1a 0b", ST_INVALID, 174,
     "block names unknown type 32; the module has 18; in function 0"},
    {"negative type", NULL, 0, "00 02 ff 7f 0b 0b", ST_MALFORMED, 175,
     "malformed block type: expected a type index or one byte; in function 0"},
    {"malformed type", NULL, 0, "00 02 79 0b 0b", ST_MALFORMED, 175,
     "malformed value type: byte 0x79 names none; in function 0"},
    {"cut type", NULL, 0, "00 02", ST_MALFORMED, 175,
     "unexpected end: expected more bytes of an s33; in function 0"},
    {"loop", NULL, 0, "00 41 00 03 01 0b 1a 0b", ST_OK, 0, ""},
    {"loop with result", NULL, 0, "00 03 7f 41 00 0b 1a 0b", ST_OK, 0, ""},
    {"if", NULL, 0, "00 41 00 04 40 05 0b 0b", ST_OK, 0, ""},
    {"if without else", NULL, 0, "00 41 00 04 40 0b 0b", ST_OK, 0, ""},
    {"if without else, result", NULL, 0, "00 41 00 04 7f 41 00 0b 1a 0b", ST_INVALID, 180,
     "end closes an if without else: its type [] to [i32] would need one; in function 0"},
    {"if without else, passes on", NULL, 0, "00 41 00 41 00 04 01 0b 1a 0b", ST_OK, 0, ""},
    {"if, condition", NULL, 0, "00 42 00 04 40 0b 0b", ST_INVALID, 176,
     "if expects i32 for operand 1, found i64; in function 0"},
    {"if, no condition", NULL, 0, "00 04 40 0b 0b", ST_INVALID, 174,
     "if expects i32 for operand 1, found an empty stack; in function 0"},
    {"if with result", NULL, 0, "00 41 00 04 7f 41 00 05 41 00 0b 1a 0b", ST_OK, 0, ""},
    {"else, mismatch", NULL, 0, "00 41 00 04 7f 41 00 05 42 00 0b 1a 0b", ST_INVALID, 183,
     "end expects i32 for result 1, found i64; in function 0"},
    {"then, mismatch", NULL, 0, "00 41 00 04 7f 42 00 05 41 00 0b 1a 0b", ST_INVALID, 180,
     "else expects i32 for result 1, found i64; in function 0"},
    {"else without if", NULL, 0, "00 05 0b", ST_MALFORMED, 174,
     "else is out of place: expected it in an if, once; in function 0"},
    {"else twice", NULL, 0, "00 41 00 04 40 05 05 0b 0b", ST_MALFORMED, 179,
     "else is out of place: expected it in an if, once; in function 0"},
    {"if with parameter", NULL, 0, "00 41 00 41 00 04 01 05 1a 41 00 0b 1a 0b", ST_OK, 0, ""},
    {"if, no operand for the parameter", NULL, 0, "00 41 00 04 01 05 0b 1a 0b", ST_INVALID, 176,
     "if expects i32 for operand 1, found an empty stack; in function 0"},
    {"unreachable else", NULL, 0, "00 41 00 04 7f 00 05 00 0b 1a 0b", ST_OK, 0, ""},
    /* branches */
    {"br", NULL, 0, "00 0c 00 0b", ST_OK, 0, ""},
    {"br out", NULL, 0, "00 02 40 03 40 0c 01 0b 0b 0b", ST_OK, 0, ""},
    {"br, unknown", NULL, 0, "00 0c 01 0b", ST_INVALID, 174,
     "br names unknown label 1; open blocks: 1; in function 0"},
    {"br with value", NULL, 0, "00 02 7f 41 00 0c 00 0b 1a 0b", ST_OK, 0, ""},
    {"br, value missing", NULL, 0, "00 02 7f 0c 00 0b 1a 0b", ST_INVALID, 176,
     "br expects i32 for label value 1, found no value of this block; in function 0"},
    {"br, mismatch", NULL, 0, "00 02 7f 42 00 0c 00 0b 1a 0b", ST_INVALID, 178,
     "br expects i32 for label value 1, found i64; in function 0"},
    {"br to a loop", NULL, 0, "00 41 00 03 01 0c 00 0b 1a 0b", ST_OK, 0, ""},
    {"br to a loop with result", NULL, 0, "00 03 7f 0c 00 0b 1a 0b", ST_OK, 0, ""},
    {"br to the function", NULL, 2, "00 41 00 0c 00 0b", ST_OK, 0, ""},
    {"br_if", NULL, 0, "00 41 00 0d 00 0b", ST_OK, 0, ""},
    {"br_if with value", NULL, 0, "00 02 7f 41 00 41 00 0d 00 0b 1a 0b", ST_OK, 0, ""},
    {"br_if, condition", NULL, 0, "00 42 00 0d 00 0b", ST_INVALID, 176,
     "br_if expects i32 for operand 1, found i64; in function 0"},
    {"br_if, no condition", NULL, 0, "00 0d 00 0b", ST_INVALID, 174,
     "br_if expects i32 for operand 1, found an empty stack; in function 0"},
    {"br_if, value", NULL, 0, "00 02 7f 42 00 41 00 0d 00 0b 1a 0b", ST_INVALID, 180,
     "br_if expects i32 for label value 1, found i64; in function 0"},
    {"br_if, unknown", NULL, 0, "00 41 00 0d 01 0b", ST_INVALID, 176,
     "br_if names unknown label 1; open blocks: 1; in function 0"},
    {"br_if, two values", NULL, 8, "00 41 00 42 00 41 00 0d 00 0b", ST_OK, 0, ""},
    {"br_if below unreachable", NULL, 8, "00 00 0d 00 0b", ST_OK, 0, ""},
    {"br_if widens", NULL, 0, "00 02 70 d2 01 41 00 0d 00 0b 1a 0b", ST_OK, 0, ""},
    {"br, cut index", NULL, 0, "00 0c 80", ST_MALFORMED, 176,
     "unexpected end: expected more bytes of a u32; in function 0"},
    {"br_table", NULL, 0, "00 02 40 41 00 0e 01 00 01 0b 0b", ST_OK, 0, ""},
    {"br_table, unknown", NULL, 0, "00 41 00 0e 00 01 0b", ST_INVALID, 176,
     "br_table names unknown label 1; open blocks: 1; in function 0"},
    {"br_table, arity", NULL, 0, "00 02 7f 41 00 41 00 0e 01 00 01 0b 1a 0b", ST_INVALID, 180,
     "br_table expects labels of one arity, found 1 and 0 values; in function 0"},
    {"br_table, mismatch", NULL, 0, "00 02 7f 42 00 41 00 0e 00 00 0b 1a 0b", ST_INVALID, 180,
     "br_table expects i32 for label value 1, found i64; in function 0"},
    {"br_table, operand", NULL, 0, "00 42 00 0e 00 00 0b", ST_INVALID, 176,
     "br_table expects i32 for operand 1, found i64; in function 0"},
    {"br_table, repeated", NULL, 0, "00 41 00 0e 04 00 00 00 00 00 0b", ST_OK, 0, ""},
    {"br_table, too many claimed", NULL, 0, "00 41 00 0e ff ff ff ff 0f 00 0b", ST_MALFORMED, 177,
     "unexpected end: 4294967295 br_table targets claimed, of 1 or more bytes each; 2 remain; "
     "in function 0"},
    {"br_table, cut", NULL, 0, "00 41 00 0e 01 00", ST_MALFORMED, 179,
     "unexpected end: expected more bytes of a u32; in function 0"},
    {"br_table below unreachable", NULL, 0, "00 02 7f 00 0e 01 00 00 0b 1a 0b", ST_OK, 0, ""},
    {"br_table, types differ below unreachable", NULL, 0,
     "00 02 7f 02 7e 00 0e 01 00 01 0b 1a 41 00 0b 1a 0b", ST_OK, 0, ""},
    {"return", NULL, 2, "00 41 00 0f 0b", ST_OK, 0, ""},
    {"return, missing", NULL, 2, "00 0f 0b", ST_INVALID, 174,
     "return expects i32 for result 1, found an empty stack; in function 0"},
    {"return, more below", NULL, 2, "00 42 00 41 00 0f 0b", ST_OK, 0, ""},
    {"unreachable", NULL, 2, "00 00 0b", ST_OK, 0, ""},
    /* calls */
    {"call", NULL, 0, "00 41 00 44 00 00 00 00 00 00 00 00 10 02 1a 0b", ST_OK, 0, ""},
    {"call, mismatch", NULL, 0, "00 41 00 41 00 10 02 1a 0b", ST_INVALID, 178,
     "call expects f64 for operand 2, found i32; in function 0"},
    {"call, first mismatch", NULL, 0, "00 42 00 44 00 00 00 00 00 00 00 00 10 02 1a 0b",
     ST_INVALID, 185, "call expects i32 for operand 1, found i64; in function 0"},
    {"call, missing", NULL, 0, "00 44 00 00 00 00 00 00 00 00 10 02 1a 0b", ST_INVALID, 183,
     "call expects i32 for operand 1, found an empty stack; in function 0"},
    {"call, unknown", NULL, 0, "00 10 04 0b", ST_INVALID, 174,
     "call names unknown function 4; the module has 4; in function 0"},
    {"call, long index", NULL, 0, "00 10 83 80 00 0b", ST_OK, 0, ""},
    {"indirect", NULL, 0, "00 41 00 44 00 00 00 00 00 00 00 00 41 00 11 03 00 1a 0b", ST_OK, 0,
     ""},
    {"indirect, operand", NULL, 0, "00 41 00 44 00 00 00 00 00 00 00 00 42 00 11 03 00 1a 0b",
     ST_INVALID, 187, "call_indirect expects i32 for operand 3, found i64; in function 0"},
    {"indirect, 64-bit table of externref", NULL, 0, "00 42 00 11 00 01 0b", ST_INVALID, 176,
     "call_indirect expects a table of functions, found a type mismatch with table 1; in "
     "function 0"},
    {"indirect, typed table", NULL, 0, "00 41 00 11 00 02 0b", ST_OK, 0, ""},
    {"indirect, unknown table", NULL, 0, "00 41 00 11 00 03 0b", ST_INVALID, 176,
     "call_indirect names unknown table 3; the module has 3; in function 0"},
    {"indirect, unknown type", NULL, 0, "00 41 00 11 20 00 0b", ST_INVALID, 176,
     "call_indirect names unknown type 32; the module has 18; in function 0"},
    {"indirect, struct type", NULL, 0, "00 41 00 11 04 00 0b", ST_INVALID, 176,
     "call_indirect expects a function type, found type 4, which is a struct type; in function 0"},
    {"indirect, arguments", NULL, 0, "00 41 00 41 00 41 00 11 03 00 1a 0b", ST_INVALID, 180,
     "call_indirect expects f64 for operand 2, found i32; in function 0"},
    {"indirect, two results", NULL, 8, "00 41 00 42 00 41 00 11 08 00 0b", ST_OK, 0, ""},
    {"call_ref", NULL, 0, "00 41 00 44 00 00 00 00 00 00 00 00 d0 03 14 03 1a 0b", ST_OK, 0, ""},
    {"call_ref, mismatch", NULL, 0, "00 d0 01 14 00 0b", ST_INVALID, 176,
     "call_ref expects (ref null 0) for operand 1, found (ref null 1); in function 0"},
    {"call_ref, unknown", NULL, 0, "00 00 14 20 0b", ST_INVALID, 175,
     "call_ref names unknown type 32; the module has 18; in function 0"},
    {"call_ref, off", "function-references", 0, "00 00 14 00 0b", ST_UNSUPPORTED, 175,
     "call_ref needs --feature function-references; in function 0"},
    {"tail call", NULL, 2, "00 41 00 12 01 0b", ST_OK, 0, ""},
    {"tail call, result", NULL, 0, "00 41 00 12 01 0b", ST_INVALID, 176,
     "return_call expects a callee that returns [], found [i32]; in function 0"},
    {"tail call, off", "tail-call", 2, "00 41 00 12 01 0b", ST_UNSUPPORTED, 176,
     "return_call needs --feature tail-call; in function 0"},
    {"tail call indirect", NULL, 0, "00 41 00 13 00 00 0b", ST_OK, 0, ""},
    {"tail call ref", NULL, 0, "00 d0 00 15 00 0b", ST_OK, 0, ""},
    {"tail call, argument", NULL, 2, "00 12 01 0b", ST_INVALID, 174,
     "return_call expects i32 for operand 1, found an empty stack; in function 0"},
    /* references */
    {"null", NULL, 0, "00 d0 6e 1a 0b", ST_OK, 0, ""},
    {"null of unknown type", NULL, 0, "00 d0 20 1a 0b", ST_INVALID, 174,
     "ref.null names unknown type 32; the module has 18; in function 0"},
    {"null, malformed", NULL, 0, "00 d0 7f 1a 0b", ST_MALFORMED, 175,
     "malformed heap type: byte 0x7f names none; in function 0"},
    {"is_null", NULL, 0, "00 d0 6e d1 1a 0b", ST_OK, 0, ""},
    {"is_null of a number", NULL, 0, "00 41 00 d1 1a 0b", ST_INVALID, 176,
     "ref.is_null expects a reference for operand 1, found i32; in function 0"},
    {"is_null of nothing", NULL, 0, "00 d1 1a 0b", ST_INVALID, 174,
     "ref.is_null expects operand 1, found an empty stack; in function 0"},
    {"is_null below unreachable", NULL, 0, "00 00 d1 1a 0b", ST_OK, 0, ""},
    {"func", NULL, 0, "00 d2 01 1a 0b", ST_OK, 0, ""},
    {"func, undeclared", NULL, 0, "00 d2 03 1a 0b", ST_INVALID, 174,
     "ref.func names function 3: undeclared function reference; expected it in an element "
     "segment, global or export; in function 0"},
    {"func, unknown", NULL, 0, "00 d2 04 1a 0b", ST_INVALID, 174,
     "ref.func names unknown function 4; the module has 4; in function 0"},
    {"func result", NULL, 11, "00 d2 01 0b", ST_OK, 0, ""},
    {"eq", NULL, 0, "00 d0 6d d0 6c d3 1a 0b", ST_OK, 0, ""},
    {"eq, any", NULL, 0, "00 d0 6e d0 6d d3 1a 0b", ST_INVALID, 178,
     "ref.eq expects eqref for operand 1, found anyref; in function 0"},
    {"as_non_null", NULL, 9, "00 d0 00 d4 0b", ST_OK, 0, ""},
    {"as_non_null of a number", NULL, 0, "00 41 00 d4 1a 0b", ST_INVALID, 176,
     "ref.as_non_null expects a reference for operand 1, found i32; in function 0"},
    {"as_non_null below unreachable", NULL, 9, "00 00 d4 0b", ST_OK, 0, ""},
    {"a null is not (ref 0)", NULL, 9, "00 d0 00 0b", ST_INVALID, 176,
     "end expects (ref 0) for result 1, found (ref null 0); in function 0"},
    {"i31", NULL, 0, "00 41 00 fb 1c fb 1d 1a 0b", ST_OK, 0, ""},
    {"i31 of i64", NULL, 0, "00 42 00 fb 1c 1a 0b", ST_INVALID, 176,
     "ref.i31 expects i32 for operand 1, found i64; in function 0"},
    {"i31.get of a struct", NULL, 0, "00 d0 04 fb 1e 1a 0b", ST_INVALID, 176,
     "i31.get_u expects i31ref for operand 1, found (ref null 4); in function 0"},
    {"convert", NULL, 0, "00 d0 6f fb 1a fb 1b 1a 0b", ST_OK, 0, ""},
    {"convert, wrong side", NULL, 0, "00 d0 6f fb 1b 1a 0b", ST_INVALID, 176,
     "extern.convert_any expects anyref for operand 1, found externref; in function 0"},
    {"convert a number", NULL, 0, "00 41 00 fb 1a 1a 0b", ST_INVALID, 176,
     "any.convert_extern expects a reference for operand 1, found i32; in function 0"},
    {"convert below unreachable", NULL, 0, "00 00 fb 1a 1a 0b", ST_OK, 0, ""},
    {"test", NULL, 0, "00 d0 6e fb 14 04 1a 0b", ST_OK, 0, ""},
    {"test across", NULL, 0, "00 d0 70 fb 15 04 1a 0b", ST_INVALID, 176,
     "ref.test expects anyref for operand 1, found funcref; in function 0"},
    {"cast", NULL, 9, "00 d0 70 fb 16 00 0b", ST_OK, 0, ""},
    {"cast, null", NULL, 9, "00 d0 70 fb 17 00 0b", ST_INVALID, 179,
     "end expects (ref 0) for result 1, found (ref null 0); in function 0"},
    {"cast, unknown", NULL, 9, "00 d0 70 fb 16 20 0b", ST_INVALID, 176,
     "ref.cast names unknown type 32; the module has 18; in function 0"},
    {"cast exn", NULL, 0, "00 d0 69 fb 17 74 1a 0b", ST_OK, 0, ""},
    {"cast extern", NULL, 0, "00 d0 6f fb 16 72 1a 0b", ST_OK, 0, ""},
    {"gc off", "gc", 0, "00 41 00 fb 1c 1a 0b", ST_UNSUPPORTED, 176,
     "ref.i31 needs --feature gc; in function 0"},
    /* branches on references */
    {"on null", NULL, 0, "00 d0 00 d5 00 1a 0b", ST_OK, 0, ""},
    {"on null, rest is not null", NULL, 9, "00 20 00 d5 00 0f 0b", ST_INVALID, 176,
     "br_on_null expects (ref 0) for label value 1, found an empty stack; in function 0"},
    {"on null, number", NULL, 0, "00 41 00 d5 00 1a 0b", ST_INVALID, 176,
     "br_on_null expects a reference for operand 1, found i32; in function 0"},
    {"on null, value", NULL, 2, "00 d0 00 d5 00 1a 00 0b", ST_INVALID, 176,
     "br_on_null expects i32 for label value 1, found an empty stack; in function 0"},
    {"on null, unknown", NULL, 0, "00 d0 00 d5 01 1a 0b", ST_INVALID, 176,
     "br_on_null names unknown label 1; open blocks: 1; in function 0"},
    {"on null below unreachable", NULL, 9, "00 00 d5 00 0b", ST_INVALID, 177,
     "end expects 1 values at the end of the block, found 2; in function 0"},
    {"on non-null", NULL, 0, "00 02 64 00 d0 00 d6 00 00 0b 1a 0b", ST_OK, 0, ""},
    {"on non-null, label without reference", NULL, 0, "00 02 7f d0 00 d6 00 00 0b 1a 0b",
     ST_INVALID, 178,
     "br_on_non_null expects a label whose last value is a reference, found a type mismatch "
     "with label 0; in function 0"},
    {"on non-null, label without value", NULL, 0, "00 d0 00 d6 00 0b", ST_INVALID, 176,
     "br_on_non_null expects a label whose last value is a reference, found a type mismatch "
     "with label 0; in function 0"},
    {"on non-null, mismatch", NULL, 0, "00 02 64 01 d0 00 d6 00 00 0b 1a 0b", ST_INVALID, 179,
     "br_on_non_null expects (ref 1) for the value of the label, found (ref 0); in function 0"},
    {"on non-null, number", NULL, 0, "00 02 64 00 41 00 d6 00 00 0b 1a 0b", ST_INVALID, 179,
     "br_on_non_null expects a reference for operand 1, found i32; in function 0"},
    {"on non-null, unknown", NULL, 0, "00 d0 00 d6 01 0b", ST_INVALID, 176,
     "br_on_non_null names unknown label 1; open blocks: 1; in function 0"},
    {"on non-null below unreachable", NULL, 0, "00 02 64 00 00 d6 00 00 0b 1a 0b", ST_OK, 0, ""},
    {"on cast", NULL, 0, "00 02 64 0d d0 0c fb 18 01 00 0c 0d 00 0b 1a 0b", ST_OK, 0, ""},
    {"on cast, wider", NULL, 0, "00 02 63 0c d0 0c fb 18 03 00 0c 6e 00 0b 1a 0b", ST_INVALID, 179,
     "br_on_cast expects (ref null 12) for the type cast to, found anyref; in function 0"},
    {"on cast, label", NULL, 0, "00 02 64 0d d0 0c fb 18 03 00 0c 0d 00 0b 1a 0b", ST_INVALID, 179,
     "br_on_cast expects (ref 13) for the value of the label, found (ref null 13); in function 0"},
    {"on cast, operand", NULL, 0, "00 02 63 0d d0 6e fb 18 03 00 0c 0d 00 0b 1a 0b", ST_INVALID,
     179, "br_on_cast expects (ref null 12) for operand 1, found anyref; in function 0"},
    {"on cast, flags", NULL, 0, "00 02 63 0d d0 0c fb 18 04 00 0c 0d 00 0b 1a 0b", ST_MALFORMED,
     181, "malformed br_on_cast flags: expected less than 4, found 0x04; in function 0"},
    {"on cast, unknown source", NULL, 0, "00 02 63 0d 00 fb 18 03 00 20 0d 00 0b 1a 0b",
     ST_INVALID, 178, "br_on_cast names unknown type 32; the module has 18; in function 0"},
    {"on cast, unknown target", NULL, 0, "00 02 63 0d 00 fb 18 03 00 0c 20 00 0b 1a 0b",
     ST_INVALID, 178, "br_on_cast names unknown type 32; the module has 18; in function 0"},
    {"on cast, label without value", NULL, 0, "00 d0 0c fb 18 03 00 0c 0d 1a 0b", ST_INVALID, 176,
     "br_on_cast expects a label whose last value is a reference, found a type mismatch with "
     "label 0; in function 0"},
    {"on cast fail", NULL, 0, "00 02 63 0c d0 0c fb 19 01 00 0c 0d 00 0b 1a 0b", ST_OK, 0, ""},
    {"on cast fail, null target", NULL, 0, "00 02 64 0c d0 0c fb 19 03 00 0c 0d 00 0b 1a 0b",
     ST_OK, 0, ""},
    {"on cast fail, label", NULL, 0, "00 02 64 0c d0 0c fb 19 01 00 0c 0d 00 0b 1a 0b", ST_INVALID,
     179,
     "br_on_cast_fail expects (ref 12) for the value of the label, found (ref null 12); in "
     "function 0"},
    {"on cast, cut", NULL, 0, "00 fb 18", ST_MALFORMED, 176,
     "unexpected end: expected a byte; in function 0"},
    {"on cast, cut label", NULL, 0, "00 fb 18 00", ST_MALFORMED, 177,
     "unexpected end: expected more bytes of a u32; in function 0"},
    {"on cast, cut type", NULL, 0, "00 fb 18 00 00", ST_MALFORMED, 178,
     "unexpected end: expected more bytes of an s33; in function 0"},
    {"on cast, cut second type", NULL, 0, "00 fb 18 00 00 0c", ST_MALFORMED, 179,
     "unexpected end: expected more bytes of an s33; in function 0"},
    /* structs */
    {"new", NULL, 0, "00 41 00 41 00 d0 00 fb 00 04 1a 0b", ST_OK, 0, ""},
    {"new, mismatch", NULL, 0, "00 41 00 42 00 d0 00 fb 00 04 1a 0b", ST_INVALID, 180,
     "struct.new expects i32 for operand 2, found i64; in function 0"},
    {"new, missing", NULL, 0, "00 d0 00 fb 00 04 1a 0b", ST_INVALID, 176,
     "struct.new expects i32 for operand 2, found an empty stack; in function 0"},
    {"new, array type", NULL, 0, "00 00 fb 00 05 1a 0b", ST_INVALID, 175,
     "struct.new expects a struct type, found type 5, which is an array type; in function 0"},
    {"new, unknown", NULL, 0, "00 00 fb 00 20 1a 0b", ST_INVALID, 175,
     "struct.new names unknown type 32; the module has 18; in function 0"},
    {"default", NULL, 0, "00 fb 01 04 1a 0b", ST_OK, 0, ""},
    {"default, no default", NULL, 0, "00 fb 01 0a 1a 0b", ST_INVALID, 174,
     "struct.new_default expects types with a default value, found (ref func) in field 0; in "
     "function 0"},
    {"get", NULL, 0, "00 d0 04 fb 02 04 00 1a 0b", ST_OK, 0, ""},
    {"get, packed", NULL, 0, "00 d0 04 fb 02 04 01 1a 0b", ST_INVALID, 176,
     "struct.get reads a packed field, which needs the form with _s or _u; in function 0"},
    {"get_s", NULL, 0, "00 d0 04 fb 03 04 01 1a 0b", ST_OK, 0, ""},
    {"get_u, not packed", NULL, 0, "00 d0 04 fb 04 04 00 1a 0b", ST_INVALID, 176,
     "struct.get_u expects a packed field, found i32; in function 0"},
    {"get, unknown field", NULL, 0, "00 d0 04 fb 02 04 03 1a 0b", ST_INVALID, 176,
     "struct.get names unknown field 3; type 4 has 3; in function 0"},
    {"get, other struct", NULL, 0, "00 d0 0a fb 02 04 00 1a 0b", ST_INVALID, 176,
     "struct.get expects (ref null 4) for operand 1, found (ref null 10); in function 0"},
    {"get, subtype", NULL, 0, "00 d0 0d fb 02 0c 00 1a 0b", ST_OK, 0, ""},
    {"set", NULL, 0, "00 d0 04 41 00 fb 05 04 00 0b", ST_OK, 0, ""},
    {"set, immutable", NULL, 0, "00 d0 04 41 00 fb 05 04 01 0b", ST_INVALID, 178,
     "struct.set writes an immutable field; in function 0"},
    {"set, value", NULL, 0, "00 d0 04 42 00 fb 05 04 00 0b", ST_INVALID, 178,
     "struct.set expects i32 for operand 2, found i64; in function 0"},
    {"cut field", NULL, 0, "00 fb 02 04", ST_MALFORMED, 177,
     "unexpected end: expected more bytes of a u32; in function 0"},
    /* arrays */
    {"new", NULL, 0, "00 41 00 41 00 fb 06 05 1a 0b", ST_OK, 0, ""},
    {"new, value", NULL, 0, "00 42 00 41 00 fb 06 05 1a 0b", ST_INVALID, 178,
     "array.new expects i32 for operand 1, found i64; in function 0"},
    {"new, struct type", NULL, 0, "00 00 fb 06 04 1a 0b", ST_INVALID, 175,
     "array.new expects an array type, found type 4, which is a struct type; in function 0"},
    {"default", NULL, 0, "00 41 00 fb 07 05 1a 0b", ST_OK, 0, ""},
    {"default, no default", NULL, 0, "00 41 00 fb 07 0e 1a 0b", ST_INVALID, 176,
     "array.new_default expects types with a default value, found (ref func) in field 0; in "
     "function 0"},
    {"fixed", NULL, 0, "00 41 00 41 00 fb 08 05 02 1a 0b", ST_OK, 0, ""},
    {"fixed, mismatch", NULL, 0, "00 42 00 41 00 fb 08 05 02 1a 0b", ST_INVALID, 178,
     "array.new_fixed expects i32 for operand 1, found i64; in function 0"},
    {"fixed, missing", NULL, 0, "00 41 00 fb 08 05 02 1a 0b", ST_INVALID, 176,
     "array.new_fixed expects i32 for operand 1, found an empty stack; in function 0"},
    {"fixed, too many", NULL, 0, "00 00 fb 08 05 91 4e 1a 0b", ST_LIMIT, 175,
     "10001 operands of array.new_fixed; at most 10000 are allowed; in function 0"},
    {"fixed below unreachable", NULL, 0, "00 00 41 00 fb 08 05 90 4e 1a 0b", ST_OK, 0, ""},
    {"data", NULL, 0, "00 41 00 41 00 fb 09 06 00 1a 0b", ST_OK, 0, ""},
    {"data, references", NULL, 0, "00 41 00 41 00 fb 09 07 00 1a 0b", ST_INVALID, 178,
     "array.new_data expects an array type of numbers or vectors, found references in type 7; "
     "in function 0"},
    {"data, unknown", NULL, 0, "00 41 00 41 00 fb 09 06 01 1a 0b", ST_INVALID, 178,
     "array.new_data names unknown data segment 1; the module has 1; in function 0"},
    {"elem", NULL, 0, "00 41 00 41 00 fb 0a 07 00 1a 0b", ST_OK, 0, ""},
    {"elem, mismatch", NULL, 0, "00 41 00 41 00 fb 0a 07 01 1a 0b", ST_INVALID, 178,
     "array.new_elem expects a segment that matches the array, found a type mismatch with "
     "element segment 1; in function 0"},
    {"elem, unknown", NULL, 0, "00 41 00 41 00 fb 0a 07 02 1a 0b", ST_INVALID, 178,
     "array.new_elem names unknown element segment 2; the module has 2; in function 0"},
    {"get", NULL, 0, "00 d0 05 41 00 fb 0b 05 1a 0b", ST_OK, 0, ""},
    {"get, packed", NULL, 0, "00 d0 06 41 00 fb 0b 06 1a 0b", ST_INVALID, 178,
     "array.get reads a packed field, which needs the form with _s or _u; in function 0"},
    {"get_u", NULL, 0, "00 d0 06 41 00 fb 0d 06 1a 0b", ST_OK, 0, ""},
    {"get_s, not packed", NULL, 0, "00 d0 05 41 00 fb 0c 05 1a 0b", ST_INVALID, 178,
     "array.get_s expects a packed field, found i32; in function 0"},
    {"get, index", NULL, 0, "00 d0 05 42 00 fb 0b 05 1a 0b", ST_INVALID, 178,
     "array.get expects i32 for operand 2, found i64; in function 0"},
    {"set", NULL, 0, "00 d0 05 41 00 41 00 fb 0e 05 0b", ST_OK, 0, ""},
    {"set, immutable", NULL, 0, "00 d0 06 41 00 41 00 fb 0e 06 0b", ST_INVALID, 180,
     "array.set writes an immutable array; in function 0"},
    {"len", NULL, 0, "00 d0 05 fb 0f 1a 0b", ST_OK, 0, ""},
    {"len of a struct", NULL, 0, "00 d0 04 fb 0f 1a 0b", ST_INVALID, 176,
     "array.len expects arrayref for operand 1, found (ref null 4); in function 0"},
    {"fill", NULL, 0, "00 d0 05 41 00 41 00 41 00 fb 10 05 0b", ST_OK, 0, ""},
    {"fill, immutable", NULL, 0, "00 d0 06 41 00 41 00 41 00 fb 10 06 0b", ST_INVALID, 182,
     "array.fill writes an immutable array; in function 0"},
    {"copy", NULL, 0, "00 d0 10 41 00 d0 06 41 00 41 00 fb 11 10 06 0b", ST_OK, 0, ""},
    {"copy, immutable", NULL, 0, "00 d0 06 41 00 d0 06 41 00 41 00 fb 11 06 06 0b", ST_INVALID,
     184, "array.copy writes an immutable array; in function 0"},
    {"copy, types", NULL, 0, "00 d0 05 41 00 d0 06 41 00 41 00 fb 11 05 06 0b", ST_INVALID, 184,
     "array.copy expects matching arrays; array types do not match: type 5 and type 6; in "
     "function 0"},
    {"copy, source is a struct", NULL, 0, "00 00 fb 11 05 04 0b", ST_INVALID, 175,
     "array.copy expects an array type, found type 4, which is a struct type; in function 0"},
    {"init_data", NULL, 0, "00 d0 05 41 00 41 00 41 00 fb 12 05 00 0b", ST_OK, 0, ""},
    {"init_data, immutable", NULL, 0, "00 d0 06 41 00 41 00 41 00 fb 12 06 00 0b", ST_INVALID, 182,
     "array.init_data writes an immutable array; in function 0"},
    {"init_elem", NULL, 0, "00 d0 07 41 00 41 00 41 00 fb 13 07 00 0b", ST_OK, 0, ""},
    {"init_elem, mismatch", NULL, 0, "00 d0 07 41 00 41 00 41 00 fb 13 07 01 0b", ST_INVALID, 182,
     "array.init_elem expects a segment that matches the array, found a type mismatch with "
     "element segment 1; in function 0"},
    /* exceptions */
    {"throw", NULL, 0, "00 41 00 08 00 0b", ST_OK, 0, ""},
    {"throw, value", NULL, 0, "00 42 00 08 00 0b", ST_INVALID, 176,
     "throw expects i32 for operand 1, found i64; in function 0"},
    {"throw, unknown", NULL, 0, "00 08 02 0b", ST_INVALID, 174,
     "throw names unknown tag 2; the module has 2; in function 0"},
    {"throw, off", "exceptions", 0, "00 08 01 0b", ST_UNSUPPORTED, 174,
     "throw needs --feature exceptions; in function 0"},
    {"throw_ref", NULL, 0, "00 d0 69 0a 0b", ST_OK, 0, ""},
    {"throw_ref, any", NULL, 0, "00 d0 6e 0a 0b", ST_INVALID, 176,
     "throw_ref expects exnref for operand 1, found anyref; in function 0"},
    {"try_table", NULL, 0, "00 02 7f 1f 40 01 00 00 00 0b 00 0b 1a 0b", ST_OK, 0, ""},
    {"catch_ref", NULL, 0, "00 02 69 1f 40 01 01 01 00 0b 00 0b 1a 0b", ST_OK, 0, ""},
    {"catch_ref, label without value", NULL, 0, "00 02 40 1f 40 01 01 01 00 0b 00 0b 0b",
     ST_INVALID, 176,
     "try_table has a catch clause that hands [] and (ref exn) to label 0, which expects []; "
     "in function 0"},
    {"catch_all", NULL, 0, "00 1f 40 01 02 00 0b 0b", ST_OK, 0, ""},
    {"catch_all_ref", NULL, 0, "00 02 64 69 1f 40 01 03 00 0b 00 0b 1a 0b", ST_OK, 0, ""},
    {"catch, mismatch", NULL, 0, "00 02 7e 1f 40 01 00 00 00 0b 00 0b 1a 0b", ST_INVALID, 176,
     "try_table has a catch clause that hands [i32] to label 0, which expects [i64]; in "
     "function 0"},
    {"catch_ref, mismatch", NULL, 0, "00 02 6f 1f 40 01 01 01 00 0b 00 0b 1a 0b", ST_INVALID, 176,
     "try_table has a catch clause that hands [] and (ref exn) to label 0, which expects "
     "[externref]; in function 0"},
    {"catch, unknown tag", NULL, 0, "00 1f 40 01 00 02 00 0b 0b", ST_INVALID, 174,
     "try_table names unknown tag 2; the module has 2; in function 0"},
    {"catch, unknown label", NULL, 0, "00 1f 40 01 02 01 0b 0b", ST_INVALID, 174,
     "try_table names unknown label 1; open blocks: 1; in function 0"},
    {"clause kind 4", NULL, 0, "00 1f 40 01 04 00 0b 0b", ST_MALFORMED, 177,
     "malformed catch clause: expected a kind up to 3, found 0x04; in function 0"},
    {"cut clause", NULL, 0, "00 1f 40 01", ST_MALFORMED, 176,
     "unexpected end: 1 list items claimed, of 1 or more bytes each; 0 remain; in function 0"},
    {"try_table with result", NULL, 0, "00 1f 7f 00 41 00 0b 1a 0b", ST_OK, 0, ""},
    {"try_table, off", "exceptions", 0, "00 1f 40 00 0b 0b", ST_UNSUPPORTED, 174,
     "try_table needs --feature exceptions; in function 0"},
    /* legacy exceptions */
    {"try", NULL, 0, "00 06 40 07 00 1a 19 0b 0b", ST_OK, 0, ""},
    {"try without catch", NULL, 0, "00 06 40 0b 0b", ST_OK, 0, ""},
    {"off", "legacy-exceptions", 0, "00 06 40 0b 0b", ST_UNSUPPORTED, 174,
     "try needs --feature legacy-exceptions; in function 0"},
    {"catch without try", NULL, 0, "00 07 00 0b", ST_MALFORMED, 174,
     "catch is out of place: expected it in a try, before its catch_all; in function 0"},
    {"catch after catch_all", NULL, 0, "00 06 40 19 07 00 0b 0b", ST_MALFORMED, 177,
     "catch is out of place: expected it in a try, before its catch_all; in function 0"},
    {"catch_all without try", NULL, 0, "00 02 40 19 0b 0b", ST_MALFORMED, 176,
     "catch_all is out of place: expected it in a try, before its catch_all; in function 0"},
    {"catch, unknown tag", NULL, 0, "00 06 40 07 02 0b 0b", ST_INVALID, 176,
     "catch names unknown tag 2; the module has 2; in function 0"},
    {"catch, value left", NULL, 0, "00 06 40 07 00 0b 0b", ST_INVALID, 178,
     "end expects 0 values at the end of the block, found 1; in function 0"},
    {"body value missing", NULL, 0, "00 06 7f 19 41 00 0b 1a 0b", ST_INVALID, 176,
     "catch_all expects i32 for result 1, found no value of this block; in function 0"},
    {"delegate", NULL, 0, "00 06 40 18 00 0b", ST_OK, 0, ""},
    {"delegate out", NULL, 0, "00 02 40 06 40 18 01 0b 0b", ST_OK, 0, ""},
    {"delegate, unknown", NULL, 0, "00 06 40 18 01 0b", ST_INVALID, 176,
     "delegate names unknown label 1; open blocks: 1; in function 0"},
    {"delegate without try", NULL, 0, "00 02 40 18 00 0b", ST_MALFORMED, 176,
     "delegate is out of place: expected it at the end of a try without catch; in function 0"},
    {"delegate, result", NULL, 0, "00 06 7f 41 00 18 00 1a 0b", ST_OK, 0, ""},
    {"delegate, missing result", NULL, 0, "00 06 7f 18 00 1a 0b", ST_INVALID, 176,
     "delegate expects i32 for result 1, found no value of this block; in function 0"},
    {"rethrow", NULL, 0, "00 06 40 19 09 00 0b 0b", ST_OK, 0, ""},
    {"rethrow in try", NULL, 0, "00 06 40 09 00 19 0b 0b", ST_INVALID, 176,
     "rethrow has invalid rethrow label 0: expected that of a catch; in function 0"},
    {"rethrow, unknown", NULL, 0, "00 09 01 0b", ST_INVALID, 174,
     "rethrow names unknown label 1; open blocks: 1; in function 0"},
};
/* clang-format on */

/* Up to the type of function 0; then up to the code section; the other bodies; the data. */
static const char world_types[] =
    "H 01 5b 12 60 00 00 60 01 7f 01 7f 60 00 01 7f 60 02 7f 7c 01 7e 5f 03 7f 01 78 00 "
    "63 00 01 5e 7f 01 5e 78 00 5e 70 01 60 02 7f 7e 02 7f 7e 60 01 64 00 01 64 00 5f 01 "
    "64 70 00 60 00 01 70 50 00 5f 01 7f 00 50 01 0c 5f 02 7f 00 7f 00 5e 64 70 01 60 01 "
    "7f 00 5e 78 01 60 01 64 0c 00 "
    "03 05 04 ";
static const char world_middle[] = "01 03 00 "
                                   "04 0b 03 70 00 01 6f 04 01 63 00 00 00 "
                                   "05 05 02 00 01 04 01 "
                                   "0d 05 02 00 0f 00 00 "
                                   "06 10 03 7f 01 41 00 0b 7e 00 42 00 0b 70 01 d0 70 0b "
                                   "09 0b 02 01 00 01 01 05 6f 01 d0 6f 0b "
                                   "0c 01 01 ";
/* The world around a body. Returns its size. */
static size_t make_world(uint8_t *out, uint32_t type, const uint8_t *body, size_t body_size)
{
    static const char others[] = "04 00 20 00 0b 04 00 42 00 0b 02 00 0b";
    uint8_t code[8], small[64];
    size_t others_size = hex_append(small, 0, others);
    size_t head = append_u32(code, 0, (uint32_t)body_size);
    size_t size = hex_append(out, 0, world_types);

    out[size++] = (uint8_t)type;
    size = hex_append(out, size, world_middle);
    out[size++] = WM_SECTION_CODE;
    size = append_u32(out, size, (uint32_t)(1 + head + body_size + others_size));
    out[size++] = 4;
    memcpy(out + size, code, head);
    size += head;
    memcpy(out + size, body, body_size);
    size += body_size;
    memcpy(out + size, small, others_size);
    return hex_append(out, size + others_size, "0b 04 01 01 01 aa");
}

static void test_rows(void)
{
    static uint8_t module[MODULE_BYTES_MAX];

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        uint8_t body[1024];
        size_t body_size = hex_append(body, 0, rows[i].body);
        size_t size = make_world(module, rows[i].type, body, body_size);
        expect_judgement(rows[i].name, module, size, rows[i].off, rows[i].status, rows[i].offset,
                         rows[i].text);
    }
}

/* ---- depth and size ---- */

/* A body of count times open, then count times close, then the final end. */
static size_t nested_body(uint8_t *body, const char *open, const char *close, uint32_t count)
{
    size_t size = hex_append(body, 0, "00");

    for (uint32_t i = 0; i < count; i++)
        size = hex_append(body, size, open);
    for (uint32_t i = 0; i < count; i++)
        size = hex_append(body, size, close);
    return hex_append(body, size, "0b");
}

/* The sizes of this body and its section take four bytes more than those of the rows. */
static void test_nesting(void)
{
    static uint8_t body[MODULE_BYTES_MAX], module[MODULE_BYTES_MAX];
    size_t size = nested_body(body, "02 40", "0b", WM_MAX_NESTING);

    size = make_world(module, 0, body, size);
    expect_judgement("as deep as may be", module, size, NULL, ST_OK, 0, "");
    size = nested_body(body, "02 40", "0b", WM_MAX_NESTING + 1);
    size = make_world(module, 0, body, size);
    expect_judgement("one block deeper", module, size, NULL, ST_LIMIT,
                     BODY_OFFSET + 4 + 1 + 2 * (uint64_t)WM_MAX_NESTING,
                     "more than 100000 nested blocks of a function; in function 0");
}

/* 50,000 values on the stack, and a label of every block in one br_table. */
static void test_wide_bodies(void)
{
    static uint8_t body[MODULE_BYTES_MAX], module[MODULE_BYTES_MAX];
    size_t size = nested_body(body, "41 00", "1a", 50000);

    size = make_world(module, 0, body, size);
    expect_judgement("50,000 operands", module, size, NULL, ST_OK, 0, "");
    size = hex_append(body, 0, "00");
    for (uint32_t i = 0; i < 50000; i++)
        size = hex_append(body, size, "02 40");
    size = hex_append(body, size, "41 00 0e");
    size = append_u32(body, size, 50000);
    for (uint32_t i = 0; i <= 50000; i++)
        size = append_u32(body, size, i);
    for (uint32_t i = 0; i <= 50000; i++)
        size = hex_append(body, size, "0b");
    size = make_world(module, 0, body, size);
    expect_judgement("a br_table to 50,000 blocks", module, size, NULL, ST_OK, 0, "");
}

/* A section of that id around the bytes. */
static size_t append_section(uint8_t *out, size_t size, uint8_t id, const uint8_t *body,
                             size_t body_size)
{
    out[size++] = id;
    size = append_u32(out, size, (uint32_t)body_size);
    memcpy(out + size, body, body_size);
    return size + body_size;
}

/* Ten thousand calls of a function with a thousand results, and one more. */
static void test_operand_limit(void)
{
    static uint8_t module[MODULE_BYTES_MAX], part[MODULE_BYTES_MAX];
    size_t size = hex_append(module, 0, "H");
    size_t part_size = hex_append(part, 0, "02 60 00 00 60 00 e8 07");
    uint32_t calls = WM_MAX_OPERANDS / WM_MAX_RESULTS + 1;

    memset(part + part_size, 0x7f, WM_MAX_RESULTS);
    size = append_section(module, size, WM_SECTION_TYPE, part, part_size + WM_MAX_RESULTS);
    size = hex_append(module, size, "03 03 02 00 01");
    part_size = append_u32(part, hex_append(part, 0, "02"), 2 * calls + 3);
    part_size = hex_append(part, part_size, "00");
    for (uint32_t i = 0; i < calls; i++)
        part_size = hex_append(part, part_size, "10 01");
    part_size = hex_append(part, part_size, "0f 0b 03 00 00 0b");
    size_t code_offset = size + 4;
    size = append_section(module, size, WM_SECTION_CODE, part, part_size);
    expect_judgement("10,001,000 operands", module, size, NULL, ST_LIMIT,
                     code_offset + 5 + 2 * (uint64_t)(calls - 1),
                     "more than 10000000 operands on the stack of a function; in function 0");
}

/* ---- every truncation and every changed byte of a body ends in a refusal or in OK ---- */

/* Judges the body both ways: 0 when they agree. */
static uint32_t disagree(uint32_t type, const uint8_t *body, size_t body_size)
{
    static uint8_t module[MODULE_BYTES_MAX];
    struct diag fast, plain;
    size_t size = make_world(module, type, body, body_size);
    enum status a = judge_once(module, size, wm_features_all(), false, &fast);
    enum status b = judge_once(module, size, wm_features_all(), true, &plain);

    return a != b || fast.offset != plain.offset || strcmp(fast.text, plain.text) != 0;
}

static void test_spoiled_bodies(void)
{
    static const uint8_t changes[] = {0x01, 0x40, 0x80, 0xff};
    uint32_t runs = 0, differ = 0;

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        uint8_t body[1024];
        size_t body_size = hex_append(body, 0, rows[i].body);
        for (size_t at = 0; at < body_size; at++, runs++) {
            differ += disagree(rows[i].type, body, at);
            for (uint32_t c = 0; c < LENGTH_OF(changes); c++, runs++) {
                body[at] ^= changes[c];
                differ += disagree(rows[i].type, body, body_size);
                body[at] ^= changes[c];
            }
        }
    }
    tap_ok(differ == 0, "%u spoiled bodies, %u judged differently without the fast path", runs,
           differ);
}

/* ---- memory ---- */

static void test_memory_runs_out(void)
{
    static uint8_t body[MODULE_BYTES_MAX], module[MODULE_BYTES_MAX];
    size_t size = nested_body(body, "02 40 41 00", "1a 0b", 2000);
    struct arena a, scratch;
    struct wm_module m;
    struct diag dg = {0};
    uint32_t refused = 0;
    enum status st = ST_NO_MEMORY;

    size = make_world(module, 0, body, size);
    arena_init(&a, JUDGING_ARENA_BYTES);
    st = wm_read_module(module, size, wm_features_all(), &a, &m, &dg);
    tap_ok(st == ST_OK, "reads: %s", dg.text);
    arena_init(&scratch, 5000);
    st = wm_validate(&m, &scratch, &dg);
    tap_ok(st == ST_LIMIT && scratch.used_bytes == 0, "an arena that is too small: %s", dg.text);
    arena_free(&scratch);
    for (uint64_t nth = 1; nth < 100; nth++) {
        arena_init(&scratch, JUDGING_ARENA_BYTES);
        mem_fault_set(nth);
        st = wm_validate(&m, &scratch, NULL);
        bool hit = mem_fault_hit();
        mem_fault_set(0);
        arena_free(&scratch);
        if (!hit)
            break;
        refused += st == ST_NO_MEMORY;
    }
    tap_ok(st == ST_OK && refused >= 3, "each of %u failing allocations", refused);
    arena_free(&a);
}

int main(void)
{
    test_rows();
    test_nesting();
    test_wide_bodies();
    test_operand_limit();
    test_spoiled_bodies();
    test_memory_runs_out();
    return tap_done();
}
