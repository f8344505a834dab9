#!/usr/bin/perl
# The tables in docs/wasi.md are those of wasi.def and limits.def. --bless writes them anew.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);

my $root = abs_path(dirname(abs_path($0)) . '/../..');
my $bless = @ARGV && $ARGV[0] eq '--bless';

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!\n";
    local $/;
    return <$in>;
}

sub table {
    my ($head, @rows) = @_;
    my @columns = split /\|/, $head;
    return join "\n", '| ' . join(' | ', @columns) . ' |', '|' . '---|' x @columns, map { "| $_ |" } @rows;
}

my $def = slurp("$root/src/shield/wasi/wasi.def");
my @calls;
while ($def =~ /^WASI\((\w+),\s*"(\w*)",\s*"([iI:]+)",\s*(\w+),\s*(\w+),\s*"(.*)"\)$/mg) {
    my ($name, $sig, $what) = ($1, $3, $6);
    my $rights = join ', ', map { "`$_`" } grep { $_ ne 'NONE' } $4, $5;
    push @calls, "`$name` | `$sig` | $rights | $what";
}
my $limits_def = slurp("$root/src/shield/wasi/limits.def");
my @limits;
while ($limits_def =~ /^LIMIT\((\w+),\s*(\d+),\s*"(.*)"\)$/mg) { push @limits, "`$1` | $2 | $3" }

my %want = (
    calls => table('call|signature|rights|what it does', @calls),
    limits => table('limit|value|what it bounds, and what the guest sees', @limits),
);
my $page = my $new = slurp("$root/docs/wasi.md");
my ($count, $failed) = (0, 0);
for my $name (sort keys %want) {
    my $found = $new =~ s/(<!-- $name:[^\n]*-->\n).*?\n?(<!-- end -->)/$1$want{$name}\n$2/s;
    my $same = $found && $page =~ /<!-- $name:[^\n]*-->\n\Q$want{$name}\E\n<!-- end -->/;
    $count++;
    $failed++ if !$same && !$bless;
    print $same || $bless ? 'ok' : 'not ok', " $count - docs/wasi.md has the table of $name\n";
    print "# run tests/wasi/docs.t --bless\n" if !$same && !$bless;
}
my $rows = () = $def =~ /^WASI\(/mg;
$count++;
$failed++ if $rows != @calls;
print @calls == $rows ? 'ok' : 'not ok', " $count - all $rows rows of wasi.def are understood\n";
if ($bless && $new ne $page) {
    open my $out, '>', "$root/docs/wasi.md" or die "docs/wasi.md: $!\n";
    print $out $new;
    close $out or die "docs/wasi.md: $!\n";
}
print "1..$count\n";
exit($failed ? 1 : 0);
