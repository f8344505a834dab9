#!/usr/bin/perl
# The cache of compiled code: one file for one module, level and build; what is damaged, foreign or
# left over in it costs time, never a wrong result; several may fill it at once.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Temp qw(tempdir);
use Test::More;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
my $mujun = $ENV{MUJUN} // "$top/build/release/mujun";
my $work = tempdir(CLEANUP => 1);
my $cache = "$work/home/mujun/code";
$ENV{XDG_CACHE_HOME} = "$work/home";

sub spew { my ($path, $text) = @_; open my $out, '>:raw', $path or die "$path: $!"; print $out $text; close $out or die }
sub slurp { my ($path) = @_; open my $in, '<:raw', $path or die "$path: $!"; local $/; return scalar <$in> }
sub files { return map { basename($_) } sort glob "$cache/*" }

# What a run of 'f' prints, with its exit code.
sub result {
    my ($module, @options) = @_;
    my ($program) = $options[0] && $options[0] =~ m{/} ? shift @options : $mujun;
    my @command = ($program, 'run', @options, '--tier', 'compiled', '--invoke', 'f', "$work/$module.wat", 20);
    open(my $pipe, '-|', 'sh', '-c', '"$@" 2>&1', 'sh', @command) or die;
    my $said = do { local $/; <$pipe> } // '';
    close $pipe;
    return ($? >> 8) . " $said";
}

for my $row ([add => 'i32.add'], [mul => 'i32.mul']) {
    spew("$work/$row->[0].wat", "(module (memory 1) (func (export \"f\") (param i32) (result i32)
        ($row->[1] (local.get 0) (i32.load8_u offset=7 (i32.const 0)))) (data (i32.const 7) \"\\03\"))\n");
}
plan skip_all => 'there is no compiler for this processor' if result('add', '--no-cache') =~ /processor/;

is(result('add', '--no-cache'), "0 23\n", '--no-cache runs');
is(scalar(files()), 0, '--no-cache keeps nothing');
is(result('add'), "0 23\n", 'a first run');
my ($kept) = files();
like($kept, qr/^[0-9a-f]{64}\.cwasm$/, 'keeps one artefact');
my $good = slurp("$cache/$kept");
my $made = (stat "$cache/$kept")[1];
is(result('add'), "0 23\n", 'a second run');
is((stat "$cache/$kept")[1], $made, 'takes it and writes none');

is(result('add', '-O0'), "0 23\n", 'another level');
is(scalar(files()), 2, 'has its own file');
my ($plain) = grep { $_ ne $kept } files();
is(result('mul'), "0 60\n", 'another module');
is(scalar(files()), 3, 'has its own file');
is(result('add', '--fuel', 1000), "0 23\n", 'counting fuel');
is(scalar(files()), 4, 'has its own file');

# Damage: cut, empty, an artefact of another module or one that counts fuel, each 97th byte altered.
# The run compiles again and keeps what it made. (The other level's artefact would be as right.)
my %damage = (cut => substr($good, 0, length($good) / 2), empty => '', text => "not an artefact\n" x 100);
for my $file (files()) {
    $damage{"foreign $file"} = slurp("$cache/$file") if $file ne $kept && $file ne $plain;
}
for (my $at = 0; $at < length $good; $at += 97) {
    my $bad = $good;
    substr($bad, $at, 1) ^= "\x10";
    $damage{"byte $at"} = $bad;
}
my ($wrong, $unmended) = (0, 0);
for my $what (sort keys %damage) {
    spew("$cache/$kept", $damage{$what});
    my $got = result('add');
    $wrong++, diag("$what: $got") if $got ne "0 23\n";
    $unmended++, diag("$what: stays") if slurp("$cache/$kept") ne $good;
}
is($wrong, 0, keys(%damage) . ' damaged files: right results');
is($unmended, 0, 'and each is replaced');

# A link is not followed; a folder that cannot be is done without.
unlink "$cache/$kept";
spew("$work/elsewhere", $good);
symlink "$work/elsewhere", "$cache/$kept" or die;
is(result('add'), "0 23\n", 'a symbolic link in its place');
ok(!-l "$cache/$kept", 'is replaced');
is(slurp("$work/elsewhere"), $good, 'and not written through');
{
    spew("$work/file", '');
    local $ENV{XDG_CACHE_HOME} = "$work/file";
    is(result('add'), "0 23\n", 'where no folder can be made');
}

# Eight at once, from nothing: all are right, one file stays, nothing unfinished.
unlink glob "$cache/*";
my @pids = map {
    my $pid = fork // die;
    if ($pid == 0) { exit(result('add') eq "0 23\n" ? 0 : 1) }
    $pid;
} 1 .. 8;
my $failed = 0;
for (@pids) { waitpid $_, 0; $failed++ if $? }
is($failed, 0, 'eight at once: all are right');
is_deeply([files()], [$kept], 'and leave one file');

# A program that cannot say which build it is keeps nothing.
SKIP: {
    system('objcopy', '--remove-section', '.note.gnu.build-id', $mujun, "$work/nameless") == 0
        or skip 'no objcopy', 2;
    unlink glob "$cache/*";
    is(result('add', "$work/nameless"), "0 23\n", 'a program without a build id');
    is(scalar(files()), 0, 'keeps nothing');
}
done_testing();
