#!/bin/sh
# Scripts that try to leave the sandbox at its edges: every line of tests/interp/boundary/*.wast is
# one attempt and how it must end. Run by make check in every build, so under sanitizers too.
# SPDX-License-Identifier: Apache-2.0
here=$(cd "$(dirname "$0")" && pwd)
mujun=${MUJUN:-$here/../../build/release/mujun}
count=0
for script in "$here"/boundary/*.wast; do
    count=$((count + 1))
    name=$(basename "$script" .wast)
    case $name in
    threads | legacy-exceptions) feature="--feature=$name" ;;
    *) feature= ;;
    esac
    if out=$("$mujun" wast $feature "$script" 2>&1); then
        echo "ok $count - $name: ${out##*: }"
    else
        echo "not ok $count - $name"
        echo "$out" | sed 's/^/# /'
    fi
done
echo "1..$count"
