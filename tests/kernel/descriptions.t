#!/usr/bin/perl
# Our own descriptions of Linux: they compile, enough calls are enabled, text and constants are as
# the tools write them, and every struct that the kernel's headers define has the size, and every
# field the place and the size, that the C compiler gives it.
#
# A struct of ours is compared with `struct NAME` (a union with `union NAME`) of the headers that its
# file includes, if they have one. A comment above it may say otherwise:
#     # layout struct OTHER          compare with that
#     # layout part union OTHER p.   compare the fields only, with p.FIELD; sizes may differ
#     # layout none                  the header's struct of this name is something else
# Fields are compared by name. One that C does not have (a word of ours cut in two, padding with a
# name) is counted, not compared. UNCHECKED=1 names structs and fields that were not.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
my $mujun = $ENV{MUJUN} // "$top/build/release/mujun";
my $cc = 'cc'; # layouts are the same with every compiler; cc is there to build us
my $folder = "$top/descriptions/linux";
my $enabled_min = 900;
my ($structs_min, $fields_min) = (250, 2400); # that are compared
my $headers = '6.1';   # the constants in the tree come from these
-x $mujun or die "$mujun is missing; run make first\n";
delete $ENV{MUJUN_DESCRIPTIONS};

sub slurp {
    my ($path) = @_;
    open my $in, '<', $path or die "$path: $!\n";
    local $/;
    return scalar <$in>;
}

my @files = sort glob "$folder/*.txt";
my $check = JSON::PP->new->utf8->decode(scalar `$mujun desc check --json $folder`);
is($check->{error_count}, 0, 'the descriptions compile') or diag map { "$_->{file}:$_->{line}: $_->{message}\n" } @{ $check->{errors} };
cmp_ok($check->{enabled}, '>=', $enabled_min, "$check->{enabled} of $check->{calls} calls are enabled on amd64");
is(scalar `$mujun desc fmt --check @files`, '', 'their text is canonical');

my @missing = grep { !-e "$_.const" } @files;
is("@missing", '', 'every file has its constants');
my @long = grep { my $lines = () = slurp($_) =~ /\n/g; $lines > 500 } @files;
is("@long", '', 'no file is longer than 500 lines');

# ---- against the headers ----

my $version = -e '/usr/include/linux/version.h' ? slurp('/usr/include/linux/version.h') : '';
my ($major) = $version =~ /LINUX_VERSION_MAJOR (\d+)/;
my ($minor) = $version =~ /LINUX_VERSION_PATCHLEVEL (\d+)/;
my $found = defined $major && defined $minor ? "$major.$minor" : 'none';
my $machine = qx{uname -m};
my $why = $machine !~ /^x86_64/ ? 'the constants are those of amd64'
    : $found ne $headers ? "they are of Linux $headers, the headers here are of $found" : '';

# "type member" pairs to compare with, or nothing: what a comment above line $line of a file says.
sub directive {
    my ($lines, $line) = @_;
    for (my $i = $line - 2; $i >= 0 && $lines->[$i] =~ /^#/; $i--) {
        return ($1, $2, $3 // '') if $lines->[$i] =~ /^# layout (part )?((?:struct|union) \w+)(?: (\S+))?$/;
        return (undef, 'none', '') if $lines->[$i] =~ /^# layout none$/;
    }
    return;
}

# Asks the compiler about C expressions, all at once: {key => value, or undef}.
sub ask {
    my ($includes, %expression) = @_;
    my $work = tempdir(CLEANUP => 1);
    open my $out, '>', "$work/probe.txt" or die "$work: $!\n";
    print $out @$includes, map { "define $_\t$expression{$_}\n" } sort keys %expression;
    close $out;
    my $said = qx{$mujun desc extract --cc $cc $work/probe.txt 2>&1};
    die "extract: $said" if $?;
    my %value;
    for (split /\n/, slurp("$work/probe.txt.const")) { $value{$1} = $2 if /^(\w+) = (\d+)$/ }
    return \%value;
}

my %count = (structs => 0, fields => 0, bits => 0, odd_fields => 0, odd_structs => 0);
my (@wrong, @unchecked, @odd, %seen);

sub compare {
    my ($s, $type, $part, $value, $key) = @_;
    my $where = basename($s->{file}) . ":$s->{line}: $s->{base}";
    $seen{ $s->{file} . $s->{base} } = 1; # instances of one template are one struct
    $count{structs} = keys %seen;
    push @wrong, "$where has $s->{size} bytes, $type has " . $value->{"${key}_S"}
        if !$part && defined $s->{size} && $s->{size} != $value->{"${key}_S"};
    my @fields = @{ $s->{fields} };
    for my $i (0 .. $#fields) {
        my $f = $fields[$i];
        my $offset = $value->{"${key}_O$i"};
        if (defined $f->{bits}) { $count{bits}++; next }
        if (!defined $offset || !defined $f->{offset}) {
            $count{odd_fields}++;
            push @odd, "$where.$f->{name}";
            next;
        }
        $count{fields}++;
        push @wrong, "$where.$f->{name} is at $f->{offset}, in $type at $offset" if $f->{offset} != $offset;
        my $size = $value->{"${key}_Z$i"};
        next if !defined $f->{size} || !defined $size || $f->{size} == $size;
        my $rest_is_ours = $f->{size} < $size && $i < $#fields && !defined $value->{ "${key}_O" . ($i + 1) };
        push @wrong, "$where.$f->{name} has $f->{size} bytes, in $type $size" if !$rest_is_ours;
    }
}

SKIP: {
    skip $why, 5 if $why;
    is(scalar `$mujun desc extract --check --cc $cc $folder 2>&1`, '', 'the constants are those of the headers');

    my $layout = JSON::PP->new->utf8->decode(scalar `$mujun desc layout --json $folder`);
    my %by_file;
    push @{ $by_file{ $_->{file} } }, $_ for grep { $_->{file} =~ /\.txt$/ } @$layout;
    for my $file (sort keys %by_file) {
        my @lines = split /\n/, slurp($file);
        my @includes = map { "$_\n" } 'include <stddef.h>', grep { /^include </ } @lines;
        my (%expression, %asked);
        for my $i (0 .. $#{ $by_file{$file} }) {
            my $s = $by_file{$file}[$i];
            my ($part, $type, $prefix) = directive(\@lines, $s->{line});
            next if defined $type && $type eq 'none';
            next if !defined $type && $s->{name} ne $s->{base}; # of a template: only what is said
            $asked{$i} = [ defined $type, $type //= "$s->{kind} $s->{base}", $part ];
            $prefix //= '';
            $expression{"K${i}_S"} = "sizeof($type)";
            for my $k (0 .. $#{ $s->{fields} }) {
                my $member = "$prefix$s->{fields}[$k]{name}";
                $expression{"K${i}_O$k"} = "__builtin_offsetof($type, $member)";
                $expression{"K${i}_Z$k"} = "sizeof((($type *)0)->$member)";
            }
        }
        next if !%expression;
        my $value = ask(\@includes, %expression);
        for my $i (sort { $a <=> $b } keys %asked) {
            my ($must, $type, $part) = @{ $asked{$i} };
            my $s = $by_file{$file}[$i];
            if (defined $value->{"K${i}_S"}) { compare($s, $type, $part, $value, "K$i") }
            elsif ($must) { push @wrong, basename($file) . ":$s->{line}: $s->{base}: the headers have no $type" }
            else { push @unchecked, basename($file) . ":$s->{line}: $s->{base}"; $count{odd_structs}++ }
        }
    }
    is(join("\n", @wrong), '', 'sizes and offsets agree with the headers');
    diag join "\n", @unchecked, @odd if $ENV{UNCHECKED};
    cmp_ok($count{structs}, '>=', $structs_min,
        "$count{structs} structs and unions compared, $count{odd_structs} are not in the headers");
    cmp_ok($count{fields}, '>=', $fields_min,
        "$count{fields} fields compared; $count{odd_fields} are not in the headers, $count{bits} are bits");

    # A check that cannot fail checks nothing: what it says of structs that are wrong.
    my $value = ask(["include <linux/eventpoll.h>\n"], W_S => 'sizeof(struct epoll_event)',
        W_O0 => '__builtin_offsetof(struct epoll_event, events)', W_O1 => '__builtin_offsetof(struct epoll_event, data)');
    @wrong = ();
    compare({ file => 'a.txt', line => 1, base => 'epoll_event', size => 16,
            fields => [ { name => 'events', offset => 0, size => 4 }, { name => 'data', offset => 8, size => 8 } ] },
        'struct epoll_event', undef, $value, 'W');
    is(join(' ', map { /: (.*)/ } @wrong), 'epoll_event has 16 bytes, struct epoll_event has 12 ' .
            'epoll_event.data is at 8, in struct epoll_event at 4', 'and what does not agree is found');
}
done_testing();
