#!/usr/bin/perl
# Compiled code counts fuel exactly as the interpreter does: the least amount a program needs is the
# same, and with one unit less it ends in the same way.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
my $mujun = $ENV{MUJUN} // "$top/build/release/mujun";
my $work = tempdir(CLEANUP => 1);

my %programs = (
    straight => '(func (export "f") (result i32) (i32.add (i32.const 1) (i32.const 2)))',
    calls => '(func $fib (export "f") (param i32) (result i32)
        (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
            (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))',
    loop => '(memory 1) (func (export "f") (param i32) (result i32) (local $s i32)
        (loop $l
            (i32.store (local.get 0) (i32.add (local.get $s) (i32.load offset=4 (local.get 0))))
            (local.set $s (i32.xor (local.get $s) (local.get 0)))
            (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get $s))',
    switch => '(func (export "f") (param i32) (result i32) (local $s i32)
        (loop $again
            (block $a (block $b (block $c (br_table $a $b $c (i32.and (local.get 0) (i32.const 3))))
                (local.set $s (i32.add (local.get $s) (i32.const 5))))
                (local.set $s (i32.mul (local.get $s) (i32.const 3))))
            (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
        (local.get $s))',
    table => '(type $t (func (param i32) (result i32))) (table funcref (elem $one $two))
        (func $one (type $t) (i32.add (local.get 0) (i32.const 1)))
        (func $two (type $t) (i32.mul (local.get 0) (i32.const 7)))
        (func (export "f") (param i32) (result i32) (local $s i32)
            (loop $l (local.set $s (call_indirect (type $t) (local.get $s) (i32.and (local.get 0) (i32.const 1))))
                (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get $s))',
    trap => '(memory 1) (func (export "f") (param i32) (result i32)
        (loop $l (local.set 0 (i32.add (local.get 0) (i32.load8_u (i32.mul (local.get 0) (local.get 0)))))
            (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br $l)) (unreachable))',
);

# Exit code and what was said, without the amount.
sub run {
    my ($name, $fuel, @options) = @_;
    my @arg = $name eq 'straight' ? () : (17);
    open(my $pipe, '-|', 'sh', '-c', '"$@" 2>&1', 'sh', $mujun, 'run', '--no-cache', @options, '--fuel', $fuel, '--invoke', 'f', "$work/$name.wat", @arg) or die;
    my $said = do { local $/; <$pipe> } // '';
    close $pipe;
    return ($? >> 8) . " $said";
}

for my $name (sort keys %programs) {
    open my $out, '>', "$work/$name.wat" or die;
    print $out "(module $programs{$name})\n";
    close $out;
    my ($low, $high) = (0, 200_000); # not enough, enough
    while ($high - $low > 1) {
        my $middle = int(($low + $high) / 2);
        (run($name, $middle, '--tier', 'interpreter') =~ /out of fuel/ ? $low : $high) = $middle;
    }
    cmp_ok($high, '<', 200_000, "$name needs $high units");
    for my $level (0, 2) {
        my @options = ('--tier', 'compiled', "-O$level");
        for my $fuel ($high, $high - 1, int($high / 2), 0) {
            is(run($name, $fuel, @options), run($name, $fuel, '--tier', 'interpreter'), "$name, -O$level, $fuel units");
        }
    }
}
done_testing();
