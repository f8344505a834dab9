#!/usr/bin/perl
# The crash parser over the public samples of Linux console logs (suites/oops/linux): a sample says
# what must be found in header lines, then comes a blank line and the console. Prints the agreement
# per header; fails where it falls under the threshold. MISSES=1 lists every disagreement.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Temp qw(tempdir);
use JSON::PP;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
my $mujun = $ENV{MUJUN} // "$top/build/release/mujun";
my $suite = ($ENV{MUJUN_SUITES} // "$top/../shared/suites") . '/oops/linux';
my %least = (TITLE => 95, CORRUPTED => 95, TYPE => 95, ALT => 90, FRAME => 75, EXECUTOR => 95,
             SUPPRESSED => 95); # percent of the samples that say it, or must not be said

my @samples = sort { $a <=> $b } map { basename($_) } glob "$suite/[0-9]*";
if (!@samples) {
    print "1..0 # SKIP no samples in $suite\n";
    exit 0;
}
-x $mujun or die "$mujun is missing; run make first\n";

# The headers of a sample as {KEY => [values]}, and its console. A line that starts with # is a note.
sub sample {
    my ($path) = @_;
    open my $in, '<:raw', $path or die "$path: $!\n";
    my $bytes = do { local $/; <$in> };
    my ($head, $console) = split /^\r?\n/m, $bytes, 2;
    my %said;
    for (split /\r?\n/, $head) { push @{ $said{$1} }, $2 if /^([A-Z_]+): ?(.*)$/ }
    $console = '' if !defined $console;
    $console =~ s/^REPORT:\n.*//ms; # what another tool made of it
    return (\%said, $console);
}

my $scratch = tempdir(CLEANUP => 1);

# What we say about a console, in the words of the headers.
sub parsed {
    my ($console) = @_;
    open my $out, '>:raw', "$scratch/console" or die "$scratch/console: $!\n";
    print $out $console;
    close $out;
    my $r = JSON::PP->new->utf8->decode(scalar `$mujun report --json $scratch/console`);
    return { TITLE => [''], ALT => [], CORRUPTED => [], TYPE => [''], EXECUTOR => [], SUPPRESSED => [], FRAME => [""] } if !$r->{title};
    my $e = $r->{executor};
    return {
        TITLE => [$r->{title}],
        ALT => [sort @{ $r->{alternatives} }],
        CORRUPTED => $r->{corrupted} ? ['Y'] : [],
        TYPE => [$r->{type} // ''],
        FRAME => [$r->{function} ne '' ? $r->{function} : 'corrupted'],
        EXECUTOR => $e ? ["proc=$e->{proc}, id=$e->{id}"] : [],
        SUPPRESSED => $r->{suppressed} ? ['Y'] : [],
        why => $r->{corrupted} // '',
    };
}

my (%right, %of, @misses);
for my $name (@samples) {
    my ($said, $console) = sample("$suite/$name");
    my $got = parsed($console);
    for my $key (sort keys %least) {
        my @want = $key eq 'TITLE' || $key eq 'TYPE' ? ($said->{$key}[0] // '') : sort @{ $said->{$key} // [] };
        next if $key eq 'FRAME' && !$said->{FRAME};
        my ($want, $found) = (join(' | ', @want), join(' | ', @{ $got->{$key} }));
        $of{$key}++;
        if ($want eq $found) { $right{$key}++ }
        else { push @misses, "$key $name: expected \"$want\", found \"$found\"" . ($key eq 'CORRUPTED' ? " ($got->{why})" : '') }
    }
}

my ($count, $failed) = (0, 0);
for my $key (qw(TITLE CORRUPTED TYPE ALT FRAME EXECUTOR SUPPRESSED)) {
    my $percent = 100 * ($right{$key} // 0) / $of{$key};
    my $pass = $percent >= $least{$key};
    $failed += !$pass;
    printf "%s %d - %s agrees in %d of %d samples, %.1f %% (at least %d)\n", $pass ? 'ok' : 'not ok', ++$count,
        $key, $right{$key} // 0, $of{$key}, $percent, $least{$key};
}
if ($failed || $ENV{MISSES}) { print "# $_\n" for sort @misses }
print "1..$count\n";
exit($failed ? 1 : 0);
