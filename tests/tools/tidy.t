#!/usr/bin/perl
# tidy and layers refuse each thing they say they refuse, and accept a clean tree.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
my $head = "/* x: a sample. SPDX-License-Identifier: Apache-2.0 */\n";
my $flat_case = join '', map { "    case $_:\n        f();\n        break;\n" } 1 .. 40;
my $long_arm = "    case 1:\n" . ("        f();\n" x 90);

# Runs a tool on a tree of the given files; returns (exit code, what it said).
sub run_tool {
    my ($tool, %files) = @_;
    my $root = tempdir(CLEANUP => 1);
    make_path("$root/tools");
    for my $name (sort keys %files) {
        make_path(dirname("$root/$name"));
        open my $out, '>', "$root/$name" or die "$name: $!";
        print $out $files{$name};
        close $out;
    }
    if (!$files{'tools/layers.txt'}) {
        system 'cp', "$top/tools/layers.txt", "$root/tools/" and die 'cp';
    }
    my $said = `$top/tools/$tool $root 2>&1`;
    return ($? >> 8, $said);
}

my @tidy = (
    ['a clean file',         'src/base/x.c', "${head}int f(void)\n{\n    return 1;\n}\n", undef],
    ['1,201 lines',          'src/base/x.c', $head . "int a;\n" x 1200, qr/1201 lines, 1200 are allowed/],
    ['a line of 101',        'src/base/x.c', $head . '/*' . ('a' x 97) . "*/\n", qr/x\.c:2: 101 columns/],
    ['a tab',                'src/base/x.c', "${head}\tint a;\n", qr/a tab/],
    ['a trailing blank',     'src/base/x.c', "${head}int a; \n", qr/blanks at the end/],
    ['70 lines',             'src/base/x.c', "${head}int f(void)\n{\n" . "    f();\n" x 68 . "}\n", undef],
    ['71 lines',             'src/base/x.c', "${head}int f(void)\n{\n" . "    f();\n" x 69 . "}\n", qr/f has 71 lines, 70/],
    ['a flat switch',        'src/base/x.c', "${head}int f(void)\n{\n    switch (a) { /* tidy: flat */\n$flat_case    }\n}\n", undef],
    ['an unmarked switch',   'src/base/x.c', "${head}int f(void)\n{\n    switch (a) {\n$flat_case    }\n}\n", qr/f has 124 lines/],
    ['a switch not flat',    'src/base/x.c', "${head}int f(void)\n{\n    switch (a) { /* tidy: flat */\n$long_arm    }\n}\n", qr/not flat: an arm of 90 lines/],
    ['a brace misplaced',    'src/base/x.c', "${head}int f(void) {\n    return 1;\n}\n", qr/brace goes on its own line/],
    ['a banned call',        'src/base/x.c', "${head}int a = sprintf(b, c);\n", qr/sprintf\(\) is banned/],
    ['its name in a string', 'src/base/x.c', "${head}const char *a = \"sprintf(b)\"; /* strcpy(a) */\n", undef],
    ['malloc in src',        'src/base/x.c', "${head}int *a = malloc(4);\n", qr/malloc\(\) belongs in src\/base\/mem\.c/],
    ['malloc in mem.c',      'src/base/mem.c', "${head}int *a = malloc(4);\n", undef],
    ['a method named free',  'src/base/x.c', "${head}int a = ops->free(b);\n", undef],
    ['a bare to-do',         'src/base/x.c', "${head}/* TO" . "DO: later */\n", qr/DO without an issue number/],
    ['a numbered to-do',     'src/base/x.c', "${head}/* TODO(#12): later */\n", undef],
    ['no SPDX line',         'src/base/x.c', "/* x */\n", qr/no SPDX/],
    ['no purpose',           'src/base/x.c', "#include <a.h>\n$head", qr/opens without a comment/],
    ['aligned rows',         'src/base/x.def', "${head}ROW(A,   1)\nROW(BCD, 2)\n", undef],
    ['ragged rows',          'src/base/x.def', "${head}ROW(A, 1)\nROW(BCD, 22)\n", qr/column 2 of these 2 rows/],
    ['a long Makefile',      'Makefile', "# x\n" x 250, qr/Makefile: 250 lines/],
);
for (@tidy) {
    my ($name, $file, $text, $refusal) = @$_;
    my ($exit, $said) = run_tool('tidy', $file => $text);
    if ($refusal) { ok($exit == 1 && $said =~ $refusal, "tidy refuses $name") or diag $said }
    else { ok($exit == 0, "tidy accepts $name") or diag $said }
}

my @layers = (
    ['its own folder',   'src/base/x.c',         '"base/y.h"',        undef],
    ['beside the file',  'src/base/x.c',         '"y.h"',             undef],
    ['an allowed arrow', 'src/shield/wasm/x.c',  '"base/y.h"',        undef],
    ['a system header',  'src/base/x.c',         '<stdio.h>',         undef],
    ['upwards',          'src/base/x.c',         '"shield/wasm/z.h"', qr{x\.c:2: base may not include shield/wasm/z\.h; it may include nothing}],
    ['upwards by <>',    'src/base/x.c',         '<shield/wasm/z.h>', qr{base may not include}],
    ['the other wing',   'src/shield/wasm/x.c',  '"spear/engine/e.h"', qr{shield/wasm may not include spear/engine/e\.h}],
    ['one header only',  'src/spear/web/x.c',    '"spear/engine/stats.h"', undef],
    ['beside that one',  'src/spear/web/x.c',    '"spear/engine/e.h"', qr{spear/web may not include}],
    ['the API elsewhere', 'src/shield/wasm/x.c', '"mujun/mujun.h"',   qr{may not include mujun/mujun\.h}],
    ['the API in api',   'src/shield/api/x.c',   '"mujun/mujun.h"',   undef],
    ['all from cli',     'src/cli/x.c',          '"spear/engine/e.h"', undef],
    ['a private header', 'src/cli/x.c',          '"base/y_int.h"',    qr{y_int\.h is private to src/base}],
    ['a missing header', 'src/base/x.c',         '"base/none.h"',     qr{not found}],
    ['a strange folder', 'src/odd/x.c',          '<stdio.h>',         qr{src/odd is not in tools/layers\.txt}],
);
my %tree = map { $_ => "$head" } qw(src/base/y.h src/base/y_int.h src/shield/wasm/z.h
    src/spear/engine/e.h src/spear/engine/stats.h include/mujun/mujun.h);
for (@layers) {
    my ($name, $file, $include, $refusal) = @$_;
    my ($exit, $said) = run_tool('layers', %tree, $file => "$head#include $include\n");
    if ($refusal) { ok($exit == 1 && $said =~ $refusal, "layers refuses $name") or diag $said }
    else { ok($exit == 0, "layers accepts $name") or diag $said }
}
my ($exit, $said) = run_tool('layers', 'tools/layers.txt' => "base none\n");
ok($exit == 2 && $said =~ /none, which is not a layer/, 'layers refuses a table that names an unknown layer');

my $dir = tempdir(CLEANUP => 1);
open my $out, '>', "$dir/x.def" or die;
print $out "/* x */\nROW(A, \"a, (b\", 1)\nROW(BCD, \"c\", 22) /* note */\n";
close $out;
system "$top/tools/tidy", '--align', "$dir/x.def";
open my $in, '<', "$dir/x.def" or die;
is(join('', <$in>), "/* x */\nROW(A,   \"a, (b\",  1)\nROW(BCD, \"c\",     22) /* note */\n", 'tidy --align lines rows up');

for my $tool (qw(tidy layers)) {
    my $clean = `$top/tools/$tool 2>&1`;
    ok($? == 0, "$tool is content with this repository") or diag $clean;
}
done_testing();
