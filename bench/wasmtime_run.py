"""wasmtime_run: the peer Cranelift, through the wasmtime package; run by its own python (peer_python).

    wasmtime_run.py compile IN.wasm [OUT.cwasm] one thread; prints COMPILE_S WALL CPU on stderr
    wasmtime_run.py run IN.cwasm [ARG...]   a WASI command; the guest prints its own time
    wasmtime_run.py host IN.cwasm COUNT     seconds that the export "loop" takes with COUNT (HOST_S)

Options are the defaults of a server: guard pages, optimisation for speed, no fuel, no epochs.
SPDX-License-Identifier: Apache-2.0
"""
import os
import sys
import time

from wasmtime import (Config, Engine, ExitTrap, Linker, Module, Store, WasiConfig)


def engine():
    config = Config()
    config.strategy = 'cranelift'
    config.cranelift_opt_level = 'speed'
    config.parallel_compilation = False
    if os.environ.get('BENCH_PROFILER'):
        config.profiler = os.environ['BENCH_PROFILER']
    return Engine(config)


def wasi_store(the_engine, argv):
    store = Store(the_engine)
    wasi = WasiConfig()
    wasi.argv = argv
    wasi.env = [(k, v) for k, v in os.environ.items() if k.startswith('BENCH_')]
    wasi.inherit_stdin()
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    store.set_wasi(wasi)
    return store


def start(path, argv):
    the_engine = engine()
    linker = Linker(the_engine)
    linker.define_wasi()
    module = Module.deserialize_file(the_engine, path)
    store = wasi_store(the_engine, argv)
    return store, linker.instantiate(store, module).exports(store)


def main(argv):
    verb, path, rest = argv[0], argv[1], argv[2:]
    if verb == 'compile':
        the_engine = engine()
        with open(path, 'rb') as stream:
            wasm = stream.read()
        begin, used = time.perf_counter(), time.process_time()
        module = Module(the_engine, wasm)
        print('COMPILE_S', time.perf_counter() - begin, time.process_time() - used, file=sys.stderr)
        if rest:
            with open(rest[0], 'wb') as stream:
                stream.write(module.serialize())
    elif verb == 'run':
        store, exports = start(path, [path, *rest])
        try:
            exports['_start'](store)
        except ExitTrap as end:
            return end.code
    elif verb == 'host':
        store, exports = start(path, ['x'])
        loop = exports['loop']
        loop(store, 1000)
        begin = time.perf_counter()
        loop(store, int(rest[0]))
        print('HOST_S', time.perf_counter() - begin, file=sys.stderr)
    else:
        sys.exit(f'wasmtime_run: {verb} is none of compile, run, host')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
