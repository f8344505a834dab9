;; calls: a guest whose "loop" asks the host n times how long its arguments are; bench/start times it
;; in the peers. SPDX-License-Identifier: Apache-2.0
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start"))
  (func (export "empty"))
  (func (export "loop") (param $n i32)
    (loop $again
      (drop (call $sizes (i32.const 16) (i32.const 32)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
