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
