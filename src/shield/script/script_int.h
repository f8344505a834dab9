/* script_int: what the files of the script runner share. SPDX-License-Identifier: Apache-2.0 */
#ifndef SHIELD_SCRIPT_SCRIPT_INT_H
#define SHIELD_SCRIPT_SCRIPT_INT_H

#include "shield/script/script.h"

enum { SCRIPT_MESSAGE_MAX = 640 };

/* A module or instance that has a name in the script; either may be absent. */
struct script_named {
    struct str name;
    struct rt_module *module; /* one reference is held */
    struct rt_instance *instance;
};

/* A name that modules can import from. */
struct script_registered {
    struct str name;
    struct rt_instance *instance;
};

struct script_thread; /* opaque: see thread.c */

/* One export of spectest. */
struct script_spectest {
    const char *name;
    struct rt_extern what;
};
enum { SCRIPT_SPECTEST_MAX = 24 };

struct script_run {
    const struct script_options *options;
    struct rt_engine *engine; /* shared with the threads of a script */
    struct rt_store *store;
    struct arena *keep; /* report, names */
    struct arena work;  /* the script; what a command leaves is released behind it */
    struct wast_script *script;
    struct script_report *report;
    struct script_named *named;
    uint32_t named_count, named_capacity;
    struct script_registered *registered;
    uint32_t registered_count, registered_capacity;
    struct script_thread **threads;
    uint32_t thread_count, thread_capacity;
    uint32_t first_line; /* of the text in its file, for threads; 0 else */
    struct rt_instance *latest;
    struct str shared_name; /* of a thread: what its parent lends it */
    struct rt_instance *shared;
    struct script_spectest spectest[SCRIPT_SPECTEST_MAX];
    uint32_t spectest_count;
    char message[SCRIPT_MESSAGE_MAX]; /* of the command that is running */
};

/* Writes the message of a command that has failed; returns false. */
bool script_fail(struct script_run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- script.c ---- */
/* Runs text with r->engine, r->keep and r->report set; makes and frees the rest. */
MUST_USE enum status script_run_text(struct script_run *r, struct str text, struct diag *dg);

/* ---- thread.c ---- */
bool script_thread_start(struct script_run *r, const struct wast_command *c);
bool script_thread_wait(struct script_run *r, const struct wast_command *c);
void script_threads_end(struct script_run *r); /* stops and joins those nobody waited for */

/* ---- spectest.c ---- */
MUST_USE enum status script_spectest_make(struct script_run *r, struct diag *dg);

/* ---- values.c ---- */
/* Arguments as the function's parameters; false with a message when they do not fit. */
bool script_args(struct script_run *r, const struct wast_value *values, uint32_t count,
                 const struct wm_valtype *types, uint32_t type_count, union rt_value *out);
/* Do the results look as expected? False with a message. */
bool script_results(struct script_run *r, const union rt_value *results,
                    const struct wm_valtype *types, uint32_t type_count,
                    const struct wast_value *expected, uint32_t expected_count);

/* ---- command.c ---- */
/* The instance of that name (size 0: the latest), NULL with a message when there is none. */
struct rt_instance *script_instance(struct script_run *r, struct str name);
/* Names a module, an instance or both; the reference of module passes to the run. */
void script_name(struct script_run *r, struct str name, struct rt_module *module,
                 struct rt_instance *instance);
/* Runs one command; false with a message. */
bool script_command(struct script_run *r, const struct wast_command *c);

#endif /* SHIELD_SCRIPT_SCRIPT_INT_H */
