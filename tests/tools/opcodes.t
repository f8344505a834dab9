#!/usr/bin/perl
# docs/opcodes.md is what opcodes.def says; a change of the table is noticed.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
is(system("$top/tools/opcode-doc --check"), 0, 'docs/opcodes.md is up to date');

my $copy = tempdir(CLEANUP => 1);
make_path("$copy/tools", "$copy/docs", "$copy/src/shield/wasm");
system("cp $top/tools/opcode-doc $copy/tools/; cp $top/docs/opcodes.md $copy/docs/; " .
       "cp $top/src/shield/wasm/*.def $copy/src/shield/wasm/") == 0 or BAIL_OUT('cp failed');
is(system("$copy/tools/opcode-doc --check"), 0, 'a copy is, too');
system("sed -i 's/\"i32.add\"/\"i32.plus\"/' $copy/src/shield/wasm/opcodes.def");
isnt(system("$copy/tools/opcode-doc --check 2>/dev/null"), 0, 'an operator renamed: refused');
is(system("$copy/tools/opcode-doc >/dev/null"), 0, 'written again');
is(system("$copy/tools/opcode-doc --check"), 0, 'it is up to date');
is(qx{grep -c '`i32.plus`' $copy/docs/opcodes.md}, "1\n", 'with the new name');
my $rows = () = qx{cat $top/src/shield/wasm/opcodes.def} =~ /^OP\(/mg;
my $documented = () = qx{cat $top/docs/opcodes.md} =~ /^\| `[0-9a-f]{2}/mg;
is($documented, $rows, "every one of $rows rows is documented");
done_testing();
