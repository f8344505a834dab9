#!/bin/bash
# A real log of strace becomes programs that our descriptions accept and that can be encoded.
# SPDX-License-Identifier: Apache-2.0
set -u
mujun=${MUJUN:-build/release/mujun}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if ! command -v strace >/dev/null; then
    echo '1..0 # SKIP strace is not installed'
    exit 0
fi
if ! strace -f -o "$work/log" sh -c 'mkdir "$0/a" && ls "$0" | sort >"$0/a/list" && cat "$0/a/list"' "$work" \
    >/dev/null 2>"$work/error"; then
    echo "1..0 # SKIP strace cannot trace here: $(head -1 "$work/error")"
    exit 0
fi
echo 1..3
"$mujun" prog import-strace -o "$work/seeds" "$work/log" 2>"$work/said"
sed 's/.*log: /# /' "$work/said"
calls=$(sed -n 's/.*log: \([0-9]*\) calls: .*/\1/p' "$work/said")
taken=$(sed -n 's/.* calls: \([0-9]*\) in .*/\1/p' "$work/said")
[ -n "$taken" ] && [ "$taken" -gt $((calls / 2)) ] || printf 'not '
echo "ok 1 - more than half of the calls are described: ${taken:-none} of ${calls:-none}"
"$mujun" prog check "$work"/seeds/*.prog >"$work/checked" 2>&1 || printf 'not '
echo "ok 2 - programs are whole: $(wc -l <"$work/checked")"
grep -qh '= openat' "$work"/seeds/*.prog && grep -qh 'close(r' "$work"/seeds/*.prog || printf 'not '
echo 'ok 3 - results are followed'
