;; delegate, rethrow and tail calls out of try.
;; SPDX-License-Identifier: Apache-2.0
;; legacy exceptions
(module (tag $e (param i32)) (tag $f)
 (func (export "d") (param i32) (result i32)
   (try $o (result i32) (do
     (try $l (result i32) (do (try (result i32) (do (throw $e (local.get 0))) (delegate $l))) (catch $f (i32.const 1))))
    (catch $e)))
 (func (export "r") (result i32)
   (try (result i32) (do (try $x (result i32) (do (throw $e (i32.const 5))) (catch $e (drop) (try (result i32) (do (throw $f)) (catch_all (rethrow 1)))))) (catch $e (i32.const 1) (i32.add)) (catch_all (i32.const 100))))
 (func (export "out") (try (do (throw $f)) (delegate 0)))
 (func $tc (throw $f))
 (func (export "tail") (try (do (return_call $tc)) (catch_all)))
 (func (export "loop") (result i32) (local i32) (loop $l (try (do (throw $e (local.get 0))) (catch $e (local.set 0 (i32.add (i32.const 1))) (br_if $l (i32.lt_u (local.get 0) (i32.const 100000)))))) (local.get 0)))
(assert_return (invoke "d" (i32.const 42)) (i32.const 42))
(assert_return (invoke "r") (i32.const 6))
(assert_exception (invoke "out"))
(assert_exception (invoke "tail"))
(assert_return (invoke "loop") (i32.const 100000))
