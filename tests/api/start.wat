(module
  (func $deep (unreachable))
  (func $start (call $deep))
  (start $start))
