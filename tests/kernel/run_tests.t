#!/bin/sh
# The synthetic programs of the public suite, run by the executor on this computer: every file
# passes, or is skipped because it is for big-endian machines.
# SPDX-License-Identifier: Apache-2.0
here=$(cd "$(dirname "$0")/../.." && pwd)
suites=${MUJUN_SUITES:-$here/../shared/suites}
mujun=${MUJUN:-$here/build/release/mujun}

if [ ! -d "$suites/syzprog/test" ]; then
    echo '1..0 # SKIP no test suites: set MUJUN_SUITES, or put them in ../shared/suites'
    exit 0
fi
if [ ! -x "$(dirname "$mujun")/mujun-executor" ]; then
    echo '1..0 # SKIP no executor beside mujun: the static C library is missing'
    exit 0
fi
out=$("$mujun" prog run --tests --arch 64 -d "$suites/syzlang/test" "$suites"/syzprog/test/* 2>&1)
printf '%s\n' "$out" | sed 's/^/# /'
count=0
check() { # what, found, wanted
    count=$((count + 1))
    if [ "$2" = "$3" ]; then echo "ok $count - $1: $2"; else echo "not ok $count - $1: expected $3, found $2"; fi
}
files=$(ls "$suites/syzprog/test" | wc -l)
passed=$(printf '%s\n' "$out" | grep -c '^passed ')
big=$(printf '%s\n' "$out" | grep -c '^skipped .*requires bigendian$')
check 'files that failed' "$(printf '%s\n' "$out" | grep -c '^failed ')" 0
check 'files that passed or are for big-endian machines' "$((passed + big))" "$files"
echo "1..$count"
