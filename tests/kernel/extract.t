#!/usr/bin/perl
# mujun desc extract: constants out of headers that are written here, so that every machine gives the
# same values. SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use Test::More;

my $top = abs_path(dirname(abs_path($0)) . '/../..');
my $mujun = $ENV{MUJUN} // "$top/build/release/mujun";
my $work = tempdir(CLEANUP => 1);
-x $mujun or die "$mujun is missing; run make first\n";
chdir $work or die;
plan skip_all => 'no C compiler (cc)' if system('cc --version >/dev/null 2>&1');

sub put {
    my ($path, $text) = @_;
    mkdir $1 if $path =~ m{^(.*)/};
    open my $out, '>', $path or die "$path: $!\n";
    print $out $text;
    close $out;
}
sub slurp { open my $in, '<', $_[0] or return "$_[0]: $!"; local $/; return scalar <$in> }
# Exit code and everything said.
sub extract {
    my $said = qx{$mujun desc extract @_ 2>&1};
    return ($? >> 8) . ": $said";
}

put('h/ours.h', <<'H');
#define OURS_A 0x10
#define OURS_MINUS (-2)
#define OURS_TEXT "not a number"
#define OURS_OF(x) ((x) + sizeof(struct ours_nowhere))
enum { OURS_ENUM = 7 };
struct ours { char a; int b; };
extern int OURS_OBJECT;
static inline int OURS_FUNCTION(void) { return 1; }
H
put('d/a.txt', <<'T');
include <ours.h>
include <no/such.h>
define TWICE	OURS_A * 2
define SIZE	sizeof(struct ours)
define WRONG_TAG	sizeof(union ours)
define OFFSET	__builtin_offsetof(struct ours, b)
define DEEP	OURS_OF(1)
resource r[int32]: OURS_A
nosuchcall(a const[OURS_MINUS], f flags[set], r r) r
nosuchcall$b(a ptr[in, other], b const[SIZE], c const[WRONG_TAG], d const[OFFSET], e const[DEEP], f const[TWICE])
set = OURS_ENUM, OURS_TEXT, OURS_OBJECT, OURS_FUNCTION, OURS_GONE, 3
_ = OURS_MENTIONED, OURS_A
T
put('d/b.txt', "include <ours.h>\nother {\n\ta\tconst[OURS_A, int8]\n\tb\tarray[int8, OURS_ENUM]\n}\n");
put('d/c.txt', "meta noextract\ninclude <ours.h>\nplain(a const[1])\n");
put('d/d.txt', "meta arches[\"arm64\"]\ninclude <ours.h>\nplain\$d(a const[1])\n");

is(extract('--headers h d/b.txt'), "0: d/b.txt.const: written: 2 constants, 0 unknown\n", 'one file, with the types of its folder');
is(slurp('d/b.txt.const'), <<'C', 'its constants');
# Written by `mujun desc extract` from kernel headers; do not edit.
arches = amd64
OURS_A = 16
OURS_ENUM = 7
C
ok(!-e 'd/a.txt.const', 'no other file is written');

my $want = <<'C';
# Written by `mujun desc extract` from kernel headers; do not edit.
arches = amd64
DEEP = amd64:???
OFFSET = 4
OURS_A = 16
OURS_ENUM = 7
OURS_FUNCTION = amd64:???
OURS_GONE = amd64:???
OURS_MENTIONED = amd64:???
OURS_MINUS = 18446744073709551614
OURS_OBJECT = amd64:???
OURS_TEXT = amd64:???
SIZE = 8
TWICE = 32
WRONG_TAG = amd64:???
__NR_nosuchcall = amd64:???
C
is(extract('--headers h d'), "0: d/a.txt: <no/such.h> is not among the headers; constants that only it has are unknown\n" .
    "d/a.txt.const: written: 6 constants, 8 unknown\n", 'a folder: what changes is written');
is(slurp('d/a.txt.const'), $want, 'what the compiler knows, in every form, and nothing else');
ok(!-e "d/$_.txt.const", "$_.txt is left alone") for qw(c d);
is(extract('--headers h --check d'), "0: d/a.txt: <no/such.h> is not among the headers; constants that only it has are unknown\n", 'nothing changes the second time');

put('h/ours.h', slurp('h/ours.h') =~ s/0x10/0x20/r);
like(extract('--headers h --check d'), qr/^1: .*a\.txt\.const: would change.*b\.txt\.const: would change/s, '--check tells, by its exit code too');
is(slurp('d/a.txt.const'), $want, 'and writes nothing');

# Other machines keep their values; what no longer is asked for goes.
put('m/m.txt', "include <ours.h>\nf(a const[OURS_A], b const[OURS_ENUM], c const[OURS_GONE])\n");
put('m/m.txt.const', "arches = 386, arm64, s390x\nOURS_A = 16, s390x:99\nOURS_ENUM = 32, arm64:???\nOURS_OLD = 1\n__NR_f = 5\n");
like(extract('--headers h m'), qr/^0: /, 'a file that has other machines');
is(slurp('m/m.txt.const'), <<'C', 'their values stay');
# Written by `mujun desc extract` from kernel headers; do not edit.
arches = 386, amd64, arm64, s390x
OURS_A = 16, amd64:32, s390x:99
OURS_ENUM = 32, amd64:7, arm64:???
OURS_GONE = ???
__NR_f = 5, amd64:???
C
like(qx{$mujun desc check m 2>&1}, qr/1 disabled: without a number/, 'and the file can be read');

# Refusals.
put('h/broken.h', "struct broken { int a\n");
put('e/e.txt', "include <broken.h>\nf(a const[OURS_A])\n");
like(extract('--headers h e'), qr/^65: .*the compiler refuses the headers, not a constant: .*error: .*in .*e\.txt/s, 'headers that do not compile are refused, with the reason');
like(extract('--headers h --cc no-such-compiler d'), qr/^66: .*no-such-compiler cannot be run; name one with --cc/s, 'so is a compiler that is not there');
put('x/x.txt', "f(a nosuchtype)\n");
like(extract('x'), qr/^65: x\/x\.txt:1:5: expected a type, found nosuchtype/, 'and descriptions that are wrong');
like(extract('d/none.txt'), qr/^\d+: .*d\/none\.txt: expected a \.txt file/s, 'and a file that is not there');
my @left = glob "$ENV{TMPDIR}/mujun-extract.*" if defined $ENV{TMPDIR};
is("@left", '', 'nothing is left behind');
done_testing();
