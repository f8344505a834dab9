#!/usr/bin/perl
# docs/embedding.md is a program: its C pieces, one after the other, compile without a warning, and what
# that prints is what the text boxes say.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
my $build = $ENV{MUJUN_BUILD} // "$top/build/release";
my $cc = $ENV{CC} || 'gcc';
my %flags = (asan => '-fsanitize=address,undefined', cov => '--coverage');
my $flags = $flags{ $ENV{MUJUN_B} // 'release' } // '';
my $dir = tempdir(CLEANUP => 1);

open my $in, '<', "$top/docs/embedding.md" or die "docs/embedding.md: $!";
my ($kind, %part) = ('');
while (<$in>) {
    if (/^```(\w*)$/) {
        $part{c} .= "#line " . ($. + 1) . " \"docs/embedding.md\"\n" if $1 eq 'c' && !$kind;
        $kind = $kind ? '' : $1;
        next;
    }
    $part{$kind} .= $_ if $kind;
}
like($part{c}, qr/int main/, 'the guide has a program');
open my $out, '>', "$dir/tour.c" or die;
print $out $part{c};
close $out;

my $log = qx{$cc -std=c11 -Wall -Wextra -Wpedantic -Werror $flags -I$top/include -o $dir/tour $dir/tour.c $build/libmujun.a -lm -lpthread 2>&1};
is($?, 0, 'it compiles without a warning') or diag $log;
is(qx{$dir/tour 2>&1}, $part{text}, 'it prints what the guide says');
is($?, 0, 'and ends well');
done_testing();
