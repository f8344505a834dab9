(module
  (global $f32_import (import "" "const f32") f32)
  (global $i64_import (import "" "var i64") (mut i64))
  (global $f32_export (export "const f32") f32 (f32.const 5))
  (global $i64_export (export "var i64") (mut i64) (i64.const 8))
  (func (export "get import") (result i64) (global.get $i64_import))
  (func (export "get f32") (result f32) (f32.add (global.get $f32_import) (global.get $f32_export)))
  (func (export "set import") (param i64) (global.set $i64_import (local.get 0)))
  (func (export "get export") (result i64) (global.get $i64_export)))
