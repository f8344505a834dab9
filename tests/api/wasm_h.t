#!/usr/bin/perl
# Programs written for the standard wasm.h, in C, built against the installed header and library:
# each NAME.c with NAME.wat prints NAME.out. Both public headers also compile as C++.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname basename);
use File::Temp qw(tempdir);
use Test::More;

my $here = abs_path(dirname(abs_path($0)));
my $top = abs_path("$here/../..");
my $b = $ENV{MUJUN_B} // 'release';
my $build = $ENV{MUJUN_BUILD} // "$top/build/$b";
my $mujun = $ENV{MUJUN} // "$build/mujun";
my $cc = $ENV{CC} || 'gcc';
my $dir = tempdir(CLEANUP => 1);
my $flags = '-Wall -Wextra -Wpedantic -Werror';
my %sanitize = (asan => '-fsanitize=address,undefined', cov => '--coverage', release => '', debug => '');
plan skip_all => "how to link with the $b build is not known" unless exists $sanitize{$b};

delete @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS)};
my $said = qx{make -s -C $top B=$b BUILD=$build CC='$cc' DESTDIR=$dir PREFIX=/usr install 2>&1};
is($?, 0, 'make install') or diag $said;

sub slurp { open my $in, '<', $_[0] or return ''; local $/; return <$in> }

for my $source (sort glob "$here/*.c") {
    my $name = basename($source, '.c');
    my $log = qx{$mujun parse $here/$name.wat -o $dir/$name.wasm 2>&1};
    $log .= qx{$cc -std=c11 $flags $sanitize{$b} -I$dir/usr/include -o $dir/$name $source $dir/usr/lib/libmujun.a -lm -lpthread 2>&1};
    is($?, 0, "$name.c compiles without a warning") or diag $log;
    is(qx{cd $dir && ./$name 2>&1}, slurp("$here/$name.out"), "$name prints what it should");
    is($?, 0, "$name exits with 0");
}

SKIP: {
    skip 'there is no C++ compiler', 2 unless grep { -x "$_/g++" } split /:/, $ENV{PATH};
    for my $header ('wasm.h', 'mujun/mujun.h') {
        open my $out, '>', "$dir/x.cc" or die;
        print $out "#include <$header>\nint main() { return 0; }\n";
        close $out;
        my $log = qx{g++ -std=c++11 $flags -I$dir/usr/include -c -o $dir/x.o $dir/x.cc 2>&1};
        is($log, '', "$header compiles as C++ without a warning");
    }
}
done_testing();
