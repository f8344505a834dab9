#!/usr/bin/perl
# A real machine: boots a kernel under QEMU, runs programs in it, copies it. Takes $MUJUN_KERNEL, else
# the newest kernel that `mujun kernel build` has left in the cache; SKIP where there is none.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use JSON::PP;
use Test::More;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
my $mujun = $ENV{MUJUN} // "$top/build/release/mujun";
my $cache = ($ENV{XDG_CACHE_HOME} // "$ENV{HOME}/.cache") . '/mujun/kernel';
my ($kernel) = grep { defined && -r } $ENV{MUJUN_KERNEL}, sort { -M $a <=> -M $b } glob "$cache/*/bzImage";

plan skip_all => 'qemu-system-x86_64 is not installed' if !grep { -x "$_/qemu-system-x86_64" } split /:/, $ENV{PATH};
plan skip_all => "no kernel: set MUJUN_KERNEL, or make one with `mujun kernel build`" if !$kernel;
plan skip_all => 'a sanitizer makes the emulated time run out' if ($ENV{MUJUN_B} // '') eq 'asan';

open my $in, '-|', $mujun, 'doctor', '--json', '--kernel', $kernel or die "$mujun: $!\n";
my $text = do { local $/; <$in> };
close $in;
my $exit = $? >> 8;
my $report = eval { decode_json($text) };
my %row = map { $_->{check} => $_ } @{ $report->{checks} // [] };
is $exit, 0, 'doctor is content' or diag $text;

diag "$_: $row{$_}{text}" for grep { $row{$_} } 'kernel', 'accelerator', 'boot', 'snapshot', 'round trip', 'empty program', 'fresh process';
for my $check ('boot', 'console', 'executor', 'round trip', 'empty program', 'fresh process', 'snapshot') {
    is $row{$check}{verdict}, 'ok', $check or diag $row{$check}{text} // 'not there';
}
like $row{executor}{text} // '', qr/^\d+\.\d+/, 'the executor tells the version of its kernel';
my ($copy) = ($row{snapshot}{text} // '') =~ /copies of it in ([\d.]+) s/;
ok defined $copy && $copy < 3, 'a copy of a machine runs within three seconds' or diag $row{snapshot}{text};
done_testing;
