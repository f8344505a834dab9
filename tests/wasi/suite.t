#!/usr/bin/perl
# The public WASI test suite (preview 1): every X.wasm of suites/wasi/*/ is run as its X.json says
# (arguments, environment, a folder to open as "/", output and exit code to expect), each on a fresh
# copy of its folder. SPDX-License-Identifier: Apache-2.0
#   tests/wasi/suite.t [part of a name...]
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Find;
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use JSON::PP;

use constant SECONDS_MAX => 60;

my $here = dirname(abs_path($0));
my $mujun = $ENV{MUJUN} // abs_path("$here/../../build/release/mujun");
my $suite = ($ENV{MUJUN_SUITES} // "$here/../../../shared/suites") . '/wasi';

sub slurp {
    my ($path) = @_;
    open my $in, '<:raw', $path or die "$path: $!\n";
    local $/;
    return <$in> // '';
}

# Two forms exist: plain keys, and a list of operations.
sub expectation {
    my ($path) = @_;
    my $spec = -e $path ? decode_json(slurp($path)) : {};
    for my $op (@{ $spec->{operations} // [] }) {
        if ($op->{type} eq 'run') { $spec->{$_} = $op->{$_} for grep { exists $op->{$_} } qw(args env root) }
        elsif ($op->{type} eq 'wait') { $spec->{exit_code} = $op->{exit_code} // 0 }
        elsif ($op->{type} eq 'read') { $spec->{ $op->{id} // 'stdout' } = $op->{payload} // '' }
    }
    $spec->{root} //= ($spec->{dirs} // [])->[0];
    return $spec;
}

# A copy that may be written to, links kept as links.
sub copy_tree {
    my ($from, $to) = @_;
    find({ no_chdir => 1, wanted => sub {
        (my $target = $_) =~ s/^\Q$from\E/$to/;
        if (-l) { symlink readlink, $target or die "$target: $!\n" }
        elsif (-d) { make_path($target) }
        else {
            open my $out, '>:raw', $target or die "$target: $!\n";
            print $out slurp($_);
            close $out or die "$target: $!\n";
        }
    } }, $from);
}

# Runs a program; returns what it wrote, what it complained about, and how it ended.
sub run_program {
    my ($work, @command) = @_;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', "$work/stdout";
        open STDERR, '>', "$work/stderr";
        exec { $command[0] } @command or exit 127;
    }
    my $late = 0;
    local $SIG{ALRM} = sub { $late = 1; kill 'KILL', $pid };
    alarm SECONDS_MAX;
    waitpid $pid, 0;
    alarm 0;
    my $end = $late ? 'no end after ' . SECONDS_MAX . ' s' : $? & 127 ? 'signal ' . ($? & 127) : 'exit ' . ($? >> 8);
    return (slurp("$work/stdout"), slurp("$work/stderr"), $end);
}

sub run_test {
    my ($wasm) = @_;
    (my $json = $wasm) =~ s/wasm$/json/;
    my $spec = expectation($json);
    my $work = tempdir(CLEANUP => 1);
    my @command = ($mujun, 'run');
    push @command, '--env', "$_=$spec->{env}{$_}" for sort keys %{ $spec->{env} // {} };
    if (defined $spec->{root}) {
        copy_tree(dirname($wasm) . "/$spec->{root}", "$work/root");
        push @command, '--dir', "$work/root\::/";
    }
    my ($stdout, $stderr, $end) = run_program($work, @command, $wasm, @{ $spec->{args} // [] });
    my $want = 'exit ' . ($spec->{exit_code} // 0);
    my @wrong;
    push @wrong, "expected $want, found $end" if $end ne $want;
    push @wrong, "expected output \"$spec->{stdout}\", found \"$stdout\""
        if defined $spec->{stdout} && $spec->{stdout} ne $stdout;
    push @wrong, split /\n/, $stderr if @wrong;
    return @wrong;
}

my @tests = sort glob "$suite/*/*.wasm";
@tests = grep { my $t = $_; grep { index($t, $_) >= 0 } @ARGV } @tests if @ARGV;
if (!@tests) {
    print "1..0 # SKIP no suite in $suite; README.md says where to get it\n";
    exit 0;
}
my ($count, $failed) = (0, 0);
for my $wasm (@tests) {
    my @wrong = run_test($wasm);
    $count++;
    $failed++ if @wrong;
    print @wrong ? 'not ok' : 'ok', " $count - ", basename(dirname $wasm), '/', basename($wasm, '.wasm'), "\n";
    print "#   $_\n" for @wrong;
}
printf "1..%d\n", $count;
printf STDERR "# WASI suite: %d passed, %d failed of %d\n", $count - $failed, $failed, $count;
exit($failed ? 1 : 0);
