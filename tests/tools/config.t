#!/usr/bin/perl
# docs/kernel-fuzzing.md has every key of config.def; a change of the table is noticed.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
is(system("$top/tools/config-doc --check"), 0, 'docs/kernel-fuzzing.md is up to date');

my $copy = tempdir(CLEANUP => 1);
make_path("$copy/tools", "$copy/docs", "$copy/src/spear/manager");
system("cp $top/tools/config-doc $copy/tools/; cp $top/docs/kernel-fuzzing.md $copy/docs/; " .
       "cp $top/src/spear/manager/config.def $copy/src/spear/manager/") == 0 or BAIL_OUT('cp failed');
system("sed -i 's/\"max_corpus\"/\"corpus_most\"/' $copy/src/spear/manager/config.def");
isnt(system("$copy/tools/config-doc --check 2>/dev/null"), 0, 'a key renamed: refused');
is(system("$copy/tools/config-doc"), 0, 'written again');
is(system("$copy/tools/config-doc --check"), 0, 'it is up to date');
is(qx{grep -c '`corpus_most`' $copy/docs/kernel-fuzzing.md}, "1\n", 'with the new name');
my $rows = () = qx{cat $top/src/spear/manager/config.def} =~ /^KEY\(/mg;
my ($table) = qx{cat $top/docs/kernel-fuzzing.md} =~ /^<!-- keys.*?^<!-- end/ms ? $& : '';
my $documented = () = $table =~ /^\| `[a-z_.]+` \|/mg;
is($documented, $rows, "every one of $rows keys is documented");
done_testing();
