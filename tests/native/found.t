#!/usr/bin/perl
# found.wast at every tier and level.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use Test::More;

my $here = dirname(abs_path($0));
my $mujun = $ENV{MUJUN} // "$here/../../build/release/mujun";
for my $options (['--tier', 'interpreter'], ['--tier', 'compiled', '-O0'], ['--tier', 'compiled', '-O2']) {
    open(my $pipe, '-|', $mujun, 'wast', @$options, "$here/found.wast") or die;
    my @said = <$pipe>;
    is(close($pipe) ? '' : "@said", '', "@$options: $said[-1]" =~ s/\n//r);
}
done_testing();
