#!/bin/sh
# Handlers must end in a jump: a call through a register or memory inside one would be its dispatch
# done the wrong way, and the host's stack would grow with every guest instruction.
# SPDX-License-Identifier: Apache-2.0
build=${MUJUN_BUILD:-build/release}
case ${MUJUN_B:-release} in
release) ;;
*) echo "1..0 # SKIP only optimised builds dispatch by jumps"; exit 0 ;;
esac
command -v objdump >/dev/null || { echo "1..0 # SKIP objdump is not installed (binutils)"; exit 0; }
case $(uname -m) in
x86_64) indirect_call='call +\*' ; indirect_jump='jmp +\*' ;;
aarch64) indirect_call='\tblr' ; indirect_jump='\tbr' ;;
*) echo "1..0 # SKIP knows x86_64 and aarch64 only"; exit 0 ;;
esac

disassembly=$(mktemp) && trap 'rm -f "$disassembly"' EXIT
for object in "$build"/obj/src/shield/interp/h_*.o; do
    objdump -d --no-show-raw-insn "$object"
done >"$disassembly"

awk -v call="$indirect_call" -v jump="$indirect_jump" '
/^[0-9a-f]+ <.*>:/ { name = ""
                     if ($2 ~ /^<interp_do_[A-Z0-9_]*>/) { name = $2; handlers++ } }
name != "" && $0 ~ call { calls++; print "# " name " " $0 }
name != "" && $0 ~ jump && !(name in jumps) { jumps[name] = 1; jumping++ }
END {
    # EXIT, UNREACHABLE and the two throwing ones end the run or go to a slow path instead
    print (handlers > 1000 ? "ok" : "not ok") " 1 - " handlers " handlers found"
    print (calls == 0 ? "ok" : "not ok") " 2 - indirect calls inside handlers: " calls + 0
    print (handlers - jumping <= 4 ? "ok" : "not ok") " 3 - " jumping " of them jump to the next one"
    print "1..3"
}' "$disassembly"
