#!/usr/bin/perl
# mujun fuzz from outside: ten kinds of bad news, each with a clear line and none a disaster; then a
# run of the whole thing with the executor as a process of this system and a handful of harmless
# calls; then, where QEMU and a kernel are, a machine that boots.
#   MUJUN_TEST_KERNEL   a kernel, or the folder of a built one, for the last part
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use File::Temp 'tempdir';
use IO::Socket::INET;
use Test::More;

my $mujun = $ENV{MUJUN} // 'build/release/mujun';
my $dir = tempdir(CLEANUP => 1);
my @calm = ('--i-own-this-machine', '--set', 'type=local', qw(-n 1 -e getpid -e pipe2 -e dup -e close));

sub spew {
    my ($path, $text) = @_;
    open my $out, '>:raw', $path or die "$path: $!";
    print $out $text;
    close $out or die "$path: $!";
}

sub slurp {
    my ($path) = @_;
    open my $in, '<:raw', $path or return '';
    local $/;
    return <$in>;
}

# What it said on both streams, and its exit code.
sub fuzz {
    my (@words) = @_;
    my $said = '';
    my $pid = open my $out, '-|';
    die "fork: $!" if !defined $pid;
    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT or die;
        exec 'timeout', '60', $mujun, 'fuzz', @words or die "exec: $!";
    }
    { local $/; $said = <$out> // ''; }
    close $out;
    return ($said, $? >> 8);
}

my $work = 0;
sub workdir { return "$dir/w" . ++$work }

# ---- bad news before anything runs -----------------------------------------------------------------
spew("$dir/broken.cfg", "# a comment\n{\n  \"procs\": 3,\n  \"vm\": {\"count\": }\n}\n");
spew("$dir/unknown.cfg", "{\n  \"workdir\": \"$dir/w\",\n  \"prosc\": 3\n}\n");
spew("$dir/bad.txt", "getpid()\nread(fd nonsense)\n");
spew("$dir/kernel", "\0" x 0x1fe . "\x55\xaaxxHdrS" . "\0" x 4096); # looks like one, so far
spew("$dir/text", 'no kernel');
my @kernel = ('-k', "$dir/kernel");
for (
    ['no work directory', [@kernel], qr/workdir: expected a folder/, 64],
    ['a config that is no JSON', ['-c', "$dir/broken.cfg"], qr/broken\.cfg:4:\d+: malformed input/, 65],
    ['an unknown key', ['-c', "$dir/unknown.cfg"], qr/unknown\.cfg:3:.*did you mean procs/, 64],
    ['a config that is not there', ['-c', "$dir/none.cfg"], qr/none\.cfg.*No such file/, 66],
    ['a kernel that is not there', ['-k', "$dir/none", '-w', workdir()], qr/none: there is no such file/, 66],
    ['a folder without a kernel', ['-k', $dir, '-w', workdir()], qr/expected a built kernel in the folder/, 66],
    ['a kernel that is none', ['-k', "$dir/text", '-w', workdir()], qr/text is no bzImage or vmlinuz/, 65],
    ['no emulator', [@kernel, '-w', workdir(), '--set', 'vm.qemu=/nowhere/qemu'], qr/\/nowhere\/qemu/, 66],
    ['descriptions with errors', [@kernel, '-w', workdir(), '--descriptions', "$dir/bad.txt"],
        qr/bad\.txt:2:\d+: /, 65],
    ['this machine, not said to be owned', ['-w', workdir(), '--set', 'type=local'],
        qr/--i-own-this-machine/, 64],
    ['another target', [@kernel, '-w', workdir(), '--set', 'target=freebsd/amd64'],
        qr/expected linux\/amd64, found freebsd/, 64],
    ['a call that nobody knows', [@calm, '-w', workdir(), '-e', 'opne'], qr/no call .* is named opne/, 64],
    ['image without key', ['-w', workdir(), '--set', 'image=/i'], qr/belong together/, 64],
) {
    my ($name, $words, $want, $code) = @$_;
    my ($said, $exit) = fuzz(@$words);
    ok($said =~ $want && $exit == $code, $name) or diag("exit $exit: $said");
}

# ---- the whole thing, in this system -----------------------------------------------------------------
SKIP: {
    my $w = workdir();
    my ($said, $exit) = fuzz(@calm, '-w', $w, '--exec-limit', '300', '--seed', '5');
    skip 'the executor does not run here: ' . ($said =~ /.*\n\z/ ? $& : $said), 15 if $exit != 0;
    my $time = qr/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d /m;
    like($said, qr/${time}seed 5\n${time}loading corpus\.\.\.\n${time}booting test machines\.\.\.\n/,
        'the log begins as it should');
    like($said, qr/${time}machine check:\n${time}syscalls +: 5\/\d+\n${time}code coverage +: /, 'the machine check');
    like($said, qr/${time}VMs 0, executed \d+, cover \d+, crashes 0, repro 0\n\z/, 'the last line');
    my ($executed) = $said =~ /executed (\d+)/;
    cmp_ok($executed, '>=', 300, 'as many programs as asked for');
    ok(-s "$w/corpus.db", 'there is a corpus');

    ($said, $exit) = fuzz(@calm, '-w', $w, '--exec-limit', '300');
    like($said, qr/corpus +: [1-9]\d* \(\d+ deleted\)/, 'it goes on with the corpus');
    like($said, qr/as an earlier run found them/, 'and with the machine check');

    spew("$w/corpus.db", substr(slurp("$w/corpus.db"), 0, 100) . "\xff" x 50 . 'garbage');
    ($said, $exit) = fuzz(@calm, '-w', $w, '--exec-limit', '100');
    ok($exit == 0 && $said =~ /corpus/ && glob("$w/corpus.db*damaged*"), 'a damaged corpus is kept aside')
        or diag($said);

    spew("$dir/seed.log", "getpid() = 7\npipe2([3, 4], 0) = 0\nclose(3) = 0\n");
    spew("$dir/seed.prog", "getpid()\n");
    ($said, $exit) = fuzz(@calm, '-w', workdir(), '--exec-limit', '50', '--seed-corpus', "$dir/seed.log",
        '--seed-corpus', "$dir/seed.prog", '--seed-corpus', "$w/corpus.db");
    like($said, qr/strace log: 3 of 3 calls became.*\d+ seeds in 3 files/s, 'seeds of three kinds');

    ($said, $exit) = fuzz(@calm, '-w', workdir(), '--bench', '2s', '--json');
    my ($json) = $said =~ /(^\{.*)/ms;
    my $sum = 0;
    $sum += $1 while $json =~ /"(?:guest_kernel|executor|transport|host)_share": ([\d.]+)/g;
    ok($exit == 0 && abs($sum - 1) < 0.01, "shares of time sum to one: $sum");

    my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "no port: $!";
    ($said, $exit) = fuzz(@calm, '-w', workdir(), '--exec-limit', '50', '--http', '127.0.0.1:' . $socket->sockport);
    ok($exit == 0 && $said =~ /already in use; .*fuzzing goes on without pages/i, 'a port that is in use') or diag($said);
    ($said, $exit) = fuzz(@calm, '-w', workdir(), '--exec-limit', '50', '--http', '127.0.0.1:0');
    like($said, qr{${time}serving http on http://127\.0\.0\.1:\d+}, 'a port that is free');

    ($said, $exit) = fuzz(@calm, '-w', workdir(), '--compare-levels', '1s');
    like($said, qr/^level +seconds .*\n1 random +1 +[1-9]\d* .*\n2 captured .*\n3 described .*\n4 and coverage +1 +[1-9]/m,
        'the four levels, one after the other') or diag($said);

    # Two on one work directory; then an interrupt, which ends it cleanly.
    my $pid = fork;
    my $shared = workdir();
    if ($pid == 0) {
        open STDOUT, '>', "$dir/first.log" or die;
        exec $mujun, 'fuzz', @calm, '-w', $shared or die;
    }
    for (1 .. 100) { last if slurp("$dir/first.log") =~ /machine check/; select undef, undef, undef, 0.1 }
    ($said, $exit) = fuzz(@calm, '-w', $shared);
    ok($exit == 66 && $said =~ /another mujun fuzzes with this work directory/, 'one at a time') or diag($said);
    kill 'INT', $pid;
    waitpid $pid, 0;
    ok($? == 0 && slurp("$dir/first.log") =~ /VMs 0, executed \d+.*\n\z/, 'an interrupt ends it cleanly');
}

# ---- a disk that is full -----------------------------------------------------------------------------
SKIP: {
    my $small = "$dir/small";
    mkdir $small;
    skip 'no small file system can be mounted here', 1
        if system("mount -t tmpfs -o size=128k tmpfs '$small' 2>/dev/null") != 0;
    my ($said, $exit) = fuzz(@calm, '-w', "$small/w", '--time-limit', '12s');
    system("umount '$small'");
    ok($exit == 0 && $said =~ /nearly full: fuzzing goes on/, 'fuzzing goes on') or diag($said);
}

# ---- a real machine ----------------------------------------------------------------------------------
SKIP: {
    my $kernel = $ENV{MUJUN_TEST_KERNEL};
    skip 'MUJUN_TEST_KERNEL names no kernel', 2 if !defined $kernel;
    skip 'qemu-system-x86_64 is not installed', 2 if !grep { -x "$_/qemu-system-x86_64" } split /:/, $ENV{PATH};
    my $pid = open my $out, '-|', 'timeout', '300', $mujun, 'fuzz', 'linux', '-k', $kernel, '-w', workdir(), '-n', 1,
        '--exec-limit', '100' or die;
    my $said = do { local $/; <$out> };
    close $out;
    like($said, qr/code coverage +: enabled/, 'a machine boots and has coverage');
    like($said, qr/executed [1-9]\d{2,}, cover [1-9]\d\d/, 'programs run and reach code');
}

done_testing();
