#!/usr/bin/perl
# The specification's own test suite: every command of every script must pass, none is skipped.
# A test point per file and tier, then the totals per part and the grand total. Each file runs in a
# process of its own, so that a crash costs one file. Tiers: the interpreter, and compiled code at
# each level of optimisation (where scripts use garbage collection or exceptions, those modules are
# interpreted). MUJUN_SPEC_TIERS=interpreter, O0, O2, or several with commas, chooses.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Test::More;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
my $mujun = $ENV{MUJUN} // "$top/build/release/mujun";
my $suite = ($ENV{MUJUN_SUITES} // "$top/../shared/suites") . '/wasm-spec';
plan skip_all => "no specification suite at $suite; set MUJUN_SUITES (see README.md)" unless -d $suite;

use constant SECONDS_MAX => 600; # per file; the slowest takes a few

# Folder under the suite, and the features its scripts were written for. The threads proposal was
# written on WebAssembly 1.0: it wants a second memory and a second table refused.
my @parts = (
    ['WebAssembly 3.0', '.', ''],
    ['custom annotations', 'custom', ''],
    ['legacy exceptions', 'legacy', 'legacy-exceptions'],
    ['threads', 'proposals/threads', 'threads,no-multi-memory,no-memory64,no-reference-types'],
    ['wide arithmetic', 'proposals/wide-arithmetic', 'wide-arithmetic'],
    ['custom page sizes', 'proposals/custom-page-sizes', 'custom-page-sizes'],
);

# Name in reports, and options of `mujun wast`.
my %tiers = (
    interpreter => ['--tier', 'interpreter'],
    O0 => ['--tier', 'auto', '-O0'],
    O2 => ['--tier', 'auto', '-O2'],
);
my @tiers = split /,/, $ENV{MUJUN_SPEC_TIERS} // 'interpreter,O0,O2';
exists $tiers{$_} or die "MUJUN_SPEC_TIERS: there is no tier $_\n" for @tiers;

# Runs one script; returns (passed, failed, what it said).
sub run_script {
    my ($path, $features, $tier) = @_;
    my @command = ('timeout', SECONDS_MAX, $mujun, 'wast', @{$tiers{$tier}}, $features ne '' ? ('--feature', $features) : (), $path);
    open(my $pipe, '-|', 'sh', '-c', '"$@" 2>&1', 'sh', @command) or die "cannot run $mujun: $!";
    my @said = <$pipe>;
    close($pipe);
    my $exit = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    chomp @said;
    my ($passed, $failed) = @said && $said[-1] =~ /: (\d+) passed, (\d+) failed$/ ? ($1, $2) : (0, 0);
    pop @said if @said && $said[-1] =~ / passed, \d+ failed$/;
    push @said, "exit code $exit" if $exit != 0;
    $failed++ if $exit != 0 && $failed == 0; # a script that broke off, or a crash
    return ($passed, $failed, @said);
}

my ($all_passed, $all_failed, $all_files) = (0, 0, 0);
my @totals;
for my $part (@parts) {
    my ($title, $folder, $features) = @$part;
    my @files = sort glob("$suite/$folder/*.wast");
    my ($part_passed, $part_failed) = (0, 0);
    ok(@files > 0, "$title: has scripts");
    for my $run (map { my $path = $_; map { [$path, $_] } @tiers } @files) {
        my ($path, $tier) = @$run;
        my ($passed, $failed, @said) = run_script($path, $features, $tier);
        my $name = (substr($path, length("$suite/")) =~ s{^\./}{}r) . " $tier";
        ok($failed == 0 && $passed > 0, "$name: $passed passed, $failed failed, 0 skipped")
            or diag(join("\n", @said > 12 ? (@said[0 .. 11], '...') : @said));
        push @totals, sprintf('%-60s %6d passed %5d failed 0 skipped', $name, $passed, $failed);
        $part_passed += $passed;
        $part_failed += $failed;
    }
    push @totals, sprintf('%-20s %4d files, each tier: %6d passed %5d failed 0 skipped%s', $title, scalar @files,
        $part_passed, $part_failed, $features ne '' ? "  (--feature $features)" : '');
    $all_passed += $part_passed;
    $all_failed += $part_failed;
    $all_files += @files;
}
# On standard error, where prove lets them through: make check prints the totals of every file.
diag('') if @totals;
diag($_) for @totals, sprintf('%-20s %4d files, each tier: %6d passed %5d failed 0 skipped', 'all', $all_files, $all_passed, $all_failed);
diag('not asked for, not run: proposals/custom-descriptors');
ok($all_failed == 0, "all: $all_files files, $all_passed passed, $all_failed failed, 0 skipped");
done_testing();
