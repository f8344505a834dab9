#!/usr/bin/perl
# The planted bugs: driver, descriptions, constants, seeds, trigger and table agree; and where a kernel
# with the driver is in the cache and QEMU is there, each bug that MUJUN_PLANTED names (three shallow
# ones by default, "all" takes five minutes) is triggered in a machine of its own and must be reported
# under its title. SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Temp qw(tempdir);
use Test::More;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
my $mujun = $ENV{MUJUN} // "$top/build/release/mujun";
my $planted = "$top/tests/kernel/planted";
my $work = tempdir(CLEANUP => 1);

sub slurp { open my $in, '<', $_[0] or die "$_[0]: $!\n"; local $/; return <$in> // '' }

my (@bugs, %title, %depth);
for (split /\n/, slurp("$planted/planted.def")) {
    if (/^BUG\((\w+),\s*(\w+),\s*"([^"]+)"\)/) { push @bugs, $1; $depth{$1} = $2; push @{ $title{$1} }, $3 }
    push @{ $title{$1} }, $2 if /^ALSO\((\w+),\s*"([^"]+)"\)/;
}
cmp_ok(scalar @bugs, '>=', 14, 'there are at least 14 bugs');
my %kinds = map { $_ => 1 } values %depth;
is_deeply([sort keys %kinds], [sort qw(plain chain magic string nested fault race)], 'at every depth');

# ---- one source of truth ----
is_deeply([sort map { basename($_) } glob "$planted/seeds/*"], [sort @bugs], 'a seed for each bug');
my $trigger = slurp("$planted/trigger.c");
my %runs = map { $_ => 1 } $trigger =~ /\{"(\w+)",\s+\w+\s*\}/g;
is_deeply([sort keys %runs], [sort @bugs], 'the trigger knows each bug');
my $driver = join '', map { slurp($_) } glob "$planted/driver/*.c";
for my $bug (@bugs) {
    my @functions = map { / in (\w+)$/ ? $1 : () } @{ $title{$bug} };
    is(scalar(grep { $driver =~ /^(?:BUG_FUNCTION|static long) [^\n]*\b$_\(/m } @functions), scalar @functions,
       "$bug: its titles name functions of the driver");
}
my $check = `'$mujun' desc check '$planted' 2>&1`;
is($?, 0, 'the descriptions are without errors') or diag($check);
is(system("'$mujun' desc fmt --check '$planted/planted.txt' >/dev/null"), 0, 'and canonical');
for my $secret ($driver =~ /!= (0x[0-9a-f]{8,})/g, $driver =~ /== (0x[0-9a-f]{8,})/g) {
    unlike(slurp("$planted/planted.txt") . slurp("$planted/planted.txt.const"), qr/\Q$secret\E/i, "$secret is in no description");
}

my @crooked = grep { slurp($_) ne `'$mujun' prog print -d '$planted' '$_' 2>&1` } glob "$planted/seeds/*";
is_deeply(\@crooked, [], 'the seeds fit the descriptions and are in normal form');

# ---- the constants ----
my %const = slurp("$planted/planted.txt.const") =~ /^(\w+) = (\d+)/mg;
my @names = grep { /^PLANTED_/ } sort keys %const;
open my $probe, '>', "$work/probe.c" or die;
print $probe "#include \"$planted/driver/planted.h\"\n#include <stdio.h>\nint main(void)\n{\n";
print $probe "    printf(\"$_ %lu\\n\", (unsigned long)($_));\n" for @names;
print $probe "    return 0;\n}\n";
close $probe;
my $cc = $ENV{CC} // 'gcc';
is(system("$cc -o '$work/probe' '$work/probe.c'"), 0, 'the header compiles');
my %real = `'$work/probe'` =~ /^(\w+) (\d+)$/mg;
is_deeply(\%real, { map { $_ => $const{$_} } @names }, 'the constants are those of the header');
my @missing = grep { !exists $const{$_} } slurp("$planted/driver/planted.h") =~ /^#define (PLANTED_\w+)\s+_IO/mg;
is_deeply(\@missing, [], 'no command of the header is left out');

# ---- in the machine ----
my $kernel = `'$mujun' kernel build --planted --cached --json 2>/dev/null`;
my ($image) = $kernel =~ /"kernel": "([^"]+)"/;
my $wanted = $ENV{MUJUN_PLANTED} // 'warn null uaf_read';
my @boots = $wanted eq 'all' ? @bugs : split ' ', $wanted;
SKIP: {
    my $count = @boots;
    skip 'no kernel with the planted driver in the cache (mujun kernel build --planted)', $count if !$image;
    skip 'qemu-system-x86_64 is missing (tools/setup --kernel)', $count if !grep { -x "$_/qemu-system-x86_64" } split /:/, $ENV{PATH};
    system("$cc -O1 -static -pthread -o '$work/init' '$planted/trigger.c'") == 0 or skip 'no static C library', $count;
    open my $out, '>:raw', "$work/initrd" or die;
    print $out cpio('dev', 040755, ''), cpio('dev/console', 020600, '', 5, 1), cpio('init', 0100755, slurp("$work/init")), cpio('TRAILER!!!', 0, '');
    close $out;
    for my $bug (@boots) {
        my $console = "$work/$bug.log";
        system("timeout 180 qemu-system-x86_64 -accel tcg -m 1024 -smp 1 -display none -serial stdio -monitor none -no-reboot " .
               "-nic none -kernel '$image' -initrd '$work/initrd' -append 'console=ttyS0 oops=panic panic_on_warn=1 panic=1 " .
               "hung_task_panic=1 softlockup_panic=1 PLANTED=$bug' >'$console' 2>&1 </dev/null");
        chomp(my $got = `'$mujun' report --title '$console' 2>&1`);
        ok((grep { $_ eq $got } @{ $title{$bug} }), "$bug is reported as $got") or diag("expected $title{$bug}[0]\n" . `tail -n 5 '$console'`);
    }
}
done_testing();

# One file of an initramfs.
my $inode;
sub cpio {
    my ($name, $mode, $data, $major, $minor) = @_;
    my $text = sprintf('070701' . '%08X' x 13, ++$inode, $mode, 0, 0, 1, 0, length $data, 0, 0, $major // 0, $minor // 0, 1 + length $name, 0) . "$name\0";
    $text .= "\0" x (-length($text) % 4) . $data;
    return $text . "\0" x (-length($text) % 4);
}
