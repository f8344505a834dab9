(module
  (import "env" "log" (func (param i32 f64)))
  (import "env" "mem" (memory 1))
  (tag (export "tag") (param i64))
  (func (export "func") (param i32 f64 externref) (result f32) (unreachable))
  (global (export "global") (mut i64) (i64.const 0))
  (table (export "table") 0 50 funcref)
  (memory (export "memory") 1))
