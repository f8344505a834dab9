#!/usr/bin/perl
# tools/stock-kernel, with stand-ins for apt: fetches once, finds it again, keeps the old kernel when
# the network is gone, says what is missing.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;

my $tool = abs_path(dirname(abs_path($0)) . '/../../tools/stock-kernel');
plan skip_all => 'dpkg-deb is not installed' if !-x '/usr/bin/dpkg-deb';
my $work = tempdir(CLEANUP => 1);

sub put {
    my ($path, $text, $mode) = @_;
    make_path(dirname($path));
    open my $out, '>', $path or die "$path: $!";
    print $out $text;
    close $out;
    chmod $mode, $path if $mode;
}

# A package with a kernel in it, as apt-get download leaves one behind.
sub make_package {
    my ($version, @files) = @_;
    my $root = "$work/package$version";
    put("$root/DEBIAN/control", "Package: linux-image-$version-cloud-amd64\nVersion: $version\nArchitecture: all\nMaintainer: x <x\@y>\nDescription: x\n");
    put("$root/$_", "$_ of $version\n") for @files;
    system("dpkg-deb -b '$root' '$work/$version.deb' >/dev/null 2>&1") == 0 or die 'dpkg-deb';
}

# What apt knows, and whether it can download.
sub set_apt {
    my ($version, $download) = @_;
    put("$work/bin/apt-cache", "#!/bin/sh\n" . ($version eq '' ? "exit 100\n" :
        "echo 'Package: linux-image-cloud-amd64'\necho 'Version: $version'\necho 'Depends: linux-image-$version-cloud-amd64 (= $version)'\n"), 0755);
    put("$work/bin/apt-get", "#!/bin/sh\necho \"\$*\" >>'$work/calls'\n" . ($download ? "cp '$work/$version.deb' .\n" : "exit 100\n"), 0755);
    unlink "$work/calls";
}
put("$work/bin/id", "#!/bin/sh\necho 1000\n", 0755);

sub run_tool {
    my $said = `XDG_CACHE_HOME='$work/cache' PATH='$work/bin':/usr/bin:/bin '$tool' @_ 2>'$work/err'`;
    my $exit = $? >> 8;
    open my $in, '<', "$work/err" or die;
    return ($exit, $said, join '', <$in>);
}
my $home = "$work/cache/mujun/stock-kernel/linux-image-cloud-amd64";

make_package('6.1', 'boot/vmlinuz-6.1', 'boot/config-6.1');
make_package('6.2', 'boot/vmlinuz-6.2', 'boot/config-6.2');
make_package('6.3', 'boot/other');
set_apt('6.1', 1);
my ($exit, $said, $err) = run_tool('--cached');
ok($exit == 1 && $err =~ /run tools\/stock-kernel/, '--cached: nothing is there yet');
($exit, $said, $err) = run_tool();
is($said, "${home}_6.1/vmlinuz\n", 'it is fetched, its path printed') or diag($err);
is(`cat '${home}_6.1/vmlinuz'`, "boot/vmlinuz-6.1 of 6.1\n", 'it is the one of the package');
ok(-s "${home}_6.1/config", 'with its configuration');
is_deeply([glob "$work/cache/mujun/stock-kernel/*.part*"], [], 'nothing is left behind');
set_apt('6.1', 0);
($exit, $said) = run_tool();
ok($exit == 0 && $said eq "${home}_6.1/vmlinuz\n" && !-e "$work/calls", 'the second time nothing is fetched');
set_apt('6.2', 0);
($exit, $said) = run_tool();
ok($exit == 0 && $said eq "${home}_6.1/vmlinuz\n", 'without network the old one serves');
set_apt('6.2', 1);
($exit, $said) = run_tool();
is($said, "${home}_6.2/vmlinuz\n", 'a newer one is fetched');
is((run_tool('--cached'))[1], "${home}_6.2/vmlinuz\n", '--cached prints the newest');
set_apt('6.3', 1);
($exit, $said, $err) = run_tool();
ok($exit == 1 && $err =~ /holds no/, 'a package without a kernel is refused') or diag("$said$err");
set_apt('', 0);
($exit, $said, $err) = run_tool();
ok($exit == 1 && $err =~ /sudo apt-get update/, 'without root: what to run');
($exit, $said, $err) = run_tool('--what');
ok($exit == 64 && $err =~ /unknown option --what/, 'an unknown option is refused');
done_testing();
