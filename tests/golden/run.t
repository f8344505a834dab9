#!/usr/bin/perl
# Golden tests: each tests/golden/*.test holds input files, commands and what must come out.
#   tests/golden/run.t [--in FOLDER] [--bless] [name...]     a name is part of a file's name
# --bless rewrites the expected output of the chosen files to what came out; read the diff then.
#
# A .test file is sections, each headed by a line "--- KIND ...":
#   --- file NAME        a text file; --- hex NAME  a binary one as hex digits (# starts a comment)
#   --- link NAME TO     a symbolic link; --- dir NAME  an empty folder
#   --- command [WORDS]  a shell command; `mujun` is the program under test, `rulec` the compiler of
#                        rules (tools/rulec). Starts a case
#   --- stdin, --- stdout, --- stderr    of the case; a missing one is empty. "--- stdout no newline"
#                        when the last line has none; "--- stdout match" when each line is a regex
#   --- exit N           0 when missing
# Text before the first section says what the file shows. Every case of a file runs in one folder,
# which is new and holds the files.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Path qw(make_path);
use File::Temp qw(tempdir);

my $here = dirname(abs_path($0));
my $top = abs_path("$here/../..");
my $mujun = $ENV{MUJUN} // abs_path("$here/../../build/release/mujun");
if (@ARGV && $ARGV[0] eq '--in') { $here = abs_path($ARGV[1]); splice @ARGV, 0, 2 }
-x $mujun or die "$mujun is missing; run make first\n";
my $bless = @ARGV && $ARGV[0] eq '--bless' ? shift : '';
my @names = @ARGV;
my ($count, $failed) = (0, 0);

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!\n";
    local $/;
    return <$in> // '';
}

sub spew {
    my ($path, $bytes) = @_;
    open my $out, '>', $path or die "$path: $!\n";
    print $out $bytes;
    close $out or die "$path: $!\n";
}

# The file as [head text, section...], a section being {kind, rest, body}.
sub sections {
    my ($path) = @_;
    my ($head, @sections) = ('');
    for (split /^/m, slurp($path)) {
        if (/^--- (\w+) ?(.*)$/) { push @sections, { kind => $1, rest => $2, body => '' } }
        elsif (@sections) { $sections[-1]{body} .= $_ }
        else { $head .= $_ }
    }
    return ($head, @sections);
}

sub make_input {
    my ($section) = @_;
    my ($name, $to) = split ' ', $section->{rest};
    make_path(dirname($name)) if defined $name;
    if ($section->{kind} eq 'file') { spew($name, $section->{body}) }
    elsif ($section->{kind} eq 'hex') {
        (my $digits = $section->{body}) =~ s/#.*|\s//g;
        spew($name, pack 'H*', $digits);
    } elsif ($section->{kind} eq 'link') { symlink $to, $name or die "$name: $!\n" }
    elsif ($section->{kind} eq 'dir') { make_path($name) }
}

sub differs {
    my ($want, $got) = @_;
    my ($mode, $body) = ($want->{rest}, $want->{body});
    $body =~ s/\n\z// if $mode =~ /no newline/;
    return $body ne $got if $mode !~ /match/;
    my @patterns = split /\n/, $body;
    my @lines = split /\n/, $got;
    return 1 if @patterns != @lines;
    for (0 .. $#lines) { return 1 if $lines[$_] !~ /^(?:$patterns[$_])$/ }
    return 0;
}

sub show { my ($title, $text) = @_; return map { "#   $title: $_\n" } split /\n/, $text }

# Runs one case; returns its output as {stdout, stderr, exit}.
sub run_case {
    my ($case, $bin) = @_;
    spew('.stdin', $case->{stdin} ? $case->{stdin}{body} : '');
    local $ENV{PATH} = "$bin:$ENV{PATH}";
    local $ENV{NO_COLOR} = '1';
    (my $command = $case->{command}{body}) =~ s/\s+\z//;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDIN, '<', '.stdin';
        open STDOUT, '>', "$bin/stdout";
        open STDERR, '>', "$bin/stderr";
        exec '/bin/sh', '-c', $command;
    }
    waitpid $pid, 0;
    my $exit = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    return { stdout => slurp("$bin/stdout"), stderr => slurp("$bin/stderr"), exit => $exit };
}

sub check_case {
    my ($name, $case, $got) = @_;
    my @wrong;
    for my $stream (qw(stdout stderr)) {
        my $want = $case->{$stream} // { rest => '', body => '' };
        push @wrong, show("expected $stream", $want->{body}), show("found $stream", $got->{$stream})
            if differs($want, $got->{$stream});
    }
    my $exit = $case->{exit} ? $case->{exit}{rest} : 0;
    push @wrong, "#   expected exit $exit, found $got->{exit}\n" if $exit != $got->{exit};
    $count++;
    $failed++ if @wrong;
    (my $command = $case->{command}{rest} || $case->{command}{body}) =~ s/\n.*//s;
    $command =~ s/#/\\#/g;
    print @wrong ? 'not ok' : 'ok', " $count - $name: $command\n", @wrong;
}

sub bless_file {
    my ($path, $head, $inputs, $cases) = @_;
    my $text = $head;
    my $put = sub { my ($kind, $rest, $body) = @_; $text .= "--- $kind" . (length $rest ? " $rest" : '') . "\n$body" };
    $put->(@{$_}{qw(kind rest body)}) for @$inputs;
    for my $case (@$cases) {
        my $got = $case->{got};
        $put->(@{ $case->{$_} }{qw(kind rest body)}) for grep { $case->{$_} } qw(command stdin);
        for my $stream (qw(stdout stderr)) {
            my $want = $case->{$stream};
            if ($want && $want->{rest} =~ /match/ && !differs($want, $got->{$stream})) {
                $put->($stream, $want->{rest}, $want->{body});
            } elsif (length $got->{$stream}) {
                my $whole = $got->{$stream} =~ /\n\z/;
                $put->($stream, $whole ? '' : 'no newline', $got->{$stream} . ($whole ? '' : "\n"));
            }
        }
        $put->('exit', $got->{exit}, '') if $got->{exit};
    }
    spew($path, $text) if $text ne slurp($path);
}

my @files = map { abs_path($_) } sort glob "$here/*.test";
@files = grep { my $file = $_; grep { index(basename($file), $_) >= 0 } @names } @files if @names;
for my $path (@files) {
    my $name = basename($path, '.test');
    my ($head, @sections) = sections($path);
    my (@inputs, @cases);
    for (@sections) {
        if ($_->{kind} =~ /^(?:file|hex|link|dir)$/) { push @inputs, $_ }
        elsif ($_->{kind} eq 'command') { push @cases, { command => $_ } }
        elsif (@cases && $_->{kind} =~ /^(?:stdin|stdout|stderr|exit)$/) { $cases[-1]{ $_->{kind} } = $_ }
        else { die "$path: section \"--- $_->{kind}\" is unknown or stands before a command\n" }
    }
    my $root = tempdir(CLEANUP => 1);
    mkdir "$root/$_" for qw(bin work);
    symlink $mujun, "$root/bin/mujun" or die "symlink: $!\n";
    symlink abs_path("$top/build/rulec"), "$root/bin/rulec" or die "symlink: $!\n";
    chdir "$root/work" or die "chdir: $!\n";
    make_input($_) for @inputs;
    for my $case (@cases) {
        $case->{got} = run_case($case, "$root/bin");
        if ($bless) { $count++; print "ok $count - $name: blessed\n" }
        else { check_case($name, $case, $case->{got}) }
    }
    chdir '/';
    bless_file($path, $head, \@inputs, \@cases) if $bless;
}
print $count ? "1..$count\n" : "1..0 # SKIP no golden test is chosen\n";
exit($failed ? 1 : 0);
