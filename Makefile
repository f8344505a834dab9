# mujun: the whole build. `make help` lists the targets. A new .c file in a folder of src/ is picked
# up by itself. Everything lands in build/$(B)/, B=release (default), debug, asan or cov.
# SPDX-License-Identifier: Apache-2.0

# The version lives in the public header.
VERSION := $(shell awk '/define MUJUN_VERSION_(MAJOR|MINOR|PATCH)/ {printf "%s%s", dot, $$3; dot = "."}' include/mujun/mujun.h)
SOVERSION := 0

B ?= release
BUILD ?= build/$(B)
ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin AR),default)
AR := ar
endif
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share

# ---- flags -----------------------------------------------------------------------------------
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual \
    -Wwrite-strings -Wundef -Wvla -Wimplicit-fallthrough -Wconversion -Wdouble-promotion -Wformat=2
WARNINGS += $(if $(filter 1,$(WERROR)),-Werror)

ifeq ($(B),release)
MODE_CFLAGS := -O2 -g -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong
MODE_CFLAGS += $(if $(filter x86_64 i%86,$(shell uname -m)),-fcf-protection)
MODE_LDFLAGS := -Wl,-z,relro,-z,now,-z,pack-relative-relocs
else ifeq ($(B),debug)
MODE_CFLAGS := -O0 -g3 -fno-omit-frame-pointer
else ifeq ($(B),asan)
MODE_CFLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
MODE_LDFLAGS := -fsanitize=address,undefined
else ifeq ($(B),cov)
MODE_CFLAGS := -O0 -g --coverage
MODE_LDFLAGS := --coverage
else ifeq ($(B),fuzz)
override CC := clang
MODE_CFLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
    -fno-sanitize-recover=all
MODE_LDFLAGS := -fsanitize=address,undefined
else
$(error B=$(B) is unknown; it is one of: release debug asan cov)
endif

CFLAGS ?=
LDFLAGS ?=
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -DMUJUN_VERSION=\"$(VERSION)\" -Isrc -Iinclude $(WARNINGS) \
    -fPIC -fvisibility=hidden -fno-math-errno -pthread $(MODE_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pthread -Wl,--build-id=sha1,--as-needed $(MODE_LDFLAGS) $(LDFLAGS)
LIBS := -lm -lpthread
# What the embeddable library must not need; archives, because shared libraries cost every start 50 us.
archive = $(if $(filter /%,$(shell $(CC) -print-file-name=lib$(1).a)),-l:lib$(1).a,-l$(1))
SPEAR_LIBS := $(call archive,z) $(call archive,nettle) $(call archive,jansson)

# Flags of one folder. The interpreter's handlers end in calls that must become jumps. The API is the
# shared library's symbols (a version script picks them). The verifier delays every start.
CFLAGS_src/shield/interp := -fno-stack-protector -foptimize-sibling-calls
CFLAGS_src/shield/api := -fvisibility=default
CFLAGS_src/shield/verify/sfi := $(if $(filter release,$(B)),-O3)
CFLAGS_src/spear/syz := -DMUJUN_DATADIR=\"$(DATADIR)\"

# ---- files -----------------------------------------------------------------------------------
LIB_SRC := $(wildcard src/base/*.c src/shield/*/*.c src/shield/*/*.S src/shield/*/*/*.c)
# The executor runs inside the machine under test; it is a program of its own.
SPEAR_SRC := $(filter-out src/spear/executor/%,$(wildcard src/io/*.c src/spear/*/*.c))
EXECUTOR_SRC := $(wildcard src/spear/executor/*.c)
CLI_SRC := $(filter-out src/cli/main.c,$(wildcard src/cli/*.c))
UNIT_SRC := $(wildcard tests/unit/test_*.c)
FUZZ_SRC := $(wildcard fuzz/fuzz_*.c)
MUJUN_HEADERS := $(wildcard include/mujun/*.h)
VERSION_SCRIPT := src/shield/api/libmujun.map

objects = $(patsubst %,$(BUILD)/obj/%.o,$(basename $(1)))
LIB_OBJ := $(call objects,$(LIB_SRC))
SPEAR_OBJ := $(call objects,$(SPEAR_SRC))
CLI_OBJ := $(call objects,$(CLI_SRC))
MAIN_OBJ := $(call objects,$(wildcard src/cli/main.c))
UNIT_BIN := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(UNIT_SRC))
FUZZ_BIN := $(patsubst fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SRC))
REPLAY_BIN := $(patsubst fuzz/fuzz_%.c,$(BUILD)/fuzz/replay_%,$(FUZZ_SRC))

MUJUN := $(BUILD)/mujun
LIB_A := $(BUILD)/libmujun.a
LIB_SO := $(BUILD)/libmujun.so.$(SOVERSION)
CLI_A := $(BUILD)/libcli.a
SPEAR_A := $(BUILD)/libspear.a
EXECUTOR := $(BUILD)/mujun-executor

# ---- building --------------------------------------------------------------------------------
.PHONY: all
all: $(MUJUN) $(EXECUTOR) $(LIB_A) $(LIB_SO) ## build the program and both libraries (B=release|debug|asan|cov)
include tools/rulec/rules.mk

$(LIB_A): $(LIB_OBJ)
$(CLI_A): $(CLI_OBJ)
$(SPEAR_A): $(SPEAR_OBJ)
$(LIB_A) $(CLI_A) $(SPEAR_A):
	@rm -f $@
	$(AR) rcs $@ $^

$(LIB_SO): $(LIB_OBJ) $(VERSION_SCRIPT)
	$(CC) $(ALL_LDFLAGS) -shared -Wl,-soname,$(@F) -Wl,--version-script=$(VERSION_SCRIPT) -o $@ \
	    $(LIB_OBJ) $(LIBS)
	@ln -sf $(@F) $(BUILD)/libmujun.so

$(MUJUN): $(MAIN_OBJ) $(CLI_A) $(SPEAR_A) $(LIB_A)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(SPEAR_LIBS) $(LIBS)

# Static, and never with sanitizers: it runs where there is nothing but a kernel.
EXECUTOR_CFLAGS := -std=c11 -D_GNU_SOURCE -Isrc $(WARNINGS) -O2 -g -pthread
EXECUTOR_OBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(EXECUTOR_SRC))

$(EXECUTOR): $(EXECUTOR_OBJ)
	$(CC) -static -pthread -o $@ $^

$(BUILD)/obj/src/spear/executor/%.o: src/spear/executor/%.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(EXECUTOR_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(CFLAGS_$(patsubst %/,%,$(dir $<))) -MMD -MP -c -o $@ $<

$(BUILD)/obj/%.o: %.S $(BUILD)/flags
	@mkdir -p $(@D)
	$(CC) -Isrc -fPIC -g -MMD -MP -c -o $@ $<

# The executor's pieces are carried in the program as text.
$(BUILD)/obj/src/spear/kernel/pieces.o: $(wildcard src/spear/executor/pieces/*.h)

# Rewritten only when the compiler or a flag changes, so that such a change rebuilds everything.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' | cmp -s - $@ || \
	    printf '%s\n' '$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)' >$@

$(BUILD)/tests/unit/%: $(BUILD)/obj/tests/unit/%.o $(CLI_A) $(SPEAR_A) $(LIB_A)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $< $(CLI_A) $(SPEAR_A) $(LIB_A) $(SPEAR_LIBS) $(LIBS)

.PHONY: FORCE
FORCE:
.SECONDARY:
-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

# ---- trying and testing ----------------------------------------------------------------------
.PHONY: help setup demo demo-kernel check check-kernel tests coverage fuzz bench bench-compile bench-start bench-verify bench-interp bench-validate fuzz-bins replayers
help: ## list the targets
	@echo 'Targets (out-of-tree: build/$$(B)/, B=release unless given):'
	@sed -n 's/^\([a-z][a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16 | sed 's/^/  /'
	@echo 'Variables: B=$(B) CC=$(CC) PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) WERROR=1 T=<part of a test name>'

setup: ## install what is missing from Debian's packages, and say what was done
	@tools/setup

demo: ## set up, build, and run CPython and SQLite in the sandbox
	@tools/setup --quiet
	@$(MAKE) --no-print-directory -s B=$(B) all
	@MUJUN=$(abspath $(MUJUN)) tools/demo

demo-kernel: all ## boot and fuzz a kernel in virtual machines until the numbers grow
	@MUJUN=$(abspath $(MUJUN)) tools/demo-kernel

check-kernel: all ## find the planted bugs of the test kernel, 40 minutes (MINUTES=n VMS=n)
	@MUJUN=$(abspath $(MUJUN)) tests/kernel/check-kernel --minutes $(or $(MINUTES),40) --vms $(or $(VMS),2)

ALL_TESTS := $(wildcard tests/*/*.t) $(UNIT_BIN)
CHOSEN_TESTS := $(if $(T),$(foreach t,$(ALL_TESTS),$(if $(findstring $(T),$(t)),$(t))),$(ALL_TESTS))
CHECK_JOBS ?= 2

check: ## set up, build, run every test (T=name for those whose path contains it)
	@tools/setup --quiet $(if $(T),,--optional)
	@$(MAKE) --no-print-directory -s tests
	@$(if $(CHOSEN_TESTS),,echo 'make check: no test has "$(T)" in its path' >&2; exit 1)
	@MUJUN=$(abspath $(MUJUN)) MUJUN_BUILD=$(abspath $(BUILD)) MUJUN_B=$(B) CC='$(CC)' \
	    ASAN_OPTIONS=handle_segv=0:allow_user_segv_handler=1:$$ASAN_OPTIONS \
	    UBSAN_OPTIONS=print_stacktrace=1:$$UBSAN_OPTIONS \
	    prove -j$(CHECK_JOBS) --timer --exec '' $(CHOSEN_TESTS)

tests: all $(filter $(UNIT_BIN),$(CHOSEN_TESTS)) $(if $(filter tests/fuzz/%,$(CHOSEN_TESTS)),replayers) ## build the tests without running them

coverage: ## line and branch coverage by the tests, per folder (gcovr)
	@$(MAKE) --no-print-directory B=cov check
	@gcovr --root . --object-directory build/cov/obj --filter src/ --exclude-unreachable-branches --sort-percentage

bench: ## run time beside native gcc -O2, V8 and Cranelift (peers: bench/setup-peers)
bench-compile: ## compile speed and memory beside Cranelift and V8
bench-start: ## start of a process and of an instance, host calls, size
bench-verify: ## what proving machine code contained costs, in MB/s and beside compiling it
bench-interp: ## compare the interpreter with native code and other engines
bench-validate: ## compare reading and validating with wabt's wasm-validate, in MB/s
bench bench-compile bench-start bench-verify bench-interp bench-validate:
	@$(MAKE) --no-print-directory -s B=release all
	@MUJUN=$(abspath build/release/mujun) bench/$(patsubst bench-%,%,$(patsubst bench,speed,$@))

# Each harness is a libFuzzer program in build/fuzz/, and a replayer that `make check` can run.
FUZZ_SECONDS ?= 60
fuzz: ## build the libFuzzer harnesses and run each (FUZZ_SECONDS=60, F=name for one)
	@$(MAKE) --no-print-directory -s B=fuzz fuzz-bins
	@tools/fuzz $(FUZZ_SECONDS) $(F)

fuzz-bins: $(FUZZ_BIN) $(BUILD)/fuzz/make_seeds
replayers: $(REPLAY_BIN) $(BUILD)/fuzz/make_seeds

$(BUILD)/fuzz/fuzz_%: $(BUILD)/obj/fuzz/fuzz_%.o $(SPEAR_A) $(LIB_A)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(SPEAR_LIBS) $(LIBS)

$(BUILD)/fuzz/make_seeds: $(BUILD)/obj/fuzz/make_seeds.o $(SPEAR_A) $(LIB_A)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(SPEAR_LIBS) $(LIBS)

$(BUILD)/fuzz/replay_%: $(BUILD)/obj/fuzz/fuzz_%.o $(BUILD)/obj/fuzz/replay.o $(SPEAR_A) $(LIB_A)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(SPEAR_LIBS) $(LIBS)

# ---- installing ------------------------------------------------------------------------------
.PHONY: install uninstall docs
docs: $(MUJUN) ## write the man pages and shell completions, from the command tables
	@tools/gendocs $(MUJUN) $(BUILD)/share

install: all docs ## install (PREFIX=/usr/local, DESTDIR for packagers)
	@tools/install '$(DESTDIR)' '$(PREFIX)' '$(LIBDIR)' '$(INCLUDEDIR)' '$(MANDIR)' '$(DATADIR)' \
	    '$(BUILD)' '$(VERSION)' '$(SOVERSION)'

uninstall: all docs ## remove what install put there (same PREFIX and DESTDIR)
	@tools/install --remove '$(DESTDIR)' '$(PREFIX)' '$(LIBDIR)' '$(INCLUDEDIR)' '$(MANDIR)' \
	    '$(DATADIR)' '$(BUILD)' '$(VERSION)' '$(SOVERSION)'

# ---- keeping the house -----------------------------------------------------------------------
.PHONY: tidy lint format-check clean
tidy: ## check file, function and line lengths, banned calls, include arrows
	@tools/tidy
	@tools/layers

lint: ## search for bugs with clang-tidy (slow; F=file for one)
	@clang-tidy --quiet $(or $(F),$(LIB_SRC) $(CLI_SRC)) -- $(filter-out -fcf-protection,$(ALL_CFLAGS)) 2>/dev/null

FORMATTED = $(shell find src include tests/unit fuzz bench -name '*.[ch]' 2>/dev/null)
format-check: ## compare the layout with .clang-format (clang-format 14)
	@command -v clang-format-14 >/dev/null || { echo 'format-check needs clang-format-14: apt-get install clang-format-14'; exit 1; }
	@clang-format-14 --dry-run -Werror $(FORMATTED) && echo 'format-check: clean'

clean: ## remove build/$(B)
	rm -rf $(BUILD)
