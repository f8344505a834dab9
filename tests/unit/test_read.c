/* test_read: a row per form of the binary format and per way to be malformed, with the offset and
 * the words of the refusal; what a module holds once read; limits; every truncation of a module;
 * memory that runs out. SPDX-License-Identifier: Apache-2.0 */
#include "judging.h"

#include "base/mem.h"

enum { MODULE_BYTES_MAX = 1 << 16, ARENA_BYTES = 64 << 20 };

/* clang-format off */
static const struct {
    const char *name, *off; /* off: features to switch off, with blanks between; NULL: none */
    const char *hex;
    enum status status;
    uint64_t offset;
    const char *text;
} rows[] = {
    /* header */
    {"nothing", NULL, "", ST_MALFORMED, 0,
     "unexpected end: a module starts with 8 bytes, found 0"},
    {"cut magic", NULL, "00 61 73", ST_MALFORMED, 3,
     "unexpected end: a module starts with 8 bytes, found 3"},
    {"bad magic", NULL, "00 61 73 6e 01 00 00 00", ST_MALFORMED, 0,
     "magic header not detected: expected 00 61 73 6d (\"\\0asm\")"},
    {"no version", NULL, "00 61 73 6d", ST_MALFORMED, 4,
     "unexpected end: a module starts with 8 bytes, found 4"},
    {"cut version", NULL, "00 61 73 6d 01 00 00", ST_MALFORMED, 7,
     "unexpected end: a module starts with 8 bytes, found 7"},
    {"version 2", NULL, "00 61 73 6d 02 00 00 00", ST_MALFORMED, 4,
     "unknown binary version: expected 01 00 00 00, found 02 00 00 00"},
    {"empty module", NULL, "H", ST_OK, 0, ""},
    /* sections */
    {"unknown id", NULL, "H 0e 00", ST_MALFORMED, 8,
     "malformed section id: expected 0 to 13, found 14"},
    {"no size", NULL, "H 01", ST_MALFORMED, 9,
     "unexpected end: expected more bytes of a u32; in a section size"},
    {"size too long", NULL, "H 01 80 80 80 80 80 00", ST_MALFORMED, 9,
     "integer representation too long: a u32 has at most 5 bytes; in a section size"},
    {"size past the end", NULL, "H 01 05 00 00", ST_MALFORMED, 8,
     "unexpected end: section 1 claims 5 bytes, 2 remain"},
    {"empty type section", NULL, "H 01 00", ST_MALFORMED, 10,
     "unexpected end: expected more bytes of a u32; in the type section"},
    {"bytes behind the contents", NULL, "H 01 02 00 00", ST_MALFORMED, 11,
     "section size mismatch: the type section has 1 bytes behind its contents"},
    {"twice", NULL, "H 01 04 01 60 00 00 01 04 01 60 00 00", ST_MALFORMED, 14,
     "unexpected content after last section: the type section cannot stand after the type "
     "section"},
    {"out of order", NULL, "H 03 01 00 01 01 00", ST_MALFORMED, 11,
     "unexpected content after last section: the type section cannot stand after the function "
     "section"},
    {"tag between memory and global", NULL, "H 05 01 00 0d 01 00 06 01 00", ST_OK, 0, ""},
    {"tag after global", NULL, "H 06 01 00 0d 01 00", ST_MALFORMED, 11,
     "unexpected content after last section: the tag section cannot stand after the global "
     "section"},
    {"data count before code", NULL, "H 0c 01 00 0a 01 00 0b 01 00", ST_OK, 0, ""},
    {"data count after code", NULL, "H 0a 01 00 0c 01 00", ST_MALFORMED, 11,
     "unexpected content after last section: the data count section cannot stand after the "
     "code section"},
    {"all empty", NULL,
     "H 01 01 00 02 01 00 03 01 00 04 01 00 05 01 00 0d 01 00 06 01 00 07 01 00 09 01 00 0c 01 "
     "00 0a 01 00 0b 01 00", ST_OK, 0, ""},
    /* custom sections */
    {"good", NULL, "H 00 04 01 61 ff ff", ST_OK, 0, ""},
    {"no name", NULL, "H 00 00", ST_MALFORMED, 10,
     "unexpected end: expected more bytes of a u32; in a custom section"},
    {"name past the end", NULL, "H 00 02 03 61", ST_MALFORMED, 11,
     "unexpected end: a name claims 3 bytes, 1 remain; in a custom section"},
    {"between any others", NULL, "H 00 02 01 61 01 04 01 60 00 00 00 01 00", ST_OK, 0, ""},
    /* names (UTF-8) */
    {"two bytes", NULL, "H 00 03 02 c3 a9", ST_OK, 0, ""},
    {"three bytes", NULL, "H 00 04 03 e2 82 ac", ST_OK, 0, ""},
    {"four bytes", NULL, "H 00 05 04 f0 9f 98 80", ST_OK, 0, ""},
    {"last", NULL, "H 00 05 04 f4 8f bf bf", ST_OK, 0, ""},
    {"lone continuation", NULL, "H 00 02 01 80", ST_MALFORMED, 11,
     "malformed UTF-8 encoding: byte 0x80 of a name; in a custom section"},
    {"overlong two", NULL, "H 00 03 02 c0 80", ST_MALFORMED, 11,
     "malformed UTF-8 encoding: byte 0xc0 of a name; in a custom section"},
    {"overlong two, last", NULL, "H 00 03 02 c1 bf", ST_MALFORMED, 11,
     "malformed UTF-8 encoding: byte 0xc1 of a name; in a custom section"},
    {"overlong three", NULL, "H 00 04 03 e0 9f bf", ST_MALFORMED, 11,
     "malformed UTF-8 encoding: byte 0xe0 of a name; in a custom section"},
    {"surrogate", NULL, "H 00 04 03 ed a0 80", ST_MALFORMED, 11,
     "malformed UTF-8 encoding: byte 0xed of a name; in a custom section"},
    {"before surrogates", NULL, "H 00 04 03 ed 9f bf", ST_OK, 0, ""},
    {"overlong four", NULL, "H 00 05 04 f0 8f bf bf", ST_MALFORMED, 11,
     "malformed UTF-8 encoding: byte 0xf0 of a name; in a custom section"},
    {"past U+10FFFF", NULL, "H 00 05 04 f4 90 80 80", ST_MALFORMED, 11,
     "malformed UTF-8 encoding: byte 0xf4 of a name; in a custom section"},
    {"five bytes", NULL, "H 00 06 05 f8 88 80 80 80", ST_MALFORMED, 11,
     "malformed UTF-8 encoding: byte 0xf8 of a name; in a custom section"},
    {"cut", NULL, "H 00 03 02 e2 82", ST_MALFORMED, 11,
     "malformed UTF-8 encoding: byte 0xe2 of a name; in a custom section"},
    {"no continuation", NULL, "H 00 03 02 c3 28", ST_MALFORMED, 11,
     "malformed UTF-8 encoding: byte 0xc3 of a name; in a custom section"},
    {"second continuation bad", NULL, "H 00 04 03 e2 82 28", ST_MALFORMED, 11,
     "malformed UTF-8 encoding: byte 0xe2 of a name; in a custom section"},
    {"third continuation bad", NULL, "H 00 05 04 f0 9f 98 28", ST_MALFORMED, 11,
     "malformed UTF-8 encoding: byte 0xf0 of a name; in a custom section"},
    /* types */
    {"count past the end", NULL, "H 01 04 05 60 00 00", ST_MALFORMED, 10,
     "unexpected end: 5 types claimed, of 2 or more bytes each; 3 remain; in the type section"},
    {"2^32 types", NULL, "H 01 08 ff ff ff ff 0f 60 00 00", ST_MALFORMED, 10,
     "unexpected end: 4294967295 types claimed, of 2 or more bytes each; 3 remain; in the type "
     "section"},
    {"unknown form", NULL, "H 01 03 01 61 00", ST_MALFORMED, 11,
     "malformed type: expected a func, struct or array type, found 0x61; in type 0; in the "
     "type section"},
    {"cut form", NULL, "H 01 02 01 4e", ST_MALFORMED, 10,
     "unexpected end: 1 types claimed, of 2 or more bytes each; 1 remain; in the type section"},
    {"params past the end", NULL, "H 01 05 01 60 05 7f 00", ST_MALFORMED, 12,
     "unexpected end: 5 parameters of a function type claimed, of 1 or more bytes each; 2 "
     "remain; in type 0; in the type section"},
    {"packed parameter", NULL, "H 01 05 01 60 01 78 00", ST_MALFORMED, 13,
     "malformed value type: byte 0x78 names none; in type 0; in the type section"},
    {"unknown value type", NULL, "H 01 05 01 60 01 79 00", ST_MALFORMED, 13,
     "malformed value type: byte 0x79 names none; in type 0; in the type section"},
    {"cut value type", NULL, "H 01 03 01 60 01", ST_MALFORMED, 12,
     "unexpected end: 1 parameters of a function type claimed, of 1 or more bytes each; 0 "
     "remain; in type 0; in the type section"},
    {"two results", NULL, "H 01 06 01 60 00 02 7f 7e", ST_OK, 0, ""},
    {"two results, off", "multi-value", "H 01 06 01 60 00 02 7f 7e", ST_UNSUPPORTED, 13,
     "more than one result needs --feature multi-value; in type 0; in the type section"},
    {"v128, off", "simd", "H 01 05 01 60 01 7b 00", ST_UNSUPPORTED, 13,
     "v128 needs --feature simd; in type 0; in the type section"},
    {"funcref, off", "reference-types", "H 01 05 01 60 01 70 00", ST_UNSUPPORTED, 13,
     "funcref needs --feature reference-types; in type 0; in the type section"},
    {"externref, off", "reference-types", "H 01 05 01 60 01 6f 00", ST_UNSUPPORTED, 13,
     "externref needs --feature reference-types; in type 0; in the type section"},
    {"anyref, off", "gc", "H 01 05 01 60 01 6e 00", ST_UNSUPPORTED, 13,
     "anyref needs --feature gc; in type 0; in the type section"},
    {"exnref, off", "exceptions", "H 01 05 01 60 01 69 00", ST_UNSUPPORTED, 13,
     "exnref needs --feature exceptions; in type 0; in the type section"},
    {"(ref func), off", "function-references", "H 01 06 01 60 01 64 70 00", ST_UNSUPPORTED, 13,
     "a (ref ...) type needs --feature function-references; in type 0; in the type section"},
    {"(ref 0)", NULL, "H 01 06 01 60 01 64 00 00", ST_OK, 0, ""},
    {"(ref null 0)", NULL, "H 01 06 01 60 01 63 00 00", ST_OK, 0, ""},
    {"(ref any), off", "gc", "H 01 06 01 60 01 64 6e 00", ST_UNSUPPORTED, 14,
     "heap type any needs --feature gc; in type 0; in the type section"},
    {"unknown heap type", NULL, "H 01 06 01 60 01 64 7f 00", ST_MALFORMED, 14,
     "malformed heap type: byte 0x7f names none; in type 0; in the type section"},
    {"heap type too long for a byte", NULL, "H 01 07 01 60 01 64 f0 7f 00", ST_MALFORMED, 14,
     "malformed heap type: expected a type index or one byte; in type 0; in the type section"},
    {"cut heap type", NULL, "H 01 04 01 60 01 64", ST_MALFORMED, 14,
     "unexpected end: expected more bytes of an s33; in type 0; in the type section"},
    {"huge type index", NULL, "H 01 08 01 60 01 64 c0 84 3d 00", ST_INVALID, 14,
     "unknown type 1000000: a module has at most 1000000 types; in type 0; in the type section"},
    {"struct", NULL, "H 01 07 01 5f 02 7f 01 78 00", ST_OK, 0, ""},
    {"struct, off", "gc", "H 01 07 01 5f 02 7f 01 78 00", ST_UNSUPPORTED, 11,
     "a struct or array type needs --feature gc; in type 0; in the type section"},
    {"array of i16", NULL, "H 01 04 01 5e 77 01", ST_OK, 0, ""},
    {"field mutability 2", NULL, "H 01 04 01 5e 7f 02", ST_MALFORMED, 13,
     "malformed mutability: expected 0 or 1, found 0x02; in type 0; in the type section"},
    {"fields past the end", NULL, "H 01 05 01 5f 09 7f 00", ST_MALFORMED, 12,
     "unexpected end: 9 fields of a struct type claimed, of 2 or more bytes each; 2 remain; in "
     "type 0; in the type section"},
    {"cut field", NULL, "H 01 03 01 5e 7f", ST_MALFORMED, 13,
     "unexpected end: expected a byte; in type 0; in the type section"},
    {"sub of nothing", NULL, "H 01 06 01 50 00 60 00 00", ST_OK, 0, ""},
    {"sub final", NULL, "H 01 06 01 4f 00 60 00 00", ST_OK, 0, ""},
    {"sub, off", "gc", "H 01 06 01 50 00 60 00 00", ST_UNSUPPORTED, 11,
     "a sub type needs --feature gc; in type 0; in the type section"},
    {"two supertypes", NULL, "H 01 08 01 50 02 00 00 60 00 00", ST_INVALID, 12,
     "sub type: expected at most one supertype, found 2; in type 0; in the type section"},
    {"sub of a sub", NULL, "H 01 08 01 50 00 50 00 60 00 00", ST_MALFORMED, 13,
     "malformed type: expected a func, struct or array type, found 0x50; in type 0; in the "
     "type section"},
    {"rec of none", NULL, "H 01 06 02 4e 00 60 00 00", ST_OK, 0, ""},
    {"rec of two", NULL, "H 01 09 01 4e 02 60 00 00 5e 7f 00", ST_OK, 0, ""},
    {"rec, off", "gc", "H 01 09 01 4e 02 60 00 00 5e 7f 00", ST_UNSUPPORTED, 11,
     "a recursion group needs --feature gc; in the type section"},
    {"rec in rec", NULL, "H 01 05 01 4e 01 4e 00", ST_MALFORMED, 13,
     "malformed type: expected a func, struct or array type, found 0x4e; in type 0; in the "
     "type section"},
    {"2^32 types in a rec", NULL, "H 01 07 01 4e ff ff ff ff 0f", ST_MALFORMED, 12,
     "unexpected end: 4294967295 types of a group claimed, of 2 or more bytes each; 0 "
     "remain; in the "
     "type section"},
    /* imports */
    {"function", NULL, "H 02 07 01 01 61 01 62 00 00", ST_OK, 0, ""},
    {"table", NULL, "H 02 09 01 01 61 01 62 01 70 00 00", ST_OK, 0, ""},
    {"memory", NULL, "H 02 08 01 01 61 01 62 02 00 01", ST_OK, 0, ""},
    {"global", NULL, "H 02 08 01 01 61 01 62 03 7f 00", ST_OK, 0, ""},
    {"tag", NULL, "H 02 08 01 01 61 01 62 04 00 00", ST_OK, 0, ""},
    {"kind 5", NULL, "H 02 07 01 01 61 01 62 05 00", ST_MALFORMED, 15,
     "malformed import kind: expected 0 to 4, found 0x05; in the import section"},
    {"cut kind", NULL, "H 02 05 01 01 61 01 62", ST_MALFORMED, 15,
     "unexpected end: expected a byte; in the import section"},
    {"mutable global, off", "mutable-globals", "H 02 08 01 01 61 01 62 03 7f 01", ST_UNSUPPORTED,
     17,
     "import of a mutable global needs --feature mutable-globals; in import 0 (\"a\" \"b\"); in "
     "the import section"},
    {"tag, off", "exceptions legacy-exceptions", "H 02 08 01 01 61 01 62 04 00 00", ST_UNSUPPORTED,
     16, "a tag needs --feature exceptions; in import 0 (\"a\" \"b\"); in the import section"},
    {"tag, legacy only", "exceptions", "H 02 08 01 01 61 01 62 04 00 00", ST_OK, 0, ""},
    {"tag attribute 1", NULL, "H 02 08 01 01 61 01 62 04 01 00", ST_MALFORMED, 16,
     "malformed tag attribute: expected 0, found 0x01; in import 0 (\"a\" \"b\"); in the import "
     "section"},
    {"bad module name", NULL, "H 02 07 01 01 80 01 62 00 00", ST_MALFORMED, 12,
     "malformed UTF-8 encoding: byte 0x80 of a name; in the module name of import 0; in the "
     "import section"},
    {"bad name", NULL, "H 02 07 01 01 61 01 80 00 00", ST_MALFORMED, 14,
     "malformed UTF-8 encoding: byte 0x80 of a name; in the name of import 0; in the import "
     "section"},
    {"2^32 imports", NULL, "H 02 05 ff ff ff ff 0f", ST_MALFORMED, 10,
     "unexpected end: 4294967295 imports claimed, of 4 or more bytes each; 0 remain; in the "
     "import section"},
    /* tables and limits */
    {"min", NULL, "H 04 04 01 70 00 05", ST_OK, 0, ""},
    {"min and max", NULL, "H 04 05 01 70 01 05 06", ST_OK, 0, ""},
    {"64-bit", NULL, "H 04 04 01 70 04 05", ST_OK, 0, ""},
    {"64-bit, off", "memory64", "H 04 04 01 70 04 05", ST_UNSUPPORTED, 12,
     "a 64-bit memory or table needs --feature memory64; in table 0; in the table section"},
    {"shared table", NULL, "H 04 05 01 70 03 05 06", ST_MALFORMED, 12,
     "malformed limits flags: expected bits of 0x05, found 0x03; in table 0; in the table "
     "section"},
    {"not a reference", NULL, "H 04 04 01 7f 00 05", ST_MALFORMED, 11,
     "malformed reference type: expected a reference, found i32; in table 0; in the table "
     "section"},
    {"externref, off", "reference-types", "H 04 04 01 6f 00 05", ST_UNSUPPORTED, 11,
     "externref needs --feature reference-types; in table 0; in the table section"},
    {"funcref without reference types", "reference-types", "H 04 04 01 70 00 05", ST_OK, 0, ""},
    {"initialised", NULL, "H 04 09 01 40 00 70 00 05 d0 70 0b", ST_OK, 0, ""},
    {"initialised, off", "function-references", "H 04 09 01 40 00 70 00 05 d0 70 0b",
     ST_UNSUPPORTED, 11,
     "a table initialiser needs --feature function-references; in table 0; in the table section"},
    {"initialised, reserved byte 1", NULL, "H 04 09 01 40 01 70 00 05 d0 70 0b", ST_MALFORMED, 12,
     "malformed table: expected a zero byte, found 0x01; in table 0; in the table section"},
    {"cut after 40", NULL, "H 04 02 01 40", ST_MALFORMED, 10,
     "unexpected end: 1 tables claimed, of 3 or more bytes each; 1 remain; in the table section"},
    {"no end of the initial value", NULL, "H 04 08 01 40 00 70 00 05 d0 70", ST_MALFORMED, 18,
     "unexpected end: expected the end of an expression; in table 0; in the table section"},
    {"count of 2^32", NULL, "H 04 08 ff ff ff ff 0f 70 00 05", ST_MALFORMED, 10,
     "unexpected end: 4294967295 tables claimed, of 3 or more bytes each; 3 remain; in the "
     "table section"},
    /* memories */
    {"min", NULL, "H 05 03 01 00 01", ST_OK, 0, ""},
    {"flags 16", NULL, "H 05 03 01 10 01", ST_MALFORMED, 11,
     "malformed limits flags: expected bits of 0x0f, found 0x10; in memory 0; in the memory "
     "section"},
    {"shared", NULL, "H 05 04 01 03 01 02", ST_OK, 0, ""},
    {"shared, off", "threads", "H 05 04 01 03 01 02", ST_UNSUPPORTED, 11,
     "a shared memory needs --feature threads; in memory 0; in the memory section"},
    {"page size", NULL, "H 05 04 01 08 01 00", ST_OK, 0, ""},
    {"page size, off", "custom-page-sizes", "H 05 04 01 08 01 00", ST_UNSUPPORTED, 11,
     "a page size needs --feature custom-page-sizes; in memory 0; in the memory section"},
    {"page size 2^64", NULL, "H 05 04 01 08 01 40", ST_MALFORMED, 13,
     "invalid custom page size: expected less than 2^64, found 2^64; in memory 0; in the "
     "memory section"},
    {"cut limits", NULL, "H 05 03 01 01 01", ST_MALFORMED, 13,
     "unexpected end: expected more bytes of a u64; in memory 0; in the memory section"},
    {"no flags", NULL, "H 05 01 01", ST_MALFORMED, 10,
     "unexpected end: 1 memories claimed, of 2 or more bytes each; 0 remain; in the memory "
     "section"},
    {"min of 2^64", NULL, "H 05 0c 01 00 80 80 80 80 80 80 80 80 80 02", ST_MALFORMED, 12,
     "integer too large: expected a u64, found bits beyond it; in memory 0; in the memory "
     "section"},
    /* globals */
    {"i32", NULL, "H 06 06 01 7f 00 41 00 0b", ST_OK, 0, ""},
    {"mutability 2", NULL, "H 06 06 01 7f 02 41 00 0b", ST_MALFORMED, 12,
     "malformed mutability: expected 0 or 1, found 0x02; in global 0; in the global section"},
    {"packed", NULL, "H 06 06 01 78 00 41 00 0b", ST_MALFORMED, 11,
     "malformed value type: byte 0x78 names none; in global 0; in the global section"},
    {"no end", NULL, "H 06 05 01 7f 00 41 00", ST_MALFORMED, 15,
     "unexpected end: expected the end of an expression; in global 0; in the global section"},
    {"nested blocks", NULL, "H 06 0a 01 7f 00 02 40 03 40 0b 0b 0b", ST_OK, 0, ""},
    {"try and delegate", NULL, "H 06 08 01 7f 00 06 40 18 00 0b", ST_OK, 0, ""},
    {"illegal opcode", NULL, "H 06 05 01 7f 00 fa 0b", ST_MALFORMED, 13,
     "illegal opcode 0xfa; in global 0; in the global section"},
    /* tags, functions, exports, start */
    {"tag", NULL, "H 0d 03 01 00 00", ST_OK, 0, ""},
    {"tag, cut", NULL, "H 0d 02 01 00", ST_MALFORMED, 10,
     "unexpected end: 1 tags claimed, of 2 or more bytes each; 1 remain; in the tag section"},
    {"function without code", NULL, "H 01 04 01 60 00 00 03 02 01 00", ST_MALFORMED, 18,
     "function and code section have inconsistent lengths: expected 1 bodies, found no code "
     "section"},
    {"code without function", NULL, "H 0a 04 01 02 00 0b", ST_MALFORMED, 10,
     "function and code section have inconsistent lengths: expected 0 bodies, found 1; in the "
     "code section"},
    {"more functions than code", NULL, "H 01 04 01 60 00 00 03 03 02 00 00 0a 04 01 02 00 0b",
     ST_MALFORMED, 21,
     "function and code section have inconsistent lengths: expected 2 bodies, found 1; in the "
     "code section"},
    {"function and code", NULL, "H 01 04 01 60 00 00 03 02 01 00 0a 04 01 02 00 0b", ST_OK, 0, ""},
    {"export", NULL, "H 07 05 01 01 61 00 00", ST_OK, 0, ""},
    {"export of a tag", NULL, "H 07 05 01 01 61 04 00", ST_OK, 0, ""},
    {"export kind 5", NULL, "H 07 05 01 01 61 05 00", ST_MALFORMED, 13,
     "malformed export kind: expected 0 to 4, found 0x05; in the export section"},
    {"export, bad name", NULL, "H 07 05 01 01 ff 00 00", ST_MALFORMED, 12,
     "malformed UTF-8 encoding: byte 0xff of a name; in the name of export 0; in the export "
     "section"},
    {"export, cut", NULL, "H 07 04 01 01 61 00", ST_MALFORMED, 14,
     "unexpected end: expected more bytes of a u32; in the export section"},
    {"start", NULL, "H 08 01 00", ST_OK, 0, ""},
    {"start, huge", NULL, "H 08 05 ff ff ff ff 0f", ST_INVALID, 10,
     "unknown function 4294967295: a module has at most 1000000 functions; in the start section"},
    {"start, cut", NULL, "H 08 01 80", ST_MALFORMED, 11,
     "unexpected end: expected more bytes of a u32; in the start section"},
    /* element segments */
    {"form 0", NULL, "H 09 07 01 00 41 00 0b 01 00", ST_OK, 0, ""},
    {"form 1", NULL, "H 09 05 01 01 00 01 00", ST_OK, 0, ""},
    {"form 2", NULL, "H 09 09 01 02 00 41 00 0b 00 01 00", ST_OK, 0, ""},
    {"form 3", NULL, "H 09 05 01 03 00 01 00", ST_OK, 0, ""},
    {"form 4", NULL, "H 09 09 01 04 41 00 0b 01 d0 70 0b", ST_OK, 0, ""},
    {"form 5", NULL, "H 09 07 01 05 70 01 d0 70 0b", ST_OK, 0, ""},
    {"form 6", NULL, "H 09 0b 01 06 00 41 00 0b 70 01 d0 70 0b", ST_OK, 0, ""},
    {"form 7", NULL, "H 09 07 01 07 70 01 d0 70 0b", ST_OK, 0, ""},
    {"form 8", NULL, "H 09 04 01 08 00 00", ST_MALFORMED, 11,
     "malformed element segment flags: expected 0 to 7, found 8; in element segment 0; in the "
     "element section"},
    {"element kind 1", NULL, "H 09 05 01 01 01 01 00", ST_MALFORMED, 12,
     "malformed element kind: expected 0, found 0x01; in element segment 0; in the element "
     "section"},
    {"element type i32", NULL, "H 09 07 01 05 7f 01 d0 70 0b", ST_MALFORMED, 12,
     "malformed reference type: expected a reference, found i32; in element segment 0; in the "
     "element section"},
    {"passive, off", "bulk-memory reference-types", "H 09 05 01 01 00 01 00", ST_UNSUPPORTED, 11,
     "this element segment needs --feature bulk-memory; in element segment 0; in the element "
     "section"},
    {"passive, reference types only", "bulk-memory", "H 09 05 01 01 00 01 00", ST_OK, 0, ""},
    {"2^32 items", NULL, "H 09 09 01 01 00 ff ff ff ff 0f 00", ST_MALFORMED, 13,
     "unexpected end: 4294967295 items claimed, of 1 or more bytes each; 1 remain; in element "
     "segment 0; in the element section"},
    {"cut expression", NULL, "H 09 06 01 05 70 01 d0 70", ST_MALFORMED, 16,
     "unexpected end: expected the end of an expression; in element segment 0; in the element "
     "section"},
    {"segments past the end", NULL, "H 09 04 09 01 00 00", ST_MALFORMED, 10,
     "unexpected end: 9 element segments claimed, of 3 or more bytes each; 3 remain; in the "
     "element section"},
    /* code */
    {"body past the end", NULL, "H 01 04 01 60 00 00 03 02 01 00 0a 04 01 09 00 0b", ST_MALFORMED,
     22,
     "unexpected end: a function body claims 9 bytes, 2 remain; in function 0; in the code "
     "section"},
    {"bodies past the end", NULL, "H 01 04 01 60 00 00 03 02 01 00 0a 04 05 02 00 0b",
     ST_MALFORMED, 20,
     "unexpected end: 5 function bodies claimed, of 1 or more bytes each; 3 remain; in the "
     "code section"},
    {"cut size", NULL, "H 01 04 01 60 00 00 03 02 01 00 0a 02 01 80", ST_MALFORMED, 22,
     "unexpected end: expected more bytes of a u32; in function 0; in the code section"},
    {"bodies are not decoded", NULL, "H 01 04 01 60 00 00 03 02 01 00 0a 04 01 02 ff ff", ST_OK, 0,
     ""},
    /* data segments */
    {"form 0", NULL, "H 0b 07 01 00 41 00 0b 01 aa", ST_OK, 0, ""},
    {"form 1", NULL, "H 0b 04 01 01 01 aa", ST_OK, 0, ""},
    {"form 2", NULL, "H 0b 07 01 02 00 41 00 0b 00", ST_OK, 0, ""},
    {"form 3", NULL, "H 0b 03 01 03 00", ST_MALFORMED, 11,
     "malformed data segment flags: expected 0 to 2, found 3; in data segment 0; in the data "
     "section"},
    {"passive, off", "bulk-memory", "H 0b 04 01 01 01 aa", ST_UNSUPPORTED, 11,
     "this data segment needs --feature bulk-memory; in data segment 0; in the data section"},
    {"content past the end", NULL, "H 0b 04 01 01 05 aa", ST_MALFORMED, 13,
     "unexpected end: a data segment claims 5 bytes, 1 remain; in data segment 0; in the data "
     "section"},
    {"segments past the end", NULL, "H 0b 02 09 00", ST_MALFORMED, 10,
     "unexpected end: 9 data segments claimed, of 2 or more bytes each; 1 remain; in the data "
     "section"},
    {"count agrees", NULL, "H 0c 01 01 0b 04 01 01 01 aa", ST_OK, 0, ""},
    {"count disagrees", NULL, "H 0c 01 02 0b 04 01 01 01 aa", ST_MALFORMED, 13,
     "data count and data section have inconsistent lengths: expected 2 segments, found 1; in "
     "the data section"},
    {"counted but absent", NULL, "H 0c 01 01", ST_MALFORMED, 11,
     "data count and data section have inconsistent lengths: expected 1 segments, found no "
     "data section"},
    {"count, off", "bulk-memory", "H 0c 01 00", ST_UNSUPPORTED, 10,
     "a data count section needs --feature bulk-memory; in the data count section"},
};
/* clang-format on */

static void test_rows(void)
{
    static uint8_t buffer[MODULE_BYTES_MAX];

    for (uint32_t i = 0; i < LENGTH_OF(rows); i++) {
        size_t size = hex_append(buffer, 0, rows[i].hex);
        uint8_t *bytes = exact_copy(buffer, size);
        struct arena a;
        struct wm_module m = {0};
        struct diag dg = {0};
        arena_init(&a, ARENA_BYTES);
        enum status st = wm_read_module(bytes, size, features_without(rows[i].off), &a, &m, &dg);
        bool pass = st == rows[i].status && dg.offset == rows[i].offset &&
                    strcmp(dg.text, rows[i].text) == 0;
        tap_ok(pass, "%s: %s at %llu: %s", rows[i].name, status_text(st),
               (unsigned long long)dg.offset, dg.text);
        arena_free(&a);
        free(bytes);
    }
}

/* ---- contents ---- */

/*
 * One of everything:
 *   types      0 func, 1 func (param i32) (result i64), rec { 2 struct {i8, mut (ref null 3)},
 *              3 sub final array of f64 }
 *   imports    a.f func 1, a.t table, a.m memory 64 shared, a.g mutable global, a.e tag
 *   own        func 0, table with an initial value, memory of one-byte pages, global, tag
 *   then       exports, start, three element segments, data count, code, two data segments,
 *              custom sections before, between and behind
 */
static const char full_module[] =
    "H 00 03 01 78 aa "
    "01 18 03 60 00 00 60 01 7f 01 7e 4e 02 5f 02 78 00 63 03 01 4f 01 02 5e 7c 00 "
    "02 26 05 01 61 01 66 00 01 01 61 01 74 01 70 01 01 02 01 61 01 6d 02 07 01 02 01 61 "
    "01 67 03 7f 01 01 61 01 65 04 00 00 "
    "00 02 01 79 "
    "03 02 01 00 "
    "04 09 01 40 00 6f 00 05 d0 6f 0b "
    "05 04 01 08 07 00 "
    "0d 03 01 00 00 "
    "06 06 01 7f 00 41 2a 0b "
    "07 09 02 01 66 00 01 01 65 04 01 "
    "08 01 01 "
    "09 17 03 00 41 00 0b 01 01 05 70 01 d2 00 0b 06 01 41 00 0b 6f 01 d0 6f 0b "
    "0c 01 02 "
    "0a 04 01 02 00 0b "
    "0b 0a 02 00 41 01 0b 01 ff 01 01 ee "
    "00 03 01 7a bb";

static void check_types(const struct wm_module *m)
{
    const struct wm_type *t = m->types;

    tap_ok(m->type_count == 4 && t[0].composite == WM_FUNC_TYPE && t[0].is_plain && t[0].is_final &&
               t[1].param_count == 1 && wm_same(t[1].results[0], WM_TYPE(I64)),
           "function types");
    tap_ok(t[2].composite == WM_STRUCT_TYPE && t[2].field_count == 2 &&
               wm_same(t[2].fields[0].type, WM_TYPE(I8)) && !t[2].fields[0].is_mutable &&
               wm_same(t[2].fields[1].type, wm_ref(wm_heap_index(3), true)) &&
               t[2].fields[1].is_mutable && t[2].group_explicit && t[2].group_count == 2,
           "struct type in a group");
    tap_ok(t[3].composite == WM_ARRAY_TYPE && t[3].is_final && !t[3].is_plain &&
               t[3].super_count == 1 && t[3].super == 2 && t[3].group_first == 2,
           "array type with a supertype");
}

static void check_externs(const struct wm_module *m)
{
    tap_ok(m->import_count == 5 && m->imports[4].kind == WM_EXTERN_TAG &&
               m->imports[4].index == 0 && str_equal(m->imports[4].name, STR("e")) &&
               str_equal(m->imports[4].module, STR("a")),
           "imports");
    tap_ok(m->func_imports == 1 && m->func_count == 2 && m->funcs[0].code == WM_NO_INDEX &&
               m->funcs[0].type_index == 1 && m->funcs[1].code == 0 && m->code_count == 1,
           "functions: imported, then own");
    tap_ok(m->table_count == 2 && m->tables[0].limits.has_max && m->tables[0].limits.max == 2 &&
               m->tables[0].init.size == 0 && m->tables[1].limits.min == 5 &&
               m->tables[1].init.size == 3,
           "tables");
    tap_ok(m->memory_count == 2 && m->memories[0].is_shared && m->memories[0].limits.is_64 &&
               m->memories[0].page_log2 == 16 && !m->memories[0].has_page_size &&
               m->memories[1].page_log2 == 0 && m->memories[1].has_page_size &&
               m->memories[1].limits.min == 7,
           "memories");
    tap_ok(m->global_count == 2 && m->globals[0].is_mutable && m->globals[0].init.size == 0 &&
               !m->globals[1].is_mutable && m->globals[1].init.size == 3,
           "globals");
    tap_ok(m->tag_count == 2 && m->tag_imports == 1, "tags");
    tap_ok(m->export_count == 2 && m->exports[1].kind == WM_EXTERN_TAG &&
               m->exports[1].index == 1 && m->start == 1,
           "exports and start");
}

static void check_segments(const struct wm_module *m)
{
    const struct wm_elem *e = m->elems;

    tap_ok(m->elem_count == 3 && e[0].mode == WM_SEGMENT_ACTIVE && !e[0].is_exprs &&
               e[0].count == 1 && wm_same(e[0].type, wm_ref(WM_HEAP(FUNC), false)) &&
               e[0].items.size == 1 && e[0].offset.size == 3,
           "active segment of functions");
    tap_ok(e[1].mode == WM_SEGMENT_PASSIVE && e[1].is_exprs &&
               e[1].items.size == 3,
           "passive segment of expressions");
    tap_ok(e[2].mode == WM_SEGMENT_ACTIVE && e[2].table == 1 &&
               wm_same(e[2].type, wm_ref(WM_HEAP(EXTERN), true)),
           "active segment of table 1");
    tap_ok(m->data_count == 2 && m->has_data_count && m->datas[0].content.data[0] == 0xff &&
               m->datas[1].mode == WM_SEGMENT_PASSIVE && m->datas[1].content.size == 1,
           "data segments");
    tap_ok(m->custom_count == 3 && m->customs[0].after == WM_SECTION_CUSTOM &&
               m->customs[1].after == WM_SECTION_IMPORT && m->customs[2].after == WM_SECTION_DATA &&
               m->customs[0].content.size == 1 && m->customs[0].content.data[0] == 0xaa,
           "custom sections know where they stood");
    const struct wm_bytes *code = &m->sections[WM_SECTION_CODE];
    tap_ok(code->size == 4 && m->codes[0].body.offset == code->offset + 2 &&
               m->codes[0].body.data == code->data + 2,
           "bodies know their offset");
}

static void test_contents(void)
{
    static uint8_t bytes[MODULE_BYTES_MAX];
    size_t size = hex_append(bytes, 0, full_module);
    struct arena a;
    struct wm_module m = {0};
    struct diag dg = {0};

    arena_init(&a, ARENA_BYTES);
    enum status st = wm_read_module(bytes, size, wm_features_all(), &a, &m, &dg);
    if (tap_ok(st == ST_OK, "the module with everything: %llx %s", (unsigned long long)dg.offset,
               dg.text)) {
        check_types(&m);
        check_externs(&m);
        check_segments(&m);
    }
    arena_free(&a);
}

/* Every beginning of a module is read within its bytes, and refused unless it ends where a section
 * does and lacks nothing. */
static void test_truncation(void)
{
    static uint8_t bytes[MODULE_BYTES_MAX];
    size_t size = hex_append(bytes, 0, full_module);
    uint32_t accepted = 0, strange = 0;

    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *copy = exact_copy(bytes, cut);
        struct arena a;
        struct wm_module m;
        struct diag dg = {0};
        arena_init(&a, ARENA_BYTES);
        enum status st = wm_read_module(copy, cut, wm_features_all(), &a, &m, &dg);
        accepted += st == ST_OK;
        strange += st != ST_OK && (st != ST_MALFORMED || dg.offset > cut || dg.text[0] == '\0');
        arena_free(&a);
        free(copy);
    }
    /* whole: header, custom, types, imports, custom; then functions lack their code; and the
     * module without its last custom section */
    tap_ok(accepted == 6 && strange == 0, "%zu truncations: %u accepted, %u strange", size,
           accepted, strange);
}

/* As above, but each section is cut alone, with its size put right and the rest left away: every
 * reading inside a section meets its end. */
static void test_cut_sections(void)
{
    static uint8_t bytes[MODULE_BYTES_MAX];
    size_t size = hex_append(bytes, 0, full_module);
    uint32_t cuts = 0, strange = 0;

    for (size_t at = 8; at < size; at += 2 + bytes[at + 1])
        for (uint8_t keep = 0; keep < bytes[at + 1]; keep++, cuts++) {
            size_t cut_size = at + 2 + keep;
            uint8_t *copy = exact_copy(bytes, cut_size);
            struct arena a;
            struct wm_module m;
            struct diag dg = {0};
            copy[at + 1] = keep;
            arena_init(&a, ARENA_BYTES);
            enum status st = wm_read_module(copy, cut_size, wm_features_all(), &a, &m, &dg);
            bool is_custom = bytes[at] == WM_SECTION_CUSTOM;
            strange += st == ST_OK ? !is_custom : st != ST_MALFORMED || dg.offset > cut_size;
            arena_free(&a);
            free(copy);
        }
    tap_ok(cuts > 100 && strange == 0, "%u cut sections, %u strange", cuts, strange);
}

/* ---- limits ---- */

/* count times the bytes of item, behind a section id, size and head. Owned by the caller. */
static uint8_t *repeated(uint8_t id, const char *head_hex, const char *item_hex, size_t count,
                         size_t *size)
{
    uint8_t head[64], item[64];
    size_t head_size = hex_append(head, 0, head_hex), item_size = hex_append(item, 0, item_hex);
    size_t body = head_size + item_size * count;
    uint8_t *bytes = malloc(body + 64);

    if (bytes == NULL)
        abort();
    *size = hex_append(bytes, 0, "H");
    bytes[(*size)++] = id;
    *size = append_u32(bytes, *size, (uint32_t)body);
    memcpy(bytes + *size, head, head_size);
    *size += head_size;
    for (size_t i = 0; i < count; i++, *size += item_size)
        memcpy(bytes + *size, item, item_size);
    return bytes;
}

/* clang-format off */
static const struct {
    uint8_t id;
    const char *head, *item; /* head ends in the count, one over the limit */
    size_t count;
    const char *text;
} limit_rows[] = {
    {1, "c1 84 3d", "5f 00", 1000001,
     "1000001 types; at most 1000000 are allowed; in the type section"},
    {1, "01 4e c1 84 3d", "5f 00", 1000001,
     "1000001 types of a group; at most 1000000 are allowed; in the type section"},
    {1, "01 60 e9 07", "7f", 1002,
     "1001 parameters of a function type; at most 1000 are allowed; in type 0; in the type "
     "section"},
    {1, "01 60 00 e9 07", "7f", 1001,
     "1001 results of a function type; at most 1000 are allowed; in type 0; in the type section"},
    {1, "01 5f 91 4e", "7f 00", 10001,
     "10001 fields of a struct type; at most 10000 are allowed; in type 0; in the type section"},
    {1, "c1 84 3d", "4e 01 5f 00", 1000001,
     "1000001 types; at most 1000000 are allowed; in the type section"},
    {1, "a0 c2 1e", "4e 03 5f 00 5f 00 5f 00", 500000,
     "more than 1000000 types; in the type section"},
    {2, "c1 84 3d", "00 00 00 00", 1000001,
     "1000001 imports; at most 1000000 are allowed; in the import section"},
    {2, "e9 07", "00 00 02 00 00", 1001, "more than 1000 memories; in the import section"},
    {3, "c1 84 3d", "00", 1000001,
     "1000001 functions; at most 1000000 are allowed; in the function section"},
    {4, "a1 8d 06", "70 00 00", 100001,
     "100001 tables; at most 100000 are allowed; in the table section"},
    {5, "e9 07", "00 00", 1001, "1001 memories; at most 1000 are allowed; in the memory section"},
    {13, "c1 84 3d", "00 00", 1000001,
     "1000001 tags; at most 1000000 are allowed; in the tag section"},
    {6, "c1 84 3d", "7f 00 0b", 1000001,
     "1000001 globals; at most 1000000 are allowed; in the global section"},
    {7, "c1 84 3d", "00 00 00", 1000001,
     "1000001 exports; at most 1000000 are allowed; in the export section"},
    {9, "01 01 00 81 ad e2 04", "00", 10000001,
     "10000001 items; at most 10000000 are allowed; in element segment 0; in the element section"},
    {9, "81 ad e2 04", "01 00 00", 10000001,
     "10000001 element segments; at most 10000000 are allowed; in the element section"},
    {10, "c1 84 3d", "00", 1000001,
     "1000001 function bodies; at most 1000000 are allowed; in the code section"},
    {11, "c1 84 3d", "01 00", 1000001,
     "1000001 data segments; at most 1000000 are allowed; in the data section"},
};
/* clang-format on */

static void expect_limit(const uint8_t *bytes, size_t size, const char *text)
{
    struct arena a;
    struct wm_module m;
    struct diag dg = {0};

    arena_init(&a, (size_t)1 << 30);
    enum status st = wm_read_module(bytes, size, wm_features_all(), &a, &m, &dg);
    tap_ok(st == ST_LIMIT && strcmp(dg.text, text) == 0, "limit: %s", dg.text);
    arena_free(&a);
}

static void test_limits(void)
{
    size_t size = 0;

    for (uint32_t i = 0; i < LENGTH_OF(limit_rows); i++) {
        uint8_t *bytes = repeated(limit_rows[i].id, limit_rows[i].head, limit_rows[i].item,
                                  limit_rows[i].count, &size);
        expect_limit(bytes, size, limit_rows[i].text);
        free(bytes);
    }
    uint8_t *bytes = malloc(8 << 20);
    if (bytes == NULL)
        abort();
    memset(bytes, 1, 8 << 20);
    size = hex_append(bytes, 0, "H 03 02 01 00 0a"); /* one body of 7,654,322 bytes */
    size = append_u32(bytes, size, 7654322 + 5);
    size = append_u32(bytes, size, 1);
    size = append_u32(bytes, size, 7654322);
    expect_limit(bytes, size + 7654322,
                 "7654322 bytes of a function body; at most 7654321 are allowed; in function 0; in "
                 "the code section");
    size = hex_append(bytes, 0, "H");
    for (uint32_t i = 0; i < 100001; i++)
        size = hex_append(bytes, size, "00 01 00");
    expect_limit(bytes, size, "more than 100000 custom sections; in a custom section");
    expect_limit(bytes, (size_t)WM_MAX_MODULE_BYTES + 1, /* refused before a byte is read */
                 "1073741825 bytes of a module; at most 1073741824 are allowed");
    free(bytes);
}

/* Claims are refused from the few bytes that make them, before memory is taken for them. */
static void test_claims(void)
{
    static const uint8_t ids[] = {1, 2, 3, 4, 5, 13, 6, 7, 9, 10, 11};
    size_t most = 0;
    uint32_t refused = 0;

    for (uint32_t i = 0; i < LENGTH_OF(ids); i++) {
        uint8_t bytes[64];
        size_t size = hex_append(bytes, 0, "H");
        struct arena a;
        struct wm_module m;
        bytes[size++] = ids[i];
        size = hex_append(bytes, size, "06 ff ff ff ff 0f 00");
        arena_init(&a, ARENA_BYTES);
        refused += wm_read_module(bytes, size, wm_features_all(), &a, &m, NULL) == ST_MALFORMED;
        most = MAX(most, a.used_bytes);
        arena_free(&a);
    }
    tap_ok(refused == LENGTH_OF(ids) && most <= 4096, "%u claims of 2^32, at most %zu bytes taken",
           refused, most);
}

static const struct {
    uint8_t id;
    const char *head, *item; /* head ends in the count */
    size_t count;
} dense_rows[] = {
    {1,  "a0 8d 06",       "5f 00",                   100000},
    {1,  "01 4e a0 8d 06", "5f 00",                   100000},
    {1,  "a0 8d 06",       "4e 03 5f 00 5f 00 5f 00", 100000},
    {2,  "a0 8d 06",       "00 00 00 00",             100000},
    {3,  "a0 8d 06",       "00",                      100000},
    {4,  "a0 8d 06",       "70 00 00",                100000},
    {5,  "e8 07",          "00 00",                   1000  },
    {13, "a0 8d 06",       "00 00",                   100000},
    {6,  "a0 8d 06",       "7f 00 0b",                100000},
    {7,  "a0 8d 06",       "00 00 00",                100000},
    {9,  "a0 8d 06",       "01 00 00",                100000},
    {11, "a0 8d 06",       "01 00",                   100000},
};

/* What read.h promises, where the smallest items stand as densely as they can. */
static void test_memory_bound(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(dense_rows); i++) {
        size_t size = 0;
        uint8_t *bytes = repeated(dense_rows[i].id, dense_rows[i].head, dense_rows[i].item,
                                  dense_rows[i].count, &size);
        struct arena a;
        struct wm_module m;
        struct diag dg = {0};
        arena_init(&a, (size_t)1 << 30);
        enum status st = wm_read_module(bytes, size, wm_features_all(), &a, &m, &dg);
        bool is_func = dense_rows[i].id == WM_SECTION_FUNC; /* lacks its code */
        tap_ok((is_func ? st == ST_MALFORMED : st == ST_OK) && a.used_bytes <= 256 * size + 65536,
               "section %u of %zu bytes takes %zu bytes; %s", dense_rows[i].id, size, a.used_bytes,
               dg.text);
        arena_free(&a);
        free(bytes);
    }
}

/* ---- locals ---- */

/* clang-format off */
static const struct {
    const char *name, *hex;
    enum status status;
    uint32_t total, visits;
    const char *text;
} local_rows[] = {
    {"none", "00", ST_OK, 0, 0, ""},
    {"two groups", "02 03 7f 01 7e", ST_OK, 4, 2, ""},
    {"empty groups", "02 00 7f 00 7e", ST_OK, 0, 0, ""},
    {"the most", "01 d0 86 03 7f", ST_OK, 50000, 1, ""},
    {"one more", "01 d1 86 03 7f", ST_LIMIT, 0, 0,
     "50001 locals of a function; at most 50000 are allowed"},
    {"2^32", "02 ff ff ff ff 0f 7f 01 7f", ST_MALFORMED, 0, 0,
     "too many locals: expected fewer than 2^32, found 4294967296"},
    {"cut", "01 01", ST_MALFORMED, 0, 0,
     "unexpected end: 1 groups of locals claimed, of 2 or more bytes each; 1 remain"},
    {"bad type", "01 01 78", ST_MALFORMED, 0, 0, "malformed value type: byte 0x78 names none"},
    {"cut count", "01 80 80", ST_MALFORMED, 0, 0, "unexpected end: expected more bytes of a u32"},
};
/* clang-format on */

static void count_visit(void *ctx, uint32_t count, struct wm_valtype t)
{
    (void)t;
    *(uint32_t *)ctx += count != 0;
}

static void test_locals(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(local_rows); i++) {
        uint8_t bytes[64];
        struct wm_reader r = {.bytes = bytes, .end = hex_append(bytes, 0, local_rows[i].hex)};
        struct wm_reader again = r;
        uint32_t total = 0, visits = 0;
        struct diag dg = {0};
        enum status st = wm_read_locals(&r, &total, count_visit, &visits, &dg);
        bool pass = st == local_rows[i].status && total == local_rows[i].total &&
                    (st != ST_OK || visits == local_rows[i].visits) &&
                    strcmp(dg.text, local_rows[i].text) == 0;
        pass = pass && wm_read_locals(&again, &total, NULL, NULL, NULL) == st;
        tap_ok(pass, "locals, %s: %u in %u groups; %s", local_rows[i].name, total, visits, dg.text);
    }
}

/* ---- memory ---- */

static void test_memory_runs_out(void)
{
    static uint8_t bytes[MODULE_BYTES_MAX];
    size_t size = hex_append(bytes, 0, full_module);
    struct arena a;
    struct wm_module m;
    struct diag dg = {0};
    uint64_t nth = 1;
    uint32_t refused = 0;

    arena_init(&a, 1000);
    enum status st = wm_read_module(bytes, size, wm_features_all(), &a, &m, &dg);
    tap_ok(st == ST_LIMIT, "an arena that is too small: %s", dg.text);
    arena_free(&a);
    for (bool hit = true; hit && nth < 100; nth++) {
        arena_init(&a, ARENA_BYTES);
        mem_fault_set(nth);
        st = wm_read_module(bytes, size, wm_features_all(), &a, &m, &dg);
        hit = mem_fault_hit();
        mem_fault_set(0);
        refused += hit && st == ST_NO_MEMORY;
        arena_free(&a);
    }
    tap_ok(st == ST_OK && refused == nth - 2 && refused >= 1, "each of %u failing allocations",
           refused);
}

int main(void)
{
    test_rows();
    test_contents();
    test_truncation();
    test_cut_sections();
    test_limits();
    test_claims();
    test_memory_bound();
    test_locals();
    test_memory_runs_out();
    return tap_done();
}
