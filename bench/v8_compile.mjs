// v8_compile: node [flags] v8_compile.mjs FILE.wasm: seconds that V8 takes to compile the module, wall
// and processor time, on stderr (COMPILE_S WALL CPU). The process start is not counted.
// SPDX-License-Identifier: Apache-2.0
import fs from 'node:fs';
import process from 'node:process';

const bytes = fs.readFileSync(process.argv[2]);
const cpu = process.cpuUsage();
const begin = process.hrtime.bigint();
const module = new WebAssembly.Module(bytes);
const wall = Number(process.hrtime.bigint() - begin) / 1e9;
const used = process.cpuUsage(cpu);
console.error(`COMPILE_S ${wall} ${(used.user + used.system) / 1e6} ${WebAssembly.Module.exports(module).length}`);
