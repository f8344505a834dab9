#!/usr/bin/perl
# Bad news about machines, as `mujun doctor` tells it, with a fake emulator: no kernel is booted.
# What the library does about each is in tests/unit/test_vm.c.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use JSON::PP;
use Test::More;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
my $mujun = $ENV{MUJUN} // "$top/build/release/mujun";
my $fake = "$top/tests/kernel/fake-qemu";
my $scratch = tempdir(CLEANUP => 1);
$ENV{XDG_CACHE_HOME} = "$scratch/cache"; # frozen machines of a fake emulator are nobody's business
delete $ENV{MUJUN_KERNEL};

sub write_file {
    my ($path, $bytes) = @_;
    open my $out, '>:raw', $path or die "$path: $!\n";
    print $out $bytes;
    close $out;
    return $path;
}

# Enough of a kernel for who only looks at it: the magic, and where the words are.
my $kernel = write_file("$scratch/bzImage",
    "\0" x 0x202 . 'HdrS' . "\0" x 8 . pack('S<', 0x100) . "\0" x (0x300 - 0x210) . "6.1.0-fake #1\0");
write_file("$scratch/broken-qemu", "#!/bin/sh\necho no such library >&2\nexit 127\n");
chmod 0755, "$scratch/broken-qemu";

sub doctor {
    my ($mode, @args) = @_;
    local $ENV{FAKE_QEMU} = $mode;
    open my $in, '-|', 'sh', '-c', '"$@" 2>&1', 'sh', $mujun, 'doctor', '--accel', 'tcg', '--boot-timeout', '2s', @args
        or die "$mujun: $!\n";
    my $text = do { local $/; <$in> };
    close $in;
    (my $line = $text) =~ s/\s+/ /g; # as if it had not been wrapped
    return ($? >> 8, $line, $text);
}

my @good = ('--qemu', $fake, '--kernel', $kernel);
my @rows = (
    # name, mode, arguments, exit code, what it says
    ['all is well', 'good', [@good], 0, qr/snapshot .*Everything that fuzzing a kernel needs is here/],
    ['emulator missing', 'good', ['--qemu', 'no-such-qemu', '--kernel', $kernel], 1,
        qr/FAIL emulator no-such-qemu is not there: apt-get install qemu-system-x86/],
    ['emulator broken', 'good', ['--qemu', "$scratch/broken-qemu", '--kernel', $kernel], 1,
        qr/FAIL emulator .*does not run: no such library/],
    ['kernel missing', 'good', ['--qemu', $fake, '--kernel', "$scratch/none"], 1,
        qr/FAIL kernel .*none: No such file/],
    ['not a kernel', 'good', ['--qemu', $fake, '--kernel', $0], 1, qr/FAIL machine .*is no bzImage or vmlinuz/],
    ['executor missing', 'good', [@good, '--executor', "$scratch/none"], 1, qr/FAIL machine executor .*`make` builds it/],
    ['more memory than there is', 'good', [@good, '--memory', '1T'], 1, qr/FAIL machine .*MiB of memory are free/],
    ['kernel does not boot', 'mute', [@good], 1, qr/FAIL boot .*no word from the kernel for 2 s.*CONFIG_SERIAL_8250_CONSOLE/],
    ['kernel dies', 'panic', [@good], 1, qr/FAIL boot .*died while it was booting.*BUG: fake crash/],
    ['emulator dies', 'dies', [@good], 1, qr/FAIL boot .*could not load kernel/],
    ['executor cannot', 'failed', [@good], 1, qr/FAIL boot .*could not set itself up: region: no ivshmem device/],
    ['executor killed', 'loses', [@good], 1, qr/FAIL round trip lost connection to test machine/],
    ['answers make no sense', 'hostile', [@good], 1, qr/FAIL round trip lost connection/],
);
for my $row (@rows) {
    my ($name, $mode, $args, $want, $says) = @$row;
    my ($exit, $line, $text) = doctor($mode, @$args);
    is $exit, $want, "$name: exit code";
    like $line, $says, "$name: what it says" or diag $text;
}

my ($exit, undef, $text) = doctor('good', @good, '--json');
my $report = eval { decode_json($text =~ s/^[^{]*//r) };
ok $report && $report->{ok} && $exit == 0, '--json: parses' or diag $text;
my %verdict = map { $_->{check} => $_->{verdict} } @{ $report->{checks} // [] };
is $verdict{boot}, 'ok', '--json: boot';
is $verdict{'code coverage'}, 'ok', '--json: coverage, which the fake has';
is $verdict{'leak checking'}, 'note', '--json: leaks, which it has not';
like((grep { $_->{check} eq 'kernel' } @{ $report->{checks} })[0]{text}, qr/6\.1\.0-fake #1/, '--json: the kernel says what it is');

# A disk without room: a file system of 64 KiB, in a namespace of our own.
SKIP: {
    my $tiny = "$scratch/tiny";
    mkdir $tiny;
    my $probe = system "unshare -m mount -t tmpfs -o size=64k tiny '$tiny' 2>/dev/null";
    skip 'cannot mount a small file system here', 2 if $probe != 0;
    my $said = `unshare -m sh -c 'mount -t tmpfs -o size=64k tiny "$tiny" && XDG_CACHE_HOME="$tiny" FAKE_QEMU=good "$mujun" doctor --accel tcg --qemu "$fake" --kernel "$kernel"' 2>&1`;
    is $? >> 8, 1, 'disk full: exit code';
    like $said =~ s/\s+/ /gr, qr/FAIL disk 0 MiB free under .*make room/, 'disk full: what it says';
}
done_testing;
