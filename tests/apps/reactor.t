#!/bin/bash
# Perl and Ruby as WASI reactors, through the embedder reactor.c: their output, their own errors, and
# what happens when they call an import that nobody defined.
# SPDX-License-Identifier: Apache-2.0
set -u
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${MUJUN_BUILD:-$top/build/release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
count=0 failed=0

if ! apps=$("$here/setup" perl ruby 2>"$work/setup.log"); then
    echo "1..0 # SKIP the programs could not be fetched: $(tail -n 1 "$work/setup.log")"
    exit 0
fi
case ${MUJUN_B:-release} in
asan) flags='-fsanitize=address,undefined' ;;
cov) flags='--coverage' ;;
*) flags='' ;;
esac
# shellcheck disable=SC2086 # several flags
"${CC:-cc}" -std=c11 -Wall -Wextra -Wpedantic -Werror $flags -I"$top/include" -o "$work/reactor" \
    "$here/reactor.c" "$build/libmujun.a" -lm -lpthread || { echo 'Bail out! reactor.c does not compile'; exit 1; }
mkdir -p "$work/root/dev"
: >"$work/root/dev/null"

check() { # LABEL EXIT STDOUT STDERR-PART LANGUAGE CODE
    local out code
    out=$("$work/reactor" "$5" "$apps/$5.wasm" "$6" "$work/root" 2>"$work/err")
    code=$?
    count=$((count + 1))
    if [ "$code" = "$2" ] && [ "$out" = "$3" ] && { [ -z "$4" ] || grep -qF -- "$4" "$work/err"; }; then
        echo "ok $count - $1"
    else
        failed=1
        echo "not ok $count - $1"
        printf 'exit %s\n%s\n' "$code" "$out" | cat - "$work/err" | head -n 20 | sed 's/^/# /'
    fi
}

# shellcheck disable=SC2016 # the variables are Perl's
check 'perl: hash, sort, regular expression' 0 'a=1,b=2
Hello World' '' perl 'my %h = (b => 2, a => 1); print join(",", map {"$_=$h{$_}"} sort keys %h), "\n";
    (my $s = "hello world") =~ s/(\w+)/\u$1/g; print "$s\n"'
check 'perl: die' 1 '' 'oh no at' perl 'die "oh no"'
check 'perl: the file system is the folder' 0 'dev' '' perl \
    'opendir(my $d, "/") or die; print grep {!/^\./} readdir $d'
if [ "${MUJUN_B:-release}" = asan ]; then
    count=$((count + 1))
    echo "ok $count - ruby # SKIP takes the sanitizer build too long"
else
    check 'ruby: blocks, standard library' 0 '3.4.1
[1, 4, 9]
{"a":[1,2.5,null]}' '' ruby 'require "json"; $stdout.sync = true; puts RUBY_VERSION
        puts (1..3).map { |x| x * x }.inspect, JSON.generate({a: [1, 2.5, nil]})'
    check 'ruby: raise' 1 '' 'oh no' ruby 'raise "oh no"'
    check 'ruby: an import of the browser' 2 '' 'call of an unknown import: rb-js-abi-host.eval-js' \
        ruby 'require "js"; JS.eval("1")'
fi
echo "1..$count"
exit $failed
