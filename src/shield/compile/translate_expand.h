/* translate_expand: translate.def with every kind of row that the includer has not defined left
 * out. No include guard on purpose. SPDX-License-Identifier: Apache-2.0 */
#ifndef HAND
#define HAND(name, function, ends, free)
#endif
#ifndef OPERATOR /* any row but HAND and REFUSED: kind, and initialisers of struct row */
#define OPERATOR(name, kind, ...)
#endif
#ifndef REFUSED
#define REFUSED(name)
#endif
#define UNARY(name, op_, aux_, nan_)                                                               \
    OPERATOR(name, UNARY, .op = IR_OP_##op_, .aux = (aux_), .nan = ROW_NAN_##nan_)
#define BINARY(name, op_, aux_, nan_)                                                              \
    OPERATOR(name, BINARY, .op = IR_OP_##op_, .aux = (aux_), .nan = ROW_NAN_##nan_)
#define TERNARY(name, op_, aux_, nan_)                                                             \
    OPERATOR(name, TERNARY, .op = IR_OP_##op_, .aux = (aux_), .nan = ROW_NAN_##nan_)
#define COMPARE(name, op_, condition)                                                              \
    OPERATOR(name, COMPARE, .op = IR_OP_##op_, .aux = IR_##condition)
#define VECTOR_COMPARE(name, op_, shape, condition)                                                \
    OPERATOR(name, VECTOR_COMPARE, .op = IR_OP_##op_, .aux = (shape), .extra = IR_##condition)
#define EQZ(name) OPERATOR(name, EQZ, .op = IR_OP_ICMP)
#define SIGN_EXTEND(name, type)                                                                    \
    OPERATOR(name, SIGN_EXTEND, .op = IR_OP_SEXTEND, .extra = IR_##type)
#define EXTRACT_LANE(name, op_, shape)                                                             \
    OPERATOR(name, EXTRACT_LANE, .op = IR_OP_##op_, .aux = (shape))
#define REPLACE_LANE(name, shape)                                                                  \
    OPERATOR(name, REPLACE_LANE, .op = IR_OP_REPLACE_LANE, .aux = (shape))
#define LOAD(name, is_signed)  OPERATOR(name, LOAD, .op = IR_OP_LOAD, .aux = (is_signed))
#define STORE(name)            OPERATOR(name, STORE, .op = IR_OP_STORE)
/* Memory first: these may trap, whatever the second operation is. */
#define LOAD_VECTOR(name, type, op_, aux_)                                                         \
    OPERATOR(name, LOAD_VECTOR, .op = IR_OP_##op_, .aux = (aux_), .extra = IR_##type)
#define LOAD_EXTENDED(name, op_, shape)                                                            \
    OPERATOR(name, LOAD_EXTENDED, .op = IR_OP_##op_, .aux = (shape), .extra = IR_I64)
#define LOAD_LANE(name, shape)   OPERATOR(name, LOAD_LANE, .op = IR_OP_LOAD, .aux = (shape))
#define STORE_LANE(name, shape)  OPERATOR(name, STORE_LANE, .op = IR_OP_STORE, .aux = (shape))
#define ATOMIC_LOAD(name)        OPERATOR(name, ATOMIC_LOAD, .op = IR_OP_ATOMIC_LOAD)
#define ATOMIC_STORE(name)       OPERATOR(name, ATOMIC_STORE, .op = IR_OP_ATOMIC_STORE)
#define ATOMIC_CMPXCHG(name)     OPERATOR(name, ATOMIC_CMPXCHG, .op = IR_OP_ATOMIC_CMPXCHG)
#define ATOMIC_RMW(name, rmw)                                                                      \
    OPERATOR(name, ATOMIC_RMW, .op = IR_OP_ATOMIC_RMW, .aux = IR_RMW_##rmw)

#include "shield/compile/translate.def"

#undef HAND
#undef OPERATOR
#undef REFUSED
#undef UNARY
#undef BINARY
#undef TERNARY
#undef COMPARE
#undef VECTOR_COMPARE
#undef EQZ
#undef SIGN_EXTEND
#undef EXTRACT_LANE
#undef REPLACE_LANE
#undef LOAD
#undef STORE
#undef LOAD_VECTOR
#undef LOAD_EXTENDED
#undef LOAD_LANE
#undef STORE_LANE
#undef ATOMIC_LOAD
#undef ATOMIC_STORE
#undef ATOMIC_CMPXCHG
#undef ATOMIC_RMW
