#!/usr/bin/perl
# The whole chain on a real kernel, in a few minutes: machines boot, the machine check speaks, three
# planted bugs are found, minimised, and written as C that crashes a fresh machine with the same
# title. Needs QEMU and the kernel of `mujun kernel build --planted` in the cache: .ci/run builds it.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use File::Temp 'tempdir';
use JSON::PP;
use Test::More;

my $mujun = $ENV{MUJUN} // 'build/release/mujun';
plan skip_all => 'runs once, with the release build' if ($ENV{MUJUN_B} // 'release') ne 'release';
plan skip_all => 'qemu-system-x86_64 is not installed (tools/setup --kernel)'
    if system('command -v qemu-system-x86_64 >/dev/null 2>&1') != 0;
my $built = `$mujun kernel build --cached --planted --json 2>/dev/null`;
plan skip_all => 'no test kernel in the cache (mujun kernel build --planted)' if $? != 0;
my $kernel = decode_json($built)->{folder};

my $dir = tempdir('mujun-smoke-XXXXXX', TMPDIR => 1, CLEANUP => 1);
my $table = `VERBOSE=1 tests/kernel/check-kernel --kernel $kernel --minutes 5 --enough 3 --workdir $dir/w 2>$dir/log`;
my $status = $?;
my $log = do { local $/; open my $in, '<', "$dir/log" or die $!; <$in> };
like($log, qr/^\S+ \S+ machine check:$/m, 'the machine check is printed');
like($log, qr/syscalls +: \d+\/\d+$/m, 'with the calls that can be made');
like($log, qr/code coverage +: enabled$/m, 'with coverage');
like($log, qr/VMs \d+, executed \d+, cover [1-9]\d*, crashes \d+, repro \d+/, 'a status line has cover');
is($status, 0, 'three planted bugs are found and reproduced in C');
diag $log if $status != 0;
my ($c) = glob "$dir/w/crashes/*/repro.cprog";
# Without -x gcc takes the name for a linker's input, and is content with any bytes.
ok(defined $c && system("gcc -x c -fsyntax-only -w $c") == 0, 'a C file of the work directory compiles');
note $_ for split /\n/, $table;
done_testing();
