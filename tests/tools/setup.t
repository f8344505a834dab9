#!/usr/bin/perl
# tools/setup: silent when nothing is missing; without root prints the command; and every package
# of tools/packages.txt is explained in docs/dependencies.md.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;

my $top = abs_path(dirname(abs_path($0)) . '/../..');

# A copy of the tool with its own package table and a PATH of stubs.
sub run_setup {
    my ($table, $uid, $apt_exit, @args) = @_;
    my $root = tempdir(CLEANUP => 1);
    make_path("$root/tools", "$root/bin");
    system 'cp', "$top/tools/setup", "$root/tools/" and die 'cp';
    my %files = ("$root/tools/packages.txt" => $table, "$root/bin/id" => "#!/bin/sh\necho $uid\n",
        "$root/bin/apt-get" => "#!/bin/sh\necho \"apt-get \$*\" >>$root/log\nexit $apt_exit\n");
    for (keys %files) {
        open my $out, '>', $_ or die "$_: $!";
        print $out $files{$_};
        close $out;
        chmod 0755, $_;
    }
    my $said = `PATH=$root/bin:/usr/bin:/bin $root/tools/setup @args 2>&1`;
    my $exit = $? >> 8;
    open my $in, '<', "$root/log" or return ($exit, $said, '');
    return ($exit, $said, join '', <$in>);
}

sub is_shell {
    my ($path) = @_;
    return 0 if !-f $path;
    open my $in, '<', $path or return 0;
    return (<$in> // '') =~ m{^#!/bin/(?:ba)?sh};
}

my $there = "required sh-package sh a shell\noptional path-package /bin/s* a file\n";
my $gone = "required gone-package no-such-command the thing\n";
my $extra = "optional extra-package no-such-command a luxury\n";

my ($exit, $said, $log) = run_setup($there, 0, 0);
ok($exit == 0 && $said =~ /nothing to install/ && $log eq '', 'nothing missing: says so, runs nothing');
($exit, $said, $log) = run_setup($there, 0, 0, '--quiet');
ok($exit == 0 && $said eq '', 'nothing missing, --quiet: says nothing');
($exit, $said, $log) = run_setup("$there$gone", 1000, 0);
ok($exit == 1 && $said =~ /sudo apt-get update && sudo apt-get install -y --no-install-recommends gone-package$/m && $log eq '',
   'without root: prints what to run and fails') or diag $said;
($exit, $said, $log) = run_setup("$there$gone$extra", 0, 0, '--quiet');
ok($exit == 0 && $said =~ /gone-package is missing: the thing/ && $said =~ /installed gone-package$/m
   && $log =~ /install .*gone-package$/m && $log !~ /extra/, 'as root: installs the required ones, says so') or diag $said;
($exit, $said, $log) = run_setup($extra, 0, 0);
ok($exit == 0 && $said =~ /optional extra-package is missing: a luxury/ && $log eq '', 'an optional one is only named');
($exit, $said, $log) = run_setup($extra, 0, 0, '--optional');
ok($exit == 0 && $log =~ /extra-package/, '--optional installs it');
my $machines = "kernel emulator no-such-command machines\n";
($exit, $said, $log) = run_setup("$machines$extra", 0, 0, '--kernel');
ok($exit == 0 && $log =~ /emulator/ && $log !~ /extra/, '--kernel installs what kernels need, and nothing else');
($exit, $said, $log) = run_setup($machines, 0, 0);
ok($exit == 0 && $log eq '', 'which is not installed unasked');
($exit, $said) = run_setup($gone, 0, 100);
ok($exit == 1 && $said =~ /could not install gone-package/, 'a failing apt-get fails the set-up');
($exit, $said) = run_setup($there, 0, 0, '--what');
ok($exit == 64 && $said =~ /unknown option --what/, 'an unknown option is refused');

open my $doc, '<', "$top/docs/dependencies.md" or die "docs/dependencies.md: $!";
my $text = join '', <$doc>;
open my $table, '<', "$top/tools/packages.txt" or die;
while (<$table>) {
    my (undef, $package) = /^(required|apps|kernel|optional)\s+(\S+)/ or next;
    ok($text =~ /`\Q$package\E`/, "docs/dependencies.md explains $package");
}

SKIP: {
    skip 'shellcheck is not installed', 1 unless grep { -x "$_/shellcheck" } split /:/, $ENV{PATH};
    my @scripts = grep { is_shell($_) } glob "$top/tools/* $top/.ci/run $top/tests/*/*";
    my $found = `shellcheck -x -S warning @scripts 2>&1`;
    ok($? == 0, 'shellcheck is content with ' . @scripts . ' scripts') or diag $found;
}
done_testing();
