;; Modules that were once compiled wrongly, with what they should do: one for each bug, smallest
;; that shows it. SPDX-License-Identifier: Apache-2.0

;; A subtraction of nothing became a move; the flags were still taken for its result (-O0).
(module (memory 1)
  (func (export "f") (param i32) (result i32) (local i32)
    (block
      (i32.store (i32.and (local.get 1) (i32.const 0xfeff)) (i32.const 1))
      (br_if 0 (i32.sub (local.get 0) (local.get 1)))
      (return (i32.const 7)))
    (i32.const 9)))
(assert_return (invoke "f" (i32.const 5)) (i32.const 9))
(assert_return (invoke "f" (i32.const 0)) (i32.const 7))

;; A function record that went through the frame was refused by the verifier (-O0).
(module
  (type $many (func (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64)))
  (func $last (type $many) (i64.sub (local.get 11) (local.get 0)))
  (elem declare func $last)
  (global $f (mut (ref null $many)) (ref.func $last))
  (func (export "f") (param i64) (result i64)
    (call_ref $many (i64.const 1) (i64.const 2) (i64.const 3) (i64.const 4) (i64.const 5)
      (i64.const 6) (i64.const 7) (i64.const 8) (i64.const 9) (i64.const 10) (i64.const 11)
      (local.get 0) (global.get $f)))
  (func (export "none") (param i64) (result i64)
    (global.set $f (ref.null $many))
    (call 1 (local.get 0))))
(assert_return (invoke "f" (i64.const 50)) (i64.const 49))
(assert_trap (invoke "none" (i64.const 50)) "null function reference")

;; A constant was added to an index by the instruction that used it, close to the end of the guard;
;; the verifier has forgotten the index's bound where it comes out of the frame (-O0).
(module (memory 1) (global $g (mut i32) (i32.const 0))
  (func (export "f") (param i32 i32) (result i32)
    (i32.and (local.get 0) (i32.const 0xff00))
    (if (local.get 1) (then (global.set $g (local.get 0))))
    (i32.const 0x7fffffff)
    (i32.add)
    (i32.load)))
(assert_trap (invoke "f" (i32.const 5) (i32.const 1)) "out of bounds memory access")
(assert_trap (invoke "f" (i32.const -1) (i32.const 0)) "out of bounds memory access")
