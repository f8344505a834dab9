#!/usr/bin/perl
# What is generated from the command tables: man pages are clean mdoc, the bash completion offers
# what the tables say, the other shells' scripts parse where that shell is installed.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
my $mujun = $ENV{MUJUN} // "$top/build/release/mujun";
my $out = tempdir(CLEANUP => 1);
system("$top/tools/gendocs", $mujun, $out) == 0 or BAIL_OUT('gendocs failed');

sub installed { my ($tool) = @_; return grep { -x "$_/$tool" } split /:/, $ENV{PATH} }
sub words { my ($command) = @_; return split ' ', qx{$command} }

ok(-s "$out/man/man3/mujun.3", 'mujun.3 is written');
my @functions = do { local (@ARGV, $/) = "$top/include/mujun/mujun.h"; <> =~ /\b(mujun_\w+)\(/g };
my $page = do { local (@ARGV, $/) = "$out/man/man3/mujun.3"; <> };
is(join(' ', grep { $page !~ /\b$_\(/ } @functions), '', 'mujun.3 has every function of the header');
SKIP: {
    skip 'mandoc is not installed', 1 unless installed('mandoc');
    my @said = grep { !/referenced manual not found/ } qx{mandoc -T lint $out/man/man3/mujun.3 2>&1};
    is("@said", '', 'mujun.3 is clean mdoc');
}

my @commands = words(qq{$mujun help | sed -n '/^Commands:/,/^\$/s/^  \\([a-z]*\\) .*/\\1/p'});
ok(@commands >= 3, "help lists @commands");
for my $page ('mujun', map { "mujun-$_" } @commands) {
    ok(-s "$out/man/man1/$page.1", "$page.1 is written");
    SKIP: {
        skip 'mandoc is not installed', 1 unless installed('mandoc');
        my @said = grep { !/referenced manual not found/ } qx{mandoc -T lint $out/man/man1/$page.1 2>&1};
        is("@said", '', "$page.1 is clean mdoc");
    }
}

my $bash = "$out/bash-completion/completions/mujun";
# What bash offers after the given words, the last being unfinished.
sub offered {
    my (@line) = @_;
    my $words = join ' ', map { "'$_'" } @line;
    my $last = $#line;
    return join ' ', sort(words(qq{bash -c "compopt() { :; }; source $bash; COMP_WORDS=($words) COMP_CWORD=$last; _mujun; echo \\\${COMPREPLY[*]}"}));
}
is(offered('mujun', ''), join(' ', sort @commands), 'bash offers every command');
is(offered('mujun', 'vers'), 'version', 'bash completes a command');
is(offered('mujun', 'version', '--'), '--help --json', 'bash offers the options of a command');
is(offered('mujun', 'completion', ''), 'bash fish zsh', 'bash offers the operands of completion');
is(offered('mujun', 'help', 'ru'), 'run', 'bash offers the commands to help');
is(offered('mujun', 'help', 'exit'), 'exit-codes', 'and its topics');
is(offered('mujun', 'run', '--feature', '=', 'thr'), 'threads', 'bash offers features behind --feature=');
is(offered('mujun', 'validate', '--feature', 'memory6'), 'memory64', 'and as a word of its own');
is(offered('mujun', 'run', '--unknown-imports', '=', 't'), 'trap', 'and the words of a choice');
is(offered('mujun', 'help', '--m'), '--man', 'bash completes an option');

my %check = (bash => "bash -n $bash", zsh => "zsh -n $out/zsh/site-functions/_mujun",
    fish => "fish -n $out/fish/vendor_completions.d/mujun.fish");
for my $shell (sort keys %check) {
    SKIP: {
        skip "$shell is not installed", 1 unless installed($shell);
        my $said = qx{$check{$shell} 2>&1};
        is($said, '', "the $shell script parses");
    }
}
done_testing();
