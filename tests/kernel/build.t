#!/usr/bin/perl
# mujun kernel build, on a stand-in for the kernel's sources: cache, resuming, two at once, folders
# that stay untouched, options that are lost, errors that are quoted.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Find;
use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;
use Time::HiRes qw(sleep time);
use lib dirname(abs_path($0));
use fake_source;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
my $mujun = $ENV{MUJUN} // "$top/build/release/mujun";
my $work = tempdir(CLEANUP => 1);
delete $ENV{$_} for qw(MAKEFLAGS MAKELEVEL MFLAGS);

open my $def, '<', "$top/src/spear/kernel/kconfig.def" or die;
my @names = map { /^KCONFIG\((\w+)/ ? $1 : () } <$def>;
my %missing_tool = map { $_ => 1 } grep { !-x "/usr/bin/$_" } qw(flex bison bc);
plan skip_all => 'not installed: ' . join(' ', sort keys %missing_tool) if %missing_tool;
plan skip_all => 'libelf-dev is not installed' if !-e '/usr/include/gelf.h';

my $serial = 0;
sub fresh_cache { $ENV{XDG_CACHE_HOME} = "$work/cache" . $serial++; return "$ENV{XDG_CACHE_HOME}/mujun/kernel" }

sub source {
    my (%change) = @_;
    my $folder = "$work/source" . $serial++;
    fake_source::make_tree($folder, grep { !$change{without}{$_} } @names);
    return $folder;
}

# [exit code, stdout, stderr]
sub mujun {
    my ($out, $err) = ("$work/out", "$work/err");
    my $pid = fork // die;
    if (!$pid) {
        open STDOUT, '>', $out or die;
        open STDERR, '>', $err or die;
        exec $mujun, @_ or die;
    }
    waitpid $pid, 0;
    return [$? >> 8, map { slurp($_) } $out, $err];
}

sub slurp { open my $in, '<', $_[0] or return; local $/; return <$in> // '' }

# Name, size and time of every file of a folder.
sub listing {
    my @all;
    find({ no_chdir => 1, wanted => sub { my @s = lstat; push @all, "$_ $s[7] $s[9]" } }, $_[0]);
    return join "\n", sort @all;
}

my $cache = fresh_cache();
my $folder = source();
my $before = listing($folder);
my $first = mujun('kernel', 'build', '--source', $folder, '--json');
is($first->[0], 0, 'a folder is built') or diag($first->[2]);
my $got = decode_json($first->[1]);
ok(-s "$got->{folder}/$_", "there is $_") for qw(bzImage vmlinux config build.log key);
is($got->{compiled}, 4, 'four files were compiled');
is_deeply($got->{lost}, [], 'no option is lost');
ok(!$got->{cached}, 'it was not in the cache');
is(listing($folder), $before, 'the folder is untouched');
like(slurp("$got->{folder}/config"), qr/^CONFIG_KCOV=y$/m, 'the configuration has coverage');
unlike(slurp("$got->{folder}/config"), qr/PROVE_LOCKING/, 'and no lockdep');
is($first->[2], '', 'nothing is said when nobody watches');

my $second = decode_json(mujun('kernel', 'build', '--source', $folder, '--json')->[1]);
ok($second->{cached} && $second->{folder} eq $got->{folder}, 'the second time it is in the cache');

fake_source::put("$folder/mm/d.c", "int changed;\n");
my $third = decode_json(mujun('kernel', 'build', '--source', $folder, '--json')->[1]);
ok(!$third->{cached} && $third->{folder} ne $got->{folder}, 'a changed file is another kernel');
is($third->{compiled}, 1, 'of which one file is compiled');

my $locks = mujun('kernel', 'build', '--source', $folder, '--with', 'lockdep', '--json');
like(slurp(decode_json($locks->[1])->{config}), qr/^CONFIG_PROVE_LOCKING=y$/m, 'lockdep on request');

fake_source::put("$work/extra", "CONFIG_NR_CPUS=2\nCONFIG_NO_SUCH_THING=y\n");
my $extra = mujun('kernel', 'build', '--source', $folder, '--config', "$work/extra", '--json', '-o', "$work/copy");
my $said = decode_json($extra->[1]);
is($said->{lost}[0]{option}, 'NO_SUCH_THING', 'an option that the sources do not know is named');
like($said->{lost}[0]{why}, qr/do not know it/, 'with the reason');
like($extra->[2], qr/warning: asked for NO_SUCH_THING=y, got n \(these sources do not know it\)/, 'as a warning');
my ($cpus) = reverse slurp("$work/copy/config") =~ /^CONFIG_NR_CPUS=(\d+)$/mg;
is($cpus, 2, 'own options win; results are copied');
is(mujun('kernel', 'build', '--source', $folder, '--config', $0)->[0], 65, 'own options that are none are refused');

is(mujun('kernel', 'build', '--source', $folder, '--cached')->[0], 0, '--cached finds what is there');
like(mujun('kernel', 'build', '--source', $folder, '--cached', '--config', "$work/extra")->[1], qr/in the cache/, 'of these options');
fake_source::put("$work/extra", "CONFIG_NR_CPUS=3\n");
my $absent = mujun('kernel', 'build', '--source', $folder, '--cached', '--config', "$work/extra");
is($absent->[0], 1, '--cached builds nothing');
like($absent->[2], qr/no such kernel in the cache/, 'and says so');

# ---- a driver ----
fake_source::put("$work/driver/Kconfig", "config TOY_DRIVER\n\tbool\n");
fake_source::put("$work/driver/Makefile", "obj-y += toy.o\n");
fake_source::put("$work/driver/toy.c", "int toy;\n");
my $driver = decode_json(mujun('kernel', 'build', '--source', $folder, '--driver', "$work/driver", '--json')->[1]);
like(slurp($driver->{config}), qr/^CONFIG_TOY_DRIVER=y$/m, 'the options of an added driver are on');
like(slurp("$driver->{source}/drivers/misc/Kconfig"), qr{source "drivers/misc/mujun_driver/Kconfig"}, 'it is part of the tree');
like(slurp($driver->{log}), qr{CC      drivers/misc/mujun_driver/toy\.o}, 'and compiled');
unlike(slurp("$folder/drivers/misc/Kconfig"), qr/mujun/, 'the folder still does not know it');
fake_source::put("$folder/mm/d.c", "int changed_again;\n");
my $without = decode_json(mujun('kernel', 'build', '--source', $folder, '--json')->[1]);
unlike(slurp("$without->{source}/drivers/misc/Kconfig"), qr/mujun/, 'a later build without it does not have it');
is(mujun('kernel', 'build', '--source', $folder, '--driver', $work)->[0], 64, 'a driver without Kconfig is refused');

# ---- refusals ----
sub refused {
    my ($code, $text, $what, @args) = @_;
    my $r = mujun('kernel', 'build', @args);
    is($r->[0], $code, $what);
    like($r->[2], $text, "$what: it is said");
}
refused(66, qr/No such file/, 'no such folder', '--source', "$work/nowhere");
refused(64, qr/expected the top folder of kernel sources/, 'a folder of something else', '--source', $work);
my $built = source();
fake_source::put("$built/.config", "CONFIG_X=y\n");
refused(64, qr/make mrproper/, 'a folder that was built in', '--source', $built);
refused(65, qr/would lack KCOV \(no coverage.*do not know it/, 'an essential option is lost', '--source', source(without => { KCOV => 1 }));
my $broken = source();
fake_source::put("$broken/kernel/c.c", "broken\n");
refused(66, qr{kernel/c\.c:1:1: error: this is broken}, 'a compiler error is quoted', '--source', $broken);
fake_source::put("$broken/kernel/c.c", "mended\n");
my $mended = decode_json(mujun('kernel', 'build', '--source', $broken, '--json')->[1]);
is($mended->{compiled}, 2, 'once mended, it goes on where it was');
refused(64, qr/exclude each other/, 'two drivers', '--planted', '--driver', $work);
refused(64, qr/from 1 to 4096/, 'no jobs', '--jobs', 0);
my $lost_all = decode_json(mujun('kernel', 'build', '--source', source(without => { TUN => 1 }), '--json')->[1]);
is($lost_all->{lost}[0]{option}, 'TUN', 'a wanted option that is lost is a warning');

# ---- a tarball ----
my $packed = source();
rename $packed, "$work/linux-9.9" or die;
system('tar', '-C', $work, '-cJf', "$work/linux.tar.xz", 'linux-9.9') == 0 or die;
my $tarball = mujun('kernel', 'build', '--source', "$work/linux.tar.xz", '--json');
is($tarball->[0], 0, 'a tarball is built') or diag($tarball->[2]);
fake_source::put("$work/junk.tar.xz", "not a tarball\n");
refused(66, qr/tar: exit code 2/, 'a damaged tarball', '--source', "$work/junk.tar.xz");

# ---- interruption, and two at once ----
$ENV{FAKE_SECONDS} = 1;
$cache = fresh_cache();
my $slow = source();
sub start {
    my ($number) = @_;
    my $pid = fork // die;
    return $pid if $pid;
    open STDOUT, '>', "$work/out$number" or die;
    open STDERR, '>', "$work/err$number" or die;
    exec $mujun, 'kernel', 'build', '--source', $slow, '--json' or die;
}
my $pid = start(1);
my $patience = time + 30; # until the first file is compiled
sleep 0.05 while time < $patience && !glob "$cache/work/*/obj/kernel_a.c.o";
kill INT => $pid;
my $asked = time;
waitpid $pid, 0;
is($? >> 8, 130, 'an interrupted build exits as interrupted programs do');
ok(time - $asked < 5, 'at once');
like(slurp("$work/err1"), qr/stopped while compiling; the same command goes on from here/, 'and says how to go on');
is_deeply([grep { -e "$_/config" } glob "$cache/*"], [], 'no half result is in the cache');
my @pids = map { start($_) } 1, 2;
waitpid $_, 0 for @pids;
my ($a, $b) = map { decode_json(slurp("$work/out$_")) } 1, 2;
is($a->{folder}, $b->{folder}, 'two at once end with the same kernel');
is_deeply([sort map { $_->{cached} ? 'waited' : 'built' } $a, $b], ['built', 'waited'], 'which one of them has built');
ok($a->{compiled} + $b->{compiled} < 4, 'going on where the interrupted one was');

done_testing();
