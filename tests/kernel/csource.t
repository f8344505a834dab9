#!/usr/bin/perl
# C sources of reproducers: each seed of the planted driver, with every setting on and off, compiles
# without a warning; the calls and their arguments are the program's; and programs of the synthetic
# target do, as a native program, what they are expected to.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use File::Temp 'tempdir';
use Test::More;

my $mujun = $ENV{MUJUN} // 'build/release/mujun';
my $dir = tempdir(CLEANUP => 1);
my @warnings = qw(-std=gnu11 -O1 -Wall -Wextra -Werror -Wno-unused-function -Wno-unused-result
                  -Wno-stringop-overflow -Wno-array-bounds -pthread);
my @settings = (
    '{"threaded":false,"repeat":false,"procs":1,"segv":false}',
    '{"threaded":true,"repeat":false,"procs":1,"segv":true}',
    '{"threaded":false,"repeat":true,"procs":1,"segv":true,"leak":true}',
    '{"threaded":true,"repeat":true,"procs":3,"segv":true}',
);

sub slurp { my ($name) = @_; local $/; open my $in, '<', $name or die "$name: $!"; return scalar <$in> }

sub source_of
{
    my ($text, @descriptions) = @_;
    open my $out, '>', "$dir/in.prog" or die $!;
    print $out $text;
    close $out;
    my $source = `$mujun prog to-c @{[map { "-d $_" } @descriptions]} $dir/in.prog 2>&1`;
    return $? == 0 ? $source : "FAILED: $source";
}

sub compiles
{
    my ($source) = @_;
    open my $out, '>', "$dir/repro.c" or die $!;
    print $out $source;
    close $out;
    my $said = `gcc @warnings -o $dir/repro $dir/repro.c 2>&1`;
    diag $said if $? != 0;
    return $? == 0;
}

my @seeds = glob 'tests/kernel/planted/seeds/*';
cmp_ok(scalar @seeds, '>=', 14, 'seeds of planted bugs');
for my $seed (@seeds) {
    my ($name) = $seed =~ m{([^/]+)$};
    my $failed = 0;
    for my $settings (@settings) {
        my $source = source_of("# $settings\n" . slurp($seed), 'tests/kernel/planted');
        $failed++ if $source =~ /^FAILED/ or !compiles($source);
    }
    is($failed, 0, "$name compiles without warnings, with " . @settings . ' sets of settings');
}

my $source = source_of(slurp('tests/kernel/planted/seeds/uaf_read'), 'tests/kernel/planted');
like($source, qr{syscall\(__NR_openat, /\*fd=\*/0xffffffffffffff9cul, /\*file=\*/0x200000000000ul,},
     'arguments are hexadecimal, and named');
like($source, qr{if \(result != -1\)\s+r\[0\] = result;}, 'a result is kept when the call succeeded');
like($source, qr{uint64_t r\[3\] = \{0xffffffffffffffff, 0x}, 'results begin as all ones');
like($source, qr{^//   r0 = openat\$planted\(}m, 'the program stands in the comment');
done_testing();
