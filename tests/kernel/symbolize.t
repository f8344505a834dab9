#!/usr/bin/perl
# Files and lines in kernel reports: a small program stands in for the kernel, with a function that
# is inlined into another, and a report that names its addresses.
# SPDX-License-Identifier: Apache-2.0
use strict;
use warnings;
use File::Temp 'tempdir';
use Test::More;

my $mujun = $ENV{MUJUN} // 'build/release/mujun';
my $cc = $ENV{CC} // 'gcc';
my $dir = tempdir(CLEANUP => 1);

sub write_file
{
    my ($name, $text) = @_;
    open my $out, '>', "$dir/$name" or die "$name: $!";
    print $out $text;
    close $out or die "$name: $!";
}

mkdir "$dir/lib" or die $!;
mkdir "$dir/drivers" or die $!;
write_file('lib/helper.c', <<'C');
volatile int sink;
__attribute__((noinline)) void helper(void)
{
    sink++;
}
C
write_file('drivers/bad.c', <<'C');
void helper(void);
extern volatile int sink;
static inline __attribute__((always_inline)) void inner(void)
{
    sink += 5;
    helper(); /* line 6 */
    sink += 7;
}
__attribute__((noinline)) void outer(void)
{
    sink++;
    inner(); /* line 12 */
    sink--;
}
int main(void)
{
    outer();
    return 0;
}
C
system("cd $dir && $cc -g -O2 -no-pie -o vmlinux drivers/bad.c lib/helper.c") == 0
    or plan skip_all => "$cc cannot build the stand-in";

# The address behind the call of helper() in outer().
my ($start, $size) = map { hex } `nm -S $dir/vmlinux` =~ /^([0-9a-f]+) ([0-9a-f]+) T outer$/m;
my ($helper_size) = map { hex } `nm -S $dir/vmlinux` =~ /^[0-9a-f]+ ([0-9a-f]+) T helper$/m;
my ($call) = `objdump -d --no-show-raw-insn $dir/vmlinux` =~ /<outer>:.*?call\s+\S+ <helper>\s+([0-9a-f]+):/s;
ok(defined $start && defined $call, 'the stand-in has a call of helper() in outer()')
    or BAIL_OUT('no addresses');
my $offset = hex($call) - $start;

write_file('console.log', sprintf(<<'LOG', $helper_size, $offset, $size));
[    1.000000][    T1] BUG: unable to handle page fault for address: ffffc90000000000
[    1.000000][    T1] #PF: supervisor write access in kernel mode
[    1.000000][    T1] CPU: 0 PID: 1 Comm: init Not tainted 6.1.0 #1
[    1.000000][    T1] RIP: 0010:helper+0x0/0x%x
[    1.000000][    T1] Call Trace:
[    1.000000][    T1]  <TASK>
[    1.000000][    T1]  ? guess+0x1/0x2
[    1.000000][    T1]  outer+0x%x/0x%x
[    1.000000][    T1]  unknown_function+0x10/0x20
[    1.000000][    T1]  </TASK>
LOG

my $out = `$mujun report --vmlinux $dir/vmlinux --source $dir $dir/console.log 2>&1`;
if ($out =~ /need elfutils/) {
    plan skip_all => 'elfutils (libdw.so.1) is not installed';
}
like($out, qr{helper\+0x0/0x\w+ lib/helper\.c:[34]}, 'a frame gets file and line');
like($out, qr{^ inner drivers/bad\.c:[67] \[inline\]$}m, 'an inlined function has a line of its own');
like($out, qr{^ outer\+0x\w+/0x\w+ drivers/bad\.c:1[23]$}m, 'above the one it was inlined into');
like($out, qr{^ unknown_function\+0x10/0x20$}m, 'what is not known stays as it was');
like($out, qr{^file: +drivers/bad\.c:[67]$}m, 'lib/ is never to blame');
like($out, qr{^> +[67]  }m, 'the lines around are shown');
my $json = `$mujun report --json --vmlinux $dir/vmlinux --source $dir $dir/console.log`;
like($json, qr{"file": "drivers/bad\.c"}, 'JSON has the file');

my $refusal = `$mujun report --vmlinux $dir/console.log $dir/console.log 2>&1`;
isnt($?, 0, 'a vmlinux that is none is refused');
like($refusal, qr{expected the ELF file of a kernel}, 'and it says why');
done_testing();
