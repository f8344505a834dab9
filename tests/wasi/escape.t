#!/usr/bin/perl
# Guests that try to get out: each row is a program that uses one known trick against its directory,
# its memory or its host, and must be refused. Then what lies outside must be as it was.
# SPDX-License-Identifier: Apache-2.0
#
# A row is [what it tries, options, body, exit code to expect]. The body is WebAssembly text that
# leaves one i32, the exit code; usually the error number of the last call. In it
#   @"text"       becomes a pointer and a length        #ERRNO   becomes an error number
# Descriptor 3 is in/ (writable), 4 is ro/ (read-only), both beside `secret`.
#   tests/wasi/escape.t [part of a description...]
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);

use constant { SECONDS_MAX => 60, DATA_AT => 4096, SWAPS_MAX => 1_000_000 };

my $root = abs_path(dirname(abs_path($0)) . '/../..');
my $mujun = $ENV{MUJUN} // "$root/build/release/mujun";
my $scratch = tempdir(CLEANUP => 1);

sub slurp {
    my ($path) = @_;
    open my $in, '<:raw', $path or return undef;
    local $/;
    return <$in> // '';
}

sub spew {
    my ($path, $text) = @_;
    open my $out, '>:raw', $path or die "$path: $!\n";
    print $out $text;
    close $out or die "$path: $!\n";
}

my %errno = slurp("$root/src/shield/wasi/errno.def") =~ /^ERRNO\((\w+),\s*(\d+),/mg;

# Imports come from wasi.def; helpers: $open leaves the new descriptor at 0, $get reads 16 bytes of it.
my $prelude = "(module\n";
my $def = slurp("$root/src/shield/wasi/wasi.def");
while ($def =~ /^WASI\((\w+),\s*"\w*",\s*"(\w*):(\w*)"/mg) {
    my ($name, $params, $results) = ($1, map { join ' ', map { $_ eq 'I' ? 'i64' : 'i32' } split // } $2, $3);
    $prelude .= qq{ (import "wasi_snapshot_preview1" "$name" (func \$$name (param $params) (result $results)))\n};
}
$prelude .= <<'END';
 (memory (export "memory") 2)
 (global $bad (mut i32) (i32.const 0))
 (func $open (param $dir i32) (param $lookup i32) (param $path i32) (param $size i32) (param $oflags i32)
     (param $rights i64) (result i32)
   (call $path_open (local.get $dir) (local.get $lookup) (local.get $path) (local.get $size)
     (local.get $oflags) (local.get $rights) (i64.const 0x3fffffff) (i32.const 0) (i32.const 0)))
 (func $read_path (param $dir i32) (param $path i32) (param $size i32) (result i32)
   (call $open (local.get $dir) (i32.const 1) (local.get $path) (local.get $size) (i32.const 0) (i64.const 2)))
 (func $write_path (param $dir i32) (param $path i32) (param $size i32) (param $oflags i32) (result i32)
   (call $open (local.get $dir) (i32.const 1) (local.get $path) (local.get $size) (local.get $oflags) (i64.const 64)))
 (func $get (param $fd i32) (result i32)
   (i64.store (i32.const 16) (i64.const 0x10_0000_0040)) ;; 16 bytes at 64
   (call $fd_read (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 8)))
 (func $put (param $fd i32) (result i32)
   (i64.store (i32.const 16) (i64.const 0x4_0000_0040))
   (i32.store (i32.const 64) (i32.const 0x21212121))
   (call $fd_write (local.get $fd) (i32.const 16) (i32.const 1) (i32.const 8)))
 (func $must (param $errno i32) ;; a step that has to work
   (if (local.get $errno) (then (call $proc_exit (i32.add (local.get $errno) (i32.const 100))))))
END

my $F = '(i32.const 0x3fffffff)';
my @rows = (
    # paths
    ['a path with ..', '', '(call $read_path (i32.const 3) @"../secret")', 'NOTCAPABLE'],
    ['.. hidden in the middle', '', '(call $read_path (i32.const 3) @"dir/./../../secret")', 'NOTCAPABLE'],
    ['.. behind a link', '', '(call $must (call $path_symlink @"dir/deep" (i32.const 3) @"l"))
        (call $read_path (i32.const 3) @"l/../../../secret")', 'NOTCAPABLE'],
    ['an absolute path', '', '(call $read_path (i32.const 3) @"/etc/passwd")', 'NOTCAPABLE'],
    ['an absolute path with two slashes', '', '(call $read_path (i32.const 3) @"//etc/passwd")', 'NOTCAPABLE'],
    ['a backslash', '', '(call $read_path (i32.const 3) @"..\\\\secret")', 'NOENT'],
    ['an overlong slash', '', '(call $read_path (i32.const 3) @"..\\c0\\afsecret")', 'NOENT'],
    ['full-width dots', '', '(call $read_path (i32.const 3) @"\\ef\\bc\\8e\\ef\\bc\\8e/secret")', 'NOENT'],
    ['a NUL that hides the rest', '', '(call $read_path (i32.const 3) @"file\\00/../../secret")', 'INVAL'],
    ['the name of the root itself', '', '(call $path_unlink_file (i32.const 3) @".")', 'ISDIR'],
    ['the parent of an opened directory', '', '(call $must (call $open (i32.const 3) (i32.const 0) @"dir" (i32.const 2) (i64.const 0x3fffffbf)))
        (call $read_path (i32.load (i32.const 0)) @"../file")', 'NOTCAPABLE'],
    ['the parent of a directory that was moved', '', '(call $must (call $open (i32.const 3) (i32.const 0) @"dir/deep" (i32.const 2) (i64.const 0x3fffffbf)))
        (call $must (call $path_rename (i32.const 3) @"dir/deep" (i32.const 3) @"moved"))
        (call $read_path (i32.load (i32.const 0)) @"../../secret")', 'NOTCAPABLE'],

    # links
    ['a link to the outside', '', '(call $must (call $path_symlink @"../secret" (i32.const 3) @"l"))
        (call $read_path (i32.const 3) @"l")', 'NOTCAPABLE'],
    ['a link with a slash behind it', '', '(call $must (call $path_symlink @".." (i32.const 3) @"up"))
        (call $open (i32.const 3) (i32.const 0) @"up/" (i32.const 2) (i64.const 0))', 'NOTCAPABLE'],
    ['the attributes of a link with a slash behind it', '', '(call $must (call $path_symlink @".." (i32.const 3) @"up"))
        (call $path_filestat_get (i32.const 3) (i32.const 0) @"up/" (i32.const 0))', 'NOTCAPABLE'],
    ['the times of a link with a slash behind it', '', '(call $must (call $path_symlink @"../out" (i32.const 3) @"o"))
        (call $path_filestat_set_times (i32.const 3) (i32.const 0) @"o/" (i64.const 0) (i64.const 0) (i32.const 5))', 'NOTCAPABLE'],
    ['a link with a slash and a dot behind it', '', '(call $must (call $path_symlink @".." (i32.const 3) @"up"))
        (call $path_filestat_get (i32.const 3) (i32.const 0) @"up/." (i32.const 0))', 'NOTCAPABLE'],
    ['removing through a link with a slash', '', '(call $must (call $path_symlink @"../out" (i32.const 3) @"o"))
        (call $path_remove_directory (i32.const 3) @"o/")', 'NOTDIR'],
    ['renaming onto a link with a slash', '', '(call $must (call $path_symlink @"../out" (i32.const 3) @"o"))
        (call $path_rename (i32.const 3) @"dir" (i32.const 3) @"o/")', 'NOTDIR'],
    ['a link through a link', '', '(call $must (call $path_symlink @".." (i32.const 3) @"up"))
        (call $must (call $path_symlink @"up/secret" (i32.const 3) @"l"))
        (call $read_path (i32.const 3) @"l")', 'NOTCAPABLE'],
    ['a link that only climbs after it was moved', '', '(call $must (call $path_symlink @"../../secret" (i32.const 3) @"dir/deep/l"))
        (call $must (call $path_rename (i32.const 3) @"dir/deep/l" (i32.const 3) @"l"))
        (call $read_path (i32.const 3) @"l")', 'NOTCAPABLE'],
    ['a second name of a link', '', '(call $must (call $path_symlink @"../secret" (i32.const 3) @"dir/l"))
        (call $must (call $path_link (i32.const 3) (i32.const 0) @"dir/l" (i32.const 3) @"h"))
        (call $read_path (i32.const 3) @"h")', 'NOTCAPABLE'],
    ['an absolute link', '', '(call $path_symlink @"/etc/passwd" (i32.const 3) @"l")', 'NOTCAPABLE'],
    ['an absolute link somebody else made', '', '(call $read_path (i32.const 3) @"abs")', 'NOTCAPABLE'],
    ['a hard link to the outside', '', '(call $path_link (i32.const 3) (i32.const 0) @"../secret" (i32.const 3) @"h")', 'NOTCAPABLE'],
    ['a hard link, through a link', '', '(call $must (call $path_symlink @"../secret" (i32.const 3) @"l"))
        (call $path_link (i32.const 3) (i32.const 1) @"l" (i32.const 3) @"h")', 'NOTCAPABLE'],
    ['creating through a dangling link', '', '(call $must (call $path_symlink @"../made" (i32.const 3) @"l"))
        (call $write_path (i32.const 3) @"l" (i32.const 1))', 'NOTCAPABLE'],
    ['creating a directory through a dangling link', '', '(call $must (call $path_symlink @"../made" (i32.const 3) @"l"))
        (call $path_create_directory (i32.const 3) @"l/")', 'EXIST'],
    ['creating in a linked directory', '', '(call $must (call $path_symlink @"../out" (i32.const 3) @"o"))
        (call $write_path (i32.const 3) @"o/made" (i32.const 1))', 'NOTCAPABLE'],
    ['truncating through a link', '', '(call $must (call $path_symlink @"../secret" (i32.const 3) @"l"))
        (call $write_path (i32.const 3) @"l" (i32.const 8))', 'NOTCAPABLE'],
    ['renaming to the outside', '', '(call $path_rename (i32.const 3) @"file" (i32.const 3) @"../made")', 'NOTCAPABLE'],
    ['renaming from the outside', '', '(call $path_rename (i32.const 3) @"../secret" (i32.const 3) @"got")', 'NOTCAPABLE'],
    ['removing outside through a link', '', '(call $must (call $path_symlink @"../out" (i32.const 3) @"o"))
        (call $path_unlink_file (i32.const 3) @"o/secret")', 'NOTCAPABLE'],
    ['reading a link outside', '', '(call $path_readlink (i32.const 3) @"../in/abs" (i32.const 0) (i32.const 64) (i32.const 128))', 'NOTCAPABLE'],
    ['a circle of links', '', '(call $must (call $path_symlink @"b" (i32.const 3) @"a"))
        (call $must (call $path_symlink @"a" (i32.const 3) @"b"))
        (call $read_path (i32.const 3) @"a/x")', 'LOOP'],
    ['a magic link of /proc: root', '--read-dir /proc::/p', '(call $read_path (i32.const 5) @"self/root/etc/passwd")', 'LOOP|NOTCAPABLE'],
    ['a magic link of /proc: cwd', '--read-dir /proc::/p', '(call $read_path (i32.const 5) @"self/cwd/file")', 'LOOP|NOTCAPABLE'],
    ['a magic link of /proc: an open descriptor', '--read-dir /proc::/p', '(call $read_path (i32.const 5) @"self/fd/0")', 'LOOP|NOTCAPABLE'],

    # rights
    ['writing in a read-only directory', '', '(call $write_path (i32.const 4) @"file" (i32.const 0))', 'NOTCAPABLE'],
    ['truncating there, opened to read', '', '(call $open (i32.const 4) (i32.const 0) @"file" (i32.const 8) (i64.const 2))', 'NOTCAPABLE'],
    ['creating there, opened to read', '', '(call $open (i32.const 4) (i32.const 0) @"new" (i32.const 1) (i64.const 2))', 'NOTCAPABLE'],
    ['a hard link from there to where it can be written', '', '(call $path_link (i32.const 4) (i32.const 0) @"file" (i32.const 3) @"h")', 'NOTCAPABLE'],
    ['moving a file from there', '', '(call $path_rename (i32.const 4) @"file" (i32.const 3) @"got")', 'NOTCAPABLE'],
    ['moving a file over one there', '', '(call $path_rename (i32.const 3) @"file" (i32.const 4) @"file")', 'NOTCAPABLE'],
    ['setting times there', '', '(call $path_filestat_set_times (i32.const 4) (i32.const 0) @"file" (i64.const 0) (i64.const 0) (i32.const 5))', 'NOTCAPABLE'],
    ['taking rights back', '', '(call $fd_fdstat_set_rights (i32.const 4) (i64.const 0x3fffffff) (i64.const 0x3fffffff))', 'NOTCAPABLE'],
    ['a directory below it with more rights', '', '(call $must (call $open (i32.const 4) (i32.const 0) @"dir" (i32.const 2) (i64.const 0x3fffffbf)))
        (call $path_unlink_file (i32.load (i32.const 0)) @"x")', 'NOTCAPABLE'],
    ['writing through what was opened to read', '', '(call $must (call $open (i32.const 4) (i32.const 0) @"file" (i32.const 0) (i64.const 0x3fffffbf)))
        (call $put (i32.load (i32.const 0)))', 'NOTCAPABLE'],
    ['resizing through what was opened to read', '', '(call $must (call $open (i32.const 4) (i32.const 0) @"file" (i32.const 0) (i64.const 0x3fffffbf)))
        (call $fd_filestat_set_size (i32.load (i32.const 0)) (i64.const 0))', 'NOTCAPABLE'],
    ['going over with renumber', '', '(call $must (call $fd_renumber (i32.const 4) (i32.const 3)))
        (call $write_path (i32.const 3) @"file" (i32.const 1))', 'NOTCAPABLE'],

    # descriptors
    ['descriptors it was not given', '', '(local $fd i32) (local $found i32)
        (local.set $fd (i32.const 5))
        (loop $next
          (if (i32.eqz (call $fd_fdstat_get (local.get $fd) (i32.const 0))) (then (local.set $found (i32.const 1))))
          (local.set $fd (i32.add (local.get $fd) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $fd) (i32.const 5000))))
        (local.get $found)', 0],
    ['a negative descriptor', '', '(call $fd_close (i32.const -1))', 'BADF'],
    ['renumber to where nothing is', '', '(call $fd_renumber (i32.const 3) (i32.const 0x7fffffff))', 'BADF'],
    ['renumber onto itself, then use it', '', '(call $must (call $fd_renumber (i32.const 3) (i32.const 3)))
        (call $read_path (i32.const 3) @"file")', 0],
    ['closing twice', '', '(call $must (call $fd_close (i32.const 3))) (call $fd_close (i32.const 3))', 'BADF'],
    ['renumber back and forth a thousand times', '', '(local $i i32)
        (loop $next
          (call $must (call $read_path (i32.const 3) @"file"))
          (call $must (call $fd_renumber (i32.load (i32.const 0)) (i32.const 2)))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $i) (i32.const 1000))))
        (call $get (i32.const 2))', 0],
    ['opening until nothing is left', '', '(local $e i32)
        (loop $next
          (local.set $e (call $read_path (i32.const 3) @"file"))
          (br_if $next (i32.eqz (local.get $e))))
        (local.get $e)', 'MFILE'],
    ['accepting on a file', '', '(call $sock_accept (i32.const 0) (i32.const 0) (i32.const 0))', 'NOTSOCK'],
    ['killing the host', '', '(call $proc_raise (i32.const 9))', 137],
    ['stopping the host', '', '(call $proc_raise (i32.const 18))', 'NOTSUP'],
    ['sleeping for ever', '--timeout 200ms', '(call $must (call $poll_oneoff (i32.const 1024) (i32.const 2048) (i32.const 1) (i32.const 0)))
        (i32.const 0)', 75, '(data (i32.const 1048) "\ff\ff\ff\ff\ff\ff\ff\7f")(data (i32.const 1040) "\01")'],

    # memory
    ['a path that ends behind memory', '', '(call $read_path (i32.const 3) (i32.const 0x1ffff) (i32.const 2))', 'FAULT'],
    ['a path whose end wraps around', '', '(call $read_path (i32.const 3) (i32.const 0xffffffff) (i32.const 0xffffffff))', 'FAULT'],
    ['a path of 4 GiB', '', '(call $read_path (i32.const 3) (i32.const 0) (i32.const 0xffffffff))', 'FAULT'],
    ['a path that is too long', '', '(memory.fill (i32.const 8192) (i32.const 97) (i32.const 5000))
        (call $read_path (i32.const 3) (i32.const 8192) (i32.const 5000))', 'NAMETOOLONG'],
    ['a result behind memory', '', '(call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 0x1fffd))', 'FAULT'],
    ['a buffer that wraps around', '', '(i64.store (i32.const 16) (i64.const 0xffffffff_00000010))
        (call $fd_read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 8))', 'FAULT'],
    ['a list of buffers that wraps around', '', '(call $fd_read (i32.const 0) (i32.const 16) (i32.const 0x20000000) (i32.const 8))', 'FAULT'],
    ['buffers that add up to more than a size holds', '', '(local $i i32)
        (loop $next
          (i64.store (i32.add (i32.const 8192) (i32.mul (local.get $i) (i32.const 8))) (i64.const 0x20000_00000000))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $i) (i32.const 1025))))
        (call $fd_write (i32.const 1) (i32.const 8192) (i32.const 1025) (i32.const 8))', 'INVAL'],
    ['random bytes over everything', '', '(call $random_get (i32.const 0) (i32.const 0xffffffff))', 'FAULT'],
    ['arguments behind memory', '', '(call $args_get (i32.const 0xfffffff0) (i32.const 0))', 'FAULT'],
    ['subscriptions without number', '', '(call $poll_oneoff (i32.const 0) (i32.const 0) (i32.const 0xffffffff) (i32.const 0))', 'INVAL'],
    ['a listing behind memory', '', '(call $fd_readdir (i32.const 3) (i32.const 0x1fff0) (i32.const 64) (i64.const 0) (i32.const 0))', 'FAULT'],
    ['a listing from a made-up position', '', '(drop (call $fd_readdir (i32.const 3) (i32.const 8192) (i32.const 64) (i64.const -1) (i32.const 0))) (i32.const 0)', 0],
    ['a bad buffer list that changes nothing', '', '(i64.store (i32.const 16) (i64.const 0x4_00000040))
        (i64.store (i32.const 24) (i64.const 0x4_ffffffff))
        (call $must (call $write_path (i32.const 3) @"new" (i32.const 1)))
        (if (i32.ne (call $fd_write (i32.load (i32.const 0)) (i32.const 16) (i32.const 2) (i32.const 8)) (i32.const #FAULT)) (then (call $proc_exit (i32.const 1))))
        (call $must (call $path_filestat_get (i32.const 3) (i32.const 0) @"new" (i32.const 128)))
        (i32.wrap_i64 (i64.load (i32.const 160)))', 0],
);

# The text of a program: @"..." get their places, #NAME their numbers.
sub program {
    my ($body, $data) = @_;
    my ($at, $segments, %place) = (DATA_AT, '');
    $body =~ s{\@("(?:\\.|[^"\\])*")}{
        my $text = $1;
        (my $plain = substr $text, 1, -1) =~ s/\\([0-9a-f]{2}|.)/x/g;
        if (!$place{$text}) { $place{$text} = $at; $segments .= " (data (i32.const $at) $text)\n"; $at += 64 }
        "(i32.const $place{$text}) (i32.const " . length($plain) . ')'}gse;
    $body =~ s/#([A-Z]+)/$errno{$1}/g;
    my $locals = $body =~ s/^((?:\s*\(local \$\w+ i32\))+)// ? $1 : '';
    return "$prelude$segments" . ($data // '') . " (func \$attack (result i32)$locals\n$body)\n"
        . " (func (export \"_start\") (call \$proc_exit (call \$attack))))\n";
}

sub make_tree {
    my ($dir) = @_;
    make_path(map { "$dir/$_" } qw(in/dir/deep ro/dir out));
    spew("$dir/$_", 'outside') for qw(secret out/secret);
    spew("$dir/$_", 'inside') for qw(in/file in/dir/file ro/file ro/dir/x);
    symlink '/etc/passwd', "$dir/in/abs" or die "symlink: $!\n";
}

# What lies outside in/, as one line.
sub outside {
    my ($dir) = @_;
    opendir my $top, $dir or die "$dir: $!\n";
    my @names = sort grep { !/^\.\.?$/ } readdir $top;
    my @held = map { my $text = slurp("$dir/$_"); "$_=" . ($text // 'gone') } qw(secret out/secret ro/file ro/dir/x);
    return join ' ', @names, @held, scalar(my @out = glob "$dir/out/*"), scalar(my @ro = glob "$dir/ro/*");
}
use constant OUTSIDE => 'in out program.wat ro secret secret=outside out/secret=outside ro/file=inside ro/dir/x=inside 1 2';

# Exit code of a guest with in/ and ro/.
sub run_guest {
    my ($dir, $text, @options) = @_;
    spew("$dir/program.wat", $text);
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDIN, '<', '/dev/null';
        open STDERR, '>', "$scratch/stderr";
        open STDOUT, '>', '/dev/null';
        chdir '/';
        exec { $mujun } $mujun, 'run', '--dir', "$dir/in::/in", '--read-dir', "$dir/ro::/ro", @options, "$dir/program.wat";
        exit 127;
    }
    my $late = 0;
    local $SIG{ALRM} = sub { $late = 1; kill 'KILL', $pid };
    alarm SECONDS_MAX;
    waitpid $pid, 0;
    alarm 0;
    return $late ? 'no end' : $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
}

my ($count, $failed) = (0, 0);
sub result {
    my ($pass, $what, @why) = @_;
    $count++;
    $failed++ if !$pass;
    print $pass ? 'ok' : 'not ok', " $count - $what\n";
    print map { "#   $_\n" } @why if !$pass;
}

# swap/ is a directory or a link to out/, changed by another process while the guest opens
# swap/secret again and again: it never reads the other file.
sub race {
    my $dir = "$scratch/race";
    make_tree($dir);
    make_path("$dir/in/swap");
    spew("$dir/in/swap/secret", 'inside');
    my $parent = $$;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        for (1 .. SWAPS_MAX) {
            exit 0 if getppid != $parent;
            rename "$dir/in/swap", "$dir/in/real";
            symlink '../out', "$dir/in/swap";
            unlink "$dir/in/swap";
            rename "$dir/in/real", "$dir/in/swap";
        }
        exit 0;
    }
    my $got = run_guest($dir, program('(local $i i32)
        (loop $next
          (if (i32.eqz (call $read_path (i32.const 3) @"swap/secret"))
            (then
              (call $must (call $get (i32.load (i32.const 0))))
              (if (i32.ne (i32.load8_u (i32.const 64)) (i32.const 105)) (then (call $proc_exit (i32.const 1))))
              (call $must (call $fd_close (i32.load (i32.const 0))))))
          (drop (call $path_unlink_file (i32.const 3) @"swap/absent"))
          (drop (call $write_path (i32.const 3) @"swap/made" (i32.const 1)))
          (drop (call $fd_close (i32.const 5)))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $next (i32.lt_u (local.get $i) (i32.const 5000))))
        (i32.const 0)'));
    kill 'TERM', $pid;
    waitpid $pid, 0;
    my $after = outside($dir);
    result($got eq '0' && $after eq OUTSIDE, 'a link that another process swaps',
        "exit $got", "outside: $after", split /\n/, slurp("$scratch/stderr"));
}

my @chosen = @ARGV ? grep { my $row = $_; grep { index($row->[0], $_) >= 0 } @ARGV } @rows : @rows;
for my $i (0 .. $#chosen) {
    my ($what, $options, $body, $want, $data) = @{ $chosen[$i] };
    my $dir = "$scratch/$i";
    make_tree($dir);
    my $got = run_guest($dir, program($body, $data), split ' ', $options);
    my %wanted = map { ($errno{$_} // $_) => 1 } split /\|/, $want;
    my $after = outside($dir);
    my @named = grep { $errno{$_} eq $got } keys %errno;
    result($wanted{$got} && $after eq OUTSIDE, $what, "expected exit $want, found $got (@named)",
        "outside: $after", split /\n/, slurp("$scratch/stderr"));
    remove_tree($dir);
}
race() if !@ARGV;
print "1..$count\n";
exit($failed ? 1 : 0);
