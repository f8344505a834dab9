#!/bin/bash
# Real programs, unmodified: each is run in the sandbox and its output compared with what is known.
# Prints a table of seconds and peak memory. Fetches the programs on first use (tests/apps/setup).
# The sanitizer build runs the small ones only, and says so: the large ones take it many minutes.
# SPDX-License-Identifier: Apache-2.0
set -u
here=$(cd "$(dirname "$0")" && pwd)
mujun=${MUJUN:-$here/../../build/release/mujun}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0 failed=0

if ! apps=$("$here/setup" 2>"$work/setup.log"); then
    echo "1..0 # SKIP the programs could not be fetched: $(tail -n 1 "$work/setup.log")"
    exit 0
fi
"${CC:-cc}" -O1 -o "$work/measure" "$here/measure.c" || { echo "Bail out! measure.c does not compile"; exit 1; }

# Runs a program; leaves $work/out, $work/err, $code and the figures.
run() { # LABEL OPTIONS... -- MODULE ARGS...   (stdin: $work/in)
    label=$1
    shift
    local options=()
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    local module=$apps/$2.wasm
    shift 2
    : >"$work/figures"
    "$work/measure" "$work/figures" "$mujun" run "${options[@]}" "$module" "$@" \
        <"$work/in" >"$work/out" 2>"$work/err"
    code=$?
    read -r seconds peak_kib <"$work/figures"
    printf '%-34s %8s s %7d MiB\n' "$label" "$seconds" "$((peak_kib / 1024))" >>"$work/table"
}

result() { # OK? MESSAGE
    count=$((count + 1))
    if [ "$1" = 0 ]; then echo "ok $count - $label"; return; fi
    failed=1
    echo "not ok $count - $label"
    echo "# $2 (exit $code)"
    head -c 2000 "$work/out" | sed 's/^/# out: /' | head -n 12
    head -c 2000 "$work/err" | sed 's/^/# err: /' | head -n 12
}
expect() { # EXPECTED STDOUT, exit 0
    printf '%s\n' "$1" >"$work/want"
    cmp -s "$work/out" "$work/want" && [ "$code" = 0 ]
    result $? "expected on stdout: $1"
}
skip() { # LABEL REASON
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}
input() { printf '%s' "$1" >"$work/in"; }
mkdir "$work/dir"
input ''
large=1
[ "${MUJUN_B:-release}" != asan ] || large=''

if [ -n "$large" ]; then
    run 'python: json, hashlib' -- python -c 'import json,hashlib;print(hashlib.sha256(json.dumps(list(range(1000))).encode()).hexdigest())'
    expect 3e726f1b6f58ece8e52f367572eb99447da3892ff52903b8790cc8472451385c
    run 'python: re' -- python -c 'import re; print(re.sub(r"(\w+)@(\w+)", r"\2 at \1", "ann@home bob@work"), re.findall(r"\d+", "a1b22"))'
    expect "home at ann work at bob ['1', '22']"
    run 'python: traceback' -- python -c $'def f(x):\n    return 1 / x\nf(0)'
    [ "$code" = 1 ] && grep -q '^Traceback (most recent call last):' "$work/err" &&
        grep -q '^ZeroDivisionError: division by zero' "$work/err"
    result $? 'expected a traceback that ends in ZeroDivisionError, and exit code 1'
    run 'python: exit code' -- python -c 'import sys; exec(compile("print(6*7)", "x", "exec")); sys.exit(3)'
    [ "$code" = 3 ] && [ "$(cat "$work/out")" = 42 ]
    result $? 'expected 42 and exit code 3'
    input $'# hi *there*\n'
    run 'pandoc: markdown to html' --feature legacy-exceptions --dir "$work/dir::/" -- pandoc -f markdown -t html
    expect '<h1 id="hi-there">hi <em>there</em></h1>'
    run 'flite: speech' --dir "$work/dir::/" -- flite -t 'hello world' -o /o.wav
    [ "$code" = 0 ] && [ "$(stat -c %s "$work/dir/o.wav")" = 17246 ] && [ "$(head -c 4 "$work/dir/o.wav")" = RIFF ]
    result $? 'expected a RIFF file of 17246 bytes'
else
    for label in 'python: json, hashlib' 'python: re' 'python: traceback' 'python: exit code' \
        'pandoc: markdown to html' 'flite: speech'; do
        skip "$label" 'run by the release build; the sanitizer build takes minutes for it'
    done
fi

input $'select sqlite_version(), 6*7;\n'
run 'sqlite: shell' -- sqlite
expect '3.40.1|42'
input $'create table t(a integer primary key, b text);\ninsert into t(b) values (\'x\'),(\'y\'),(\'z\');\nselect count(*), max(b) from t;\n'
run 'sqlite: new database file' --dir "$work/dir::/" -- sqlite /t.db
expect '3|z'
input $'pragma integrity_check;\nselect group_concat(b) from t;\n'
run 'sqlite: the file again' --dir "$work/dir::/" -- sqlite /t.db
expect $'ok\nx,y,z'
input ''
run 'sqlite: speedtest1 --size 5' -- speedtest1 --size 5 --memdb
[ "$code" = 0 ] && grep -q '^ *TOTAL' "$work/out"
result $? 'expected a table that ends in TOTAL'

run 'lua: a million squares' -- lua -e 'local t={} for i=1,1000000 do t[i]=i*i end print(#t,_VERSION)'
expect $'1000000\tLua 5.4'

head -c 600000 "$mujun" >"$work/in"
cp "$work/in" "$work/original"
run 'bzip2: compress' -- bzip2 -c
if command -v bzip2 >/dev/null; then
    [ "$code" = 0 ] && bzip2 -dc <"$work/out" | cmp -s - "$work/original"
    result $? 'the native bzip2 should unpack it to the original'
else
    skip "$label" 'no native bzip2 here to compare with'
fi
cp "$work/out" "$work/in"
run 'bzip2: round trip' -- bzip2 -dc
cmp -s "$work/out" "$work/original"
result $? 'expected the original'
cp "$work/original" "$work/in"
run 'minigzip: compress' -- minigzip
[ "$code" = 0 ] && gzip -dc <"$work/out" | cmp -s - "$work/original"
result $? 'the native gzip should unpack it to the original'
gzip -c "$work/original" >"$work/in"
run 'minigzip: unpack' -- minigzip -d
cmp -s "$work/out" "$work/original"
result $? 'expected the original'

echo "1..$count"
{ # on standard error, where prove lets it through
    echo '# program                              seconds  peak memory'
    sed 's/^/# /' "$work/table"
} >&2
exit $failed
