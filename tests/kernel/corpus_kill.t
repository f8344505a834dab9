#!/usr/bin/perl
# A process that saves inputs is killed at 200 random moments; whatever it had reported as saved is
# there afterwards, byte for byte, and nothing is taken for damage. The file is also written anew
# under way, so that kills hit that too. (A power cut is another matter: the store syncs before it
# reports, which a kill cannot show.)
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;
use Time::HiRes qw(sleep);

use constant { KILLS => 200, SECONDS_MAX => 0.06, LOOK_EVERY => 20 };

my $here = abs_path(dirname(abs_path($0)));
my $top = abs_path("$here/../..");
my $b = $ENV{MUJUN_B} // 'release';
my $build = $ENV{MUJUN_BUILD} // "$top/build/$b";
my $cc = $ENV{CC} || 'gcc';
my $dir = tempdir(CLEANUP => 1);
my %sanitize = (asan => '-fsanitize=address,undefined', cov => '--coverage', release => '', debug => '');
plan skip_all => "how to link with the $b build is not known" unless exists $sanitize{$b};

my $log = qx{$cc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror $sanitize{$b} -I$top/src -o $dir/saver $here/corpus_saver.c $build/libspear.a $build/libmujun.a -lz -lnettle -lm -lpthread 2>&1};
is($?, 0, 'corpus_saver.c compiles') or do { diag $log; done_testing(); exit };

srand(my $seed = $ENV{SEED} // 1);
my ($db, $next, $died) = ("$dir/corpus.db", 0, 0);
my (%kept, %may_go, @lost, @changed, $complaints, $unfinished);
for my $round (1 .. KILLS) {
    open my $empty, '>', "$dir/out" or die "$dir/out: $!"; # the child may die before it does so
    close $empty;
    my $pid = fork() // die "fork: $!";
    if (!$pid) {
        open STDOUT, '>', "$dir/out" or die;
        open STDERR, '>>', "$dir/err" or die;
        exec "$dir/saver", 'save', $db, $next or die;
    }
    # In most rounds not before it has saved a few, however slow the machine is.
    for (my $waited = 0; $round % 4 != 0 && $waited < 1000 && (-s "$dir/out" // 0) < 24; $waited++) { sleep 0.01 }
    sleep(rand SECONDS_MAX);
    kill 'KILL', $pid;
    waitpid $pid, 0;
    $died += ($? & 127) == 9;
    open my $out, '<', "$dir/out" or die;
    while (<$out>) {
        $kept{$1} = 1 if /^saved (\d+)$/;
        $may_go{$1} = 1, delete $kept{$1} if /^dropping (\d+)$/;
    }
    # A number may be on disk without having been reported: do not use it again.
    for (keys %kept, keys %may_go) { $next = $_ + 2 if $_ + 2 > $next }
    next if $round % LOOK_EVERY; # what is lost stays lost: numbers are not used twice
    my %has;
    for (split /\n/, qx{$dir/saver list $db 2>>$dir/err}) {
        $has{$1} = 1 if /^has (\d+)$/;
        push @changed, $1 if /^has changed (\d+)$/;
    }
    push @lost, grep { !$has{$_} } keys %kept;
}
open my $err, '<', "$dir/err" or die;
while (<$err>) {
    if (/unfinished record/) { $unfinished++ } else { $complaints .= $_ }
}
is($died, KILLS, 'every one was killed in the middle of it');
cmp_ok(scalar keys %kept, '>', KILLS, scalar(keys %kept) . ' inputs were reported as saved and not dropped since');
is("@lost", '', 'none of them was lost');
is("@changed", '', 'none has changed');
is($complaints, undef, 'nothing was taken for damage') or diag $complaints;
diag sprintf 'seed %d, %d unfinished records were dropped', $seed, $unfinished // 0;
done_testing();
