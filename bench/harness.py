"""harness: what every benchmark here shares: where programs and peers are, how one process is
measured, how ratios become one number, how a table is printed. Used by speed, compile and start.

Units: seconds as floats, memory in MiB, sizes in bytes. A peer that is missing is a reason (text),
never an error.
SPDX-License-Identifier: Apache-2.0
"""
import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HERE = os.path.join(TOP, 'bench')
CACHE = os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.expanduser('~/.cache'), 'mujun')
PEERS = os.path.join(CACHE, 'peers')
MUJUN = os.environ.get('MUJUN') or os.path.join(TOP, 'build', 'release', 'mujun')
PROGRAMS = os.environ.get('MUJUN_BENCH') or os.path.join(TOP, '..', 'shared', 'bench')
PROCESS_SECONDS_MAX = 600

# The groups that the tables sum up: programs of many kilobytes of code against small loops.
GROUPS = {
    'large': ('sqlite', 'lua', 'cjson', 'zlib', 'bzip2'),
    'float': ('gemm', 'mandelbrot', 'nbody'),
    'integer': ('brainfuck', 'fannkuch', 'fib', 'hashmap', 'regexbench', 'sortbench'),
}


def say(*words):
    print('bench:', *words, file=sys.stderr, flush=True)


def skip(reason):
    """There is nothing to measure: not a failure."""
    print('SKIP bench:', reason)
    sys.exit(0)


class Run:
    """One finished process: exit status, output, wall and processor seconds, peak MiB."""

    def __init__(self, status, out, err, wall, cpu, peak):
        self.status, self.out, self.err = status, out, err
        self.wall, self.cpu, self.peak = wall, cpu, peak

    def why(self):
        """Why it failed, in one line."""
        last = self.err.decode('utf-8', 'replace').strip().splitlines()[-1:] or ['no message']
        return f'exit {self.status}: {last[0][:160]}'


def run(command, env=None, one_core=False):
    """Runs command (a list) to its end. `one_core` ties it to one processor."""
    out = os.memfd_create('out')
    err = os.memfd_create('err')
    full = dict(os.environ, **(env or {}))
    before = (lambda: os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})) if one_core else None
    start = time.perf_counter()
    child = subprocess.Popen(command, env=full, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                             preexec_fn=before)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    child.returncode = status  # already waited for
    texts = []
    for descriptor in (out, err):
        os.lseek(descriptor, 0, os.SEEK_SET)
        with os.fdopen(descriptor, 'rb') as stream:
            texts.append(stream.read())
    code = os.waitstatus_to_exitcode(status)
    return Run(code, texts[0], texts[1], wall, usage.ru_utime + usage.ru_stime,
               usage.ru_maxrss / 1024)


def median(values):
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def geomean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def programs(simd=False):
    """Folder of the modules and the names in it; skips when the set is absent."""
    folder = os.path.join(PROGRAMS, 'wasm-simd' if simd else 'wasm')
    if not os.path.isdir(folder):
        skip(f'no programs at {folder}; set MUJUN_BENCH to a folder with wasm/ and src/')
    names = sorted(f[:-5] for f in os.listdir(folder) if f.endswith('.wasm'))
    return folder, names


def expected_outputs():
    """'NAME@SCALE' -> first 16 hex digits of the SHA-256 of the output."""
    path = os.path.join(PROGRAMS, 'expected.json')
    if not os.path.exists(path):
        return {}
    with open(path) as stream:
        return json.load(stream)


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def native_builds(names):
    """Folder of the programs as gcc -O2 makes them, built once, outside the checkout."""
    keep = os.path.join(CACHE, 'bench')
    folder = os.path.join(keep, 'native-gcc')
    missing = [n for n in names if not os.access(os.path.join(folder, n), os.X_OK)]
    if missing:
        say('building native programs in', keep, '(once)')
        third = os.path.join(keep, 'third')
        os.makedirs(keep, exist_ok=True)
        if not os.path.isdir(os.path.join(third, 'sqlite')):
            subprocess.run([os.path.join(PROGRAMS, 'get-third'), third], check=False)
        subprocess.run([sys.executable, os.path.join(PROGRAMS, 'build.py'), 'native-gcc', '-p',
                        ','.join(missing)], check=False,
                       env=dict(os.environ, BENCH_THIRD=third, BENCH_OUT=keep))
        for name in missing:
            if not os.access(os.path.join(folder, name), os.X_OK):
                say('no native build of', name)
    return folder


def peer_python():
    """(python with the wasmtime package, its version), or (None, reason)."""
    python = os.path.join(PEERS, 'wasmtime', 'bin', 'python')
    if not os.path.exists(python):
        return None, 'no wasmtime package; bench/setup-peers installs it'
    version = run([python, '-c', 'import importlib.metadata as m; import wasmtime; '
                   'print(m.version("wasmtime"))'])
    if version.status:
        return None, version.why()
    return python, version.out.decode().strip()


def peer_node():
    """(node, version of V8), the newest here, or (None, reason)."""
    own = os.path.join(PEERS, 'node', 'node_modules', 'node', 'bin', 'node')
    node = own if os.path.exists(own) else shutil.which('node')
    if not node:
        return None, 'no node; bench/setup-peers installs one'
    version = run([node, '-p', 'process.versions.v8'])
    return (None, version.why()) if version.status else (node, version.out.decode().strip())


# The smallest command, to ask whether an engine and its options exist at all.
EMPTY_WAT = '(module (memory (export "memory") 1) (func (export "_start")))\n'


def mujun_can(*options):
    """None when `mujun run OPTIONS` works on an empty command, else the reason."""
    if not os.access(MUJUN, os.X_OK):
        return f'{MUJUN} is missing; run make first'
    path = scratch_file('empty.wat', EMPTY_WAT.encode())
    tried = run([MUJUN, 'run', *options, path])
    return tried.why() if tried.status else None


def mujun_command(binary, module, scale, *options):
    """A run whose compiled code is kept apart from that of other builds."""
    stat = os.stat(binary)
    cache = os.path.join(CACHE, 'bench', 'code', digest(f'{stat.st_mtime_ns} {stat.st_size}'.encode()))
    return ['env', f'XDG_CACHE_HOME={cache}', binary, 'run', *options, '--env', f'BENCH_SCALE={scale}', module, scale]


def scratch_file(name, data):
    """A file in the cache folder with this content."""
    folder = os.path.join(CACHE, 'bench', 'scratch')
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    with open(path, 'wb') as stream:
        stream.write(data)
    return path


def wasm_of(text, name):
    """Text of a module as a file of bytes."""
    source = scratch_file(name + '.wat', text.encode())
    made = source[:-4] + '.wasm'
    got = run([MUJUN, 'parse', source, '-o', made])
    if got.status:
        sys.exit(f'bench: mujun parse: {got.why()}')
    return made


def build(name, *flags):
    """A C program of this folder, in the cache folder."""
    made = scratch_file(name, b'')
    os.unlink(made)
    got = run([os.environ.get('CC') or 'gcc', '-O2', '-std=c11', '-D_GNU_SOURCE', '-I', os.path.join(TOP, 'include'),
               os.path.join(HERE, name + '.c'), '-o', made, *flags])
    if got.status:
        sys.exit(f'bench: {name}.c does not compile: {got.why()}')
    return made


def print_table(head, rows):
    """Columns padded to their widest cell; the first to the left, all others to the right."""
    width = [max(len(str(r[i])) for r in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        cells = [str(c).ljust(w) if i == 0 else str(c).rjust(w)
                 for i, (c, w) in enumerate(zip(row, width))]
        print('  '.join(cells).rstrip())


def number(value, form='{:.2f}'):
    return '-' if value is None else form.format(value)
