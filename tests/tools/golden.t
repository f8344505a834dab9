#!/usr/bin/perl
# The golden runner: passes what matches, fails what does not and says how, and --bless writes what
# came out, keeping the input and the form of the file.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;

my $runner = abs_path(dirname(abs_path($0)) . '/../golden/run.t');
local $ENV{MUJUN} = '/bin/echo'; # stands in for the program under test

sub run_golden {
    my ($text, @args) = @_;
    my $dir = tempdir(CLEANUP => 1);
    open my $out, '>', "$dir/x.test" or die;
    print $out $text;
    close $out;
    my $said = qx{$runner --in $dir @args 2>&1};
    my $exit = $? >> 8;
    open my $in, '<', "$dir/x.test" or die;
    return ($exit, $said, join '', <$in>);
}

my @rows = (
    ['same output',        "--- command\nmujun a b\n--- stdout\na b\n", 0, qr/^ok 1 - x: mujun a b$/m],
    ['other output',       "--- command\nmujun a\n--- stdout\nb\n", 1, qr/expected stdout: b\n.*found stdout: a/],
    ['output not expected', "--- command\nmujun a\n", 1, qr/^not ok 1/m],
    ['other exit code',    "--- command\nexit 3\n", 1, qr/expected exit 0, found 3/],
    ['expected exit code', "--- command\nexit 3\n--- exit 3\n", 0, qr/^ok/m],
    ['a signal',           "--- command\nkill -9 \$\$\n--- exit 137\n", 0, qr/^ok/m],
    ['standard error',     "--- command\nmujun a >&2\n--- stderr\na\n", 0, qr/^ok/m],
    ['no newline',         "--- command\nprintf a\n--- stdout no newline\na\n", 0, qr/^ok/m],
    ['a missing newline',  "--- command\nprintf a\n--- stdout\na\n", 1, qr/^not ok/m],
    ['patterns',           "--- command\nmujun a1\n--- stdout match\na\\d\n", 0, qr/^ok/m],
    ['other than the pattern', "--- command\nmujun ab\n--- stdout match\na\\d\n", 1, qr/^not ok/m],
    ['more lines than patterns', "--- command\nprintf 'a1\\nb\\n'\n--- stdout match\na\\d\n", 1, qr/^not ok/m],
    ['files',              "--- file d/f\nhi\n--- hex h\n61 62 # ab\n--- link l d/f\n--- dir e\n--- command\ncat d/f h l; ls -d e\n--- stdout\nhi\nabhi\ne\n", 0, qr/^ok/m],
    ['standard input',     "--- command\ncat\n--- stdin\nx\n--- stdout\nx\n", 0, qr/^ok/m],
    ['two cases',          "--- command\nmujun a\n--- stdout\na\n--- command\nmujun b\n", 1, qr/^ok 1.*\nnot ok 2/m],
    ['an unknown section', "--- comand\nmujun a\n", 255, qr/section "--- comand" is unknown/],
    ['a lost section',     "--- stdout\na\n", 255, qr/stands before a command/],
);
for (@rows) {
    my ($name, $text, $want, $words) = @$_;
    my ($exit, $said) = run_golden($text);
    ok($exit == $want && $said =~ $words, "$name: exit $exit") or diag $said;
}

my $form = "What it shows.\n--- file f\nx\n--- command why\nmujun a; printf b >&2; exit 4\n";
my ($exit, undef, $after) = run_golden($form, '--bless');
is($after, "$form--- stdout\na\n--- stderr no newline\nb\n--- exit 4\n", '--bless writes what came out');
my (undef, $said, $again) = run_golden($after);
ok($said =~ /^ok 1/m && $again eq $after, 'and that passes');
my $matched = "--- command\nmujun a1\n--- stdout match\na\\d\n";
(undef, undef, $after) = run_golden($matched, '--bless');
is($after, $matched, '--bless keeps patterns that match');
done_testing();
