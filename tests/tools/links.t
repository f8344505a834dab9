#!/usr/bin/perl
# Every relative link in README.md and docs/ leads to a file, and docs/README.md lists every guide.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use Test::More;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
for my $page ("$top/README.md", glob "$top/docs/*.md") {
    open my $in, '<', $page or die "$page: $!";
    my $text = join '', <$in>;
    my @dead = grep { !-e dirname($page) . "/$_" }
        grep { !/^(?:https?:|#)/ } map { s/#.*//r } $text =~ /\]\(([^)\s]+)\)/g;
    is("@dead", '', basename($page) . ': every link leads to a file');
}
open my $in, '<', "$top/docs/README.md" or die;
my $index = join '', <$in>;
for my $guide (grep { $_ ne 'README.md' } map { basename($_) } glob "$top/docs/*.md") {
    ok($index =~ /\(\Q$guide\E\)/, "docs/README.md lists $guide");
}
done_testing();
