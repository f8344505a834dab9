# Rules become C here: rules/<user>/*.rules to build/$(B)/rules/<user>.c, which is part of the
# library; docs/rules.md. Included by the Makefile. SPDX-License-Identifier: Apache-2.0

HOSTCC ?= cc
RULEC := build/rulec
RULEC_SRC := $(wildcard tools/rulec/*.c) src/shield/ir/ops.c \
    $(addprefix src/base/,arena.c buf.c diag.c mem.c status.c)
RULE_USERS := $(sort $(notdir $(patsubst %/,%,$(dir $(wildcard rules/*/*.rules)))))

$(RULEC): $(RULEC_SRC) $(wildcard tools/rulec/*.h tools/rulec/*.def src/shield/ir/*.def) \
    src/shield/ir/ir.h
	@mkdir -p $(@D)
	$(HOSTCC) -std=c11 -D_GNU_SOURCE -Isrc $(WARNINGS) -O1 -g -o $@ $(RULEC_SRC)

all: $(RULEC)

# $(1): user. What is declared comes first.
rule_files = $(wildcard rules/$(1)/declare.rules) \
    $(filter-out %/declare.rules,$(sort $(wildcard rules/$(1)/*.rules)))
# The second file holds each rule alone, for tests.
define rules_of
$(BUILD)/rules/$(1).c: $(call rule_files,$(1)) $(RULEC)
	@mkdir -p $$(@D)
	$(RULEC) -o $$@ $(call rule_files,$(1))
$(BUILD)/rules/$(1)_try.c: $(call rule_files,$(1)) $(RULEC)
	@mkdir -p $$(@D)
	$(RULEC) -t -o $$@ $(call rule_files,$(1))
LIB_OBJ += $(BUILD)/obj/$(BUILD)/rules/$(1).o
endef
$(foreach user,$(RULE_USERS),$(eval $(call rules_of,$(user))))

# The test of rules includes the rules of the middle end, each alone.
$(BUILD)/obj/tests/unit/test_opt_rules.o: $(BUILD)/rules/opt_try.c
$(BUILD)/obj/tests/unit/test_opt_rules.o: private CFLAGS += -I$(BUILD)/rules
