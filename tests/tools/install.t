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
my $make = "make -s -C $top B=$b BUILD=$build CC='$cc' DESTDIR=$dest PREFIX=/usr";
my $said = qx{$make install 2>&1};
is($?, 0, 'make install') or diag $said;
ok(-x "$dest/usr/bin/mujun", 'the program is installed');
ok(-e "$dest/usr/lib/$_", "$_ is installed") for qw(libmujun.a libmujun.so.0 libmujun.so pkgconfig/mujun.pc);
ok(-s "$dest/usr/share/man/man1/mujun.1", 'the man page is installed');
ok(-s "$dest/usr/share/bash-completion/completions/mujun", 'the completion is installed');
like(qx{$dest/usr/bin/mujun --version}, qr/^mujun \d/, 'the installed program runs');

my @foreign = grep { !/^(?:mujun_|wasm_|MUJUN_)/ }
    map { (split)[2] } grep { / [A-Z] / } qx{nm -D --defined-only $dest/usr/lib/libmujun.so.0};
is("@foreign", '', 'the shared library exports mujun_* and wasm_* only');

SKIP: {
    skip 'pkg-config is not installed', 2 unless grep { -x "$_/pkg-config" } split /:/, $ENV{PATH};
    my $flags = qx{PKG_CONFIG_PATH=$dest/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$dest pkg-config --cflags --libs mujun};
    is($?, 0, 'pkg-config knows mujun');
    chomp $flags;
    my @examples = glob "$top/examples/*.c";
    skip 'there is no example yet', 1 unless @examples;
    for my $example (@examples) {
        (my $name = $example) =~ s{.*/|\.c$}{}g;
        my $log = qx{$cc -std=c11 -Wall -Wextra -Werror -o $dest/$name $example -I$dest/usr/include -L$dest/usr/lib $flags 2>&1};
        is($?, 0, "examples/$name.c builds against the installed library") or diag $log;
        next unless -e "$top/examples/$name.expected";
        open my $in, '<', "$top/examples/$name.expected" or die;
        local $/;
        is(qx{cd $top/examples && LD_LIBRARY_PATH=$dest/usr/lib $dest/$name 2>&1}, <$in>, "and says what it should");
        unlink "$dest/$name";
    }
}

qx{$make uninstall 2>&1};
my @left;
find(sub { push @left, $File::Find::name unless $File::Find::name eq $dest }, $dest);
@left = grep { !/^\Q$dest\E\/[^\/]+$/ || -d } @left;
is("@left", '', 'uninstall leaves nothing');
done_testing();
