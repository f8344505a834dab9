/*
 * cache: artefacts by what they were made from, in a folder of files:
 *
 *   <folder>/<SHA-256 of module, options, processor features and compiler, in hex>.cwasm
 *
 * Nothing in it is trusted: whoever can write there can make a run slow or wrong, not unsafe
 * (artefact.h). Everything here may fail silently: a run without a cache is only slower. Files are
 * written beside and renamed, so that readers see all or nothing. When the files grow beyond
 * NATIVE_CACHE_BYTES_MAX those longest unused go. SPDX-License-Identifier: Apache-2.0
 */
#ifndef SHIELD_NATIVE_CACHE_H
#define SHIELD_NATIVE_CACHE_H

#include "base/buf.h"
#include "base/sha256.h"

#define NATIVE_CACHE_BYTES_MAX ((uint64_t)2 << 30)

struct native_cached {
    uint8_t *bytes; /* mapped; NULL: not there */
    size_t size;
};
struct native_cached native_cache_get(const char *folder, const uint8_t key[SHA256_BYTES]);
void native_cache_release(struct native_cached *c);
/* Keeps a file whose contents are these parts, one behind the other. */
void native_cache_put(const char *folder, const uint8_t key[SHA256_BYTES], const struct str *parts,
                      uint32_t part_count);
/* Adds to a key the build id of the object that the compiler is in. False: it was linked without
 * one (ld --build-id); artefacts of two builds could not be told apart, and none may be kept. */
bool native_cache_add_build(struct sha256 *key);

#endif /* SHIELD_NATIVE_CACHE_H */
