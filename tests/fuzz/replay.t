#!/usr/bin/perl
# Every fuzz harness over its seeds (the modules of the specification's tests), over each seed cut
# short at some byte, and over what fuzzing found before (fuzz/found/NAME/, kept for ever).
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Path qw(make_path);
use Test::More;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
my $build = $ENV{MUJUN_BUILD} // "$top/build/release";
my $seeds = "$build/fuzz/seeds";
my $said = `cd $top && MUJUN_BUILD=$build tools/fuzz-seeds $seeds 2>&1`;
my $seeded = $? == 0;
diag $said if $said =~ /\S/;

# Copies of some seeds, each cut at a place that its name decides: the same in every run.
sub cut_seeds {
    my ($name, @files) = @_;
    my $folder = "$build/fuzz/cut/$name";
    make_path($folder);
    for my $file (grep { hex(substr basename($_), 0, 1) < 4 } @files) {
        open my $in, '<:raw', $file or die "$file: $!";
        my $bytes = do { local $/; <$in> };
        open my $out, '>:raw', "$folder/" . basename($file) or die "$folder: $!";
        print $out substr $bytes, 0, hex(substr basename($file), 1, 6) % (length($bytes) + 1);
    }
    return glob "$folder/*";
}

# Some files a process, so that no command line is too long; a batch that fails is halved until it
# is one file.
sub replay {
    my ($harness, @files) = @_;
    while (my @some = splice @files, 0, 500) {
        next if !system $harness, @some;
        while (@some > 1) {
            my @half = splice @some, 0, @some / 2;
            @some = @half if system "$harness @half 2>/dev/null";
        }
        return @some;
    }
    return ();
}

my @harnesses = glob "$build/fuzz/replay_*";
plan skip_all => 'the harnesses are not built' if !@harnesses;
ok($seeded, 'the seeds are made');
for my $harness (@harnesses) {
    (my $name = basename($harness)) =~ s/^replay_//;
    my @files = glob "$seeds/$name/*";
    my @found = glob "$top/fuzz/found/$name/*";
    my @cut = cut_seeds($name, @files);
    my @bad = replay($harness, @found, @files, @cut);
    is("@bad[0 .. ($#bad < 3 ? $#bad : 3)]", '', sprintf '%s: %d seeds, %d cut short, %d found before',
        $name, scalar @files, scalar @cut, scalar @found);
}
done_testing();
