// v8_calls: node v8_calls.mjs CALLS.wasm COUNT MODULE.wasm...: on stderr, nanoseconds of a host call (HOST_NS,
// node's own WASI) and of a call into the guest (CALL_NS); then microseconds to make an instance of
// each module with functions that do nothing (MAKE_US NAME MEDIAN). Instances go with the garbage.
// SPDX-License-Identifier: Apache-2.0
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';

process.removeAllListeners('warning');
const { WASI } = await import('node:wasi');
const us = () => Number(process.hrtime.bigint()) / 1e3;
const [calls, count, ...modules] = process.argv.slice(2);
const wasi = new WASI({ version: 'preview1', args: ['calls'] });
const guest = new WebAssembly.Instance(new WebAssembly.Module(fs.readFileSync(calls)), wasi.getImportObject());
wasi.start(guest);
let host = Infinity, call = Infinity;
for (let round = 0; round < 10; round++) {
  const begin = us();
  guest.exports.loop(+count);
  const looped = us();
  for (let i = 0; i < +count; i++) guest.exports.empty();
  host = Math.min(host, looped - begin);
  call = Math.min(call, us() - looped);
}
console.error(`HOST_NS ${host * 1e3 / +count}`);
console.error(`CALL_NS ${call * 1e3 / +count}`);
for (const name of modules) {
  const module = new WebAssembly.Module(fs.readFileSync(name));
  const imports = {};
  for (const i of WebAssembly.Module.imports(module)) (imports[i.module] ??= {})[i.name] = () => 0;
  const times = [];
  for (let i = 0; i < 200; i++) {
    const begin = us();
    new WebAssembly.Instance(module, imports);
    times.push(us() - begin);
  }
  console.error(`MAKE_US ${path.basename(name)} ${times.sort((a, b) => a - b)[100]}`);
}
