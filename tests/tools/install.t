#!/usr/bin/perl
# make install into an empty folder: the files are there, a program builds against the library by
# pkg-config and runs, only the API's symbols are exported, and uninstall leaves nothing.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Find;
use File::Temp qw(tempdir);
use Test::More;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
my $b = $ENV{MUJUN_B} // 'release';
my $build = $ENV{MUJUN_BUILD} // "$top/build/$b";
my $cc = $ENV{CC} || 'gcc';
my $dest = tempdir(CLEANUP => 1);
plan skip_all => "the $b build links the sanitizers or counters into the library" if $b !~ /^(?:release|debug)$/;

delete @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS)};
my $make = "make -s -C $top B=$b BUILD=$build CC='$cc' DESTDIR=$dest PREFIX=/opt/mujun";
my $said = qx{$make install 2>&1};
is($?, 0, 'make install') or diag $said;
ok(-x "$dest/opt/mujun/bin/mujun", 'the program is installed');
ok(-e "$dest/opt/mujun/lib/$_", "$_ is installed") for qw(libmujun.a libmujun.so.0 libmujun.so pkgconfig/mujun.pc);
ok(-s "$dest/opt/mujun/share/man/man1/mujun.1", 'the man page is installed');
ok(-s "$dest/opt/mujun/share/man/man3/mujun.3", 'so is that of the C API');
ok(-s "$dest/opt/mujun/share/bash-completion/completions/mujun", 'the completion is installed');
like(qx{$dest/opt/mujun/bin/mujun --version}, qr/^mujun \d/, 'the installed program runs');
{
    local $ENV{MUJUN_DESCRIPTIONS};
    delete $ENV{MUJUN_DESCRIPTIONS};
    like(qx{cd / && $dest/opt/mujun/bin/mujun desc list}, qr/openat2\$dir  enabled/, 'and finds the descriptions installed with it');
}

my @foreign = grep { !/^(?:mujun_|wasm_|MUJUN_)/ }
    map { (split)[2] } grep { / [A-Z] / } qx{nm -D --defined-only $dest/opt/mujun/lib/libmujun.so.0};
is("@foreign", '', 'the shared library exports mujun_* and wasm_* only');

# The installed example, built in a copy of its installed folder, as its own Makefile says.
SKIP: {
    skip 'pkg-config is not installed', 7 unless grep { -x "$_/pkg-config" } split /:/, $ENV{PATH};
    local $ENV{PKG_CONFIG_PATH} = "$dest/opt/mujun/lib/pkgconfig";
    local $ENV{PKG_CONFIG_SYSROOT_DIR} = $dest;
    like(qx{pkg-config --modversion mujun}, qr/^\d+\.\d+\.\d+$/, 'pkg-config knows mujun');
    my $work = tempdir(CLEANUP => 1);
    system("cp -r $dest/opt/mujun/share/doc/mujun/examples/embed/. $work") == 0 or die;
    open my $in, '<', "$work/hello.expected" or die "hello.expected: $!";
    my $expected = do { local $/; <$in> };
    for my $program ('hello', 'hello-static') {
        my $log = qx{make -s -C $work CC='$cc' CFLAGS='-Wall -Wextra -Wpedantic -Werror' $program 2>&1};
        is($?, 0, "$program builds through pkg-config") or diag $log;
        is(qx{LD_LIBRARY_PATH=$dest/opt/mujun/lib $work/$program 2>&1}, $expected, "$program prints what it should");
    }
    like(qx{LD_LIBRARY_PATH=$dest/opt/mujun/lib ldd $work/hello}, qr{libmujun\.so\.0 => \Q$dest\E}, 'hello loads the shared library');
    unlike(qx{ldd $work/hello-static 2>&1}, qr/libmujun/, 'hello-static does not');
}

qx{$make uninstall 2>&1};
my @left;
find(sub { push @left, $File::Find::name unless $File::Find::name eq $dest }, $dest);
@left = grep { !/^\Q$dest\E\/[^\/]+$/ || -d } @left;
is("@left", '', 'uninstall leaves nothing');
done_testing();
