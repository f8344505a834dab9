#!/usr/bin/perl
# A front end of its own over the code generator: the example compiler is built against the library,
# compiles two programs to objects, the system's linker makes programs of them, and they do what
# they say. Objects are what other tools understand; wrong programs are refused.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
my $b = $ENV{MUJUN_B} // 'release';
my $build = $ENV{MUJUN_BUILD} // "$top/build/$b";
my $cc = $ENV{CC} || 'gcc';
my $example = "$top/examples/brainfuck";
my $work = tempdir(CLEANUP => 1);
plan skip_all => "the $b build links the sanitizers or counters into the library" if $b !~ /^(?:release|debug)$/;

my @lines = do { open my $in, '<', "$example/bfc.c" or die; <$in> };
cmp_ok(scalar @lines, '<', 300, 'the front end is short: ' . @lines . ' lines');
is(system("$cc -std=c11 -O1 -Wall -Wextra -Werror -I$top/include -o $work/bfc $example/bfc.c $build/libmujun.a -lm -lpthread"), 0, 'the front end builds');

sub program {
    my ($source, $name) = @_;
    return system("$work/bfc $source $work/$name.o && $cc -o $work/$name $work/$name.o") == 0;
}

ok(program("$example/alphabet.b", 'alphabet'), 'a program is compiled and linked');
is(qx{$work/alphabet}, join('', 'A' .. 'Z') . "\n", 'and prints the alphabet');
ok(program("$example/echo.b", 'echo'), 'a second one');
is(qx{printf 'one line\nand another' | $work/echo}, "one line\nand another", 'and copies its input');

# Off the tape: a trap, that is an illegal instruction, not a write somewhere.
open my $out, '>', "$work/left.b" or die;
print $out '+<+';
close $out;
ok(program("$work/left.b", 'left'), 'a program that leaves the tape');
is(system("$work/left") & 127, 4, 'ends with SIGILL');

open $out, '>', "$work/open.b" or die;
print $out '[[+]';
close $out;
isnt(system("$work/bfc $work/open.b $work/open.o 2>$work/said"), 0, 'a wrong program is refused');
like(do { local (@ARGV, $/) = "$work/said"; <> }, qr/a \[ without its \]/, 'with the reason');

like(qx{readelf -hsW $work/alphabet.o}, qr/REL \(Relocatable.*FUNC\s+GLOBAL\s+DEFAULT\s+1 main/s, 'readelf understands the object');
like(qx{readelf --debug-dump=frames $work/alphabet.o}, qr/DW_CFA_def_cfa_offset/, 'and its unwind table');

done_testing();
