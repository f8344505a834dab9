/* log: a ring of lines under one lock. SPDX-License-Identifier: Apache-2.0 */
#include "spear/manager/log.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct log {
    pthread_mutex_t lock;
    void (*write)(void *ctx, const char *line);
    void *ctx;
    uint64_t count; /* ever */
    char lines[LOG_LINES_MAX][LOG_LINE_MAX];
};

struct log *log_new(void (*write)(void *ctx, const char *line), void *ctx)
{
    struct log *log = mem_alloc(1, sizeof(*log));

    if (log == NULL)
        return NULL;
    pthread_mutex_init(&log->lock, NULL);
    log->write = write;
    log->ctx = ctx;
    return log;
}

void log_free(struct log *log)
{
    if (log == NULL)
        return;
    pthread_mutex_destroy(&log->lock);
    mem_free(log);
}

static void add_line(struct log *log, const char *stamp, const char *text, size_t size)
{
    char *line = log->lines[log->count++ % LOG_LINES_MAX];

    snprintf(line, LOG_LINE_MAX, "%s %.*s", stamp, (int)size, text);
    if (log->write != NULL)
        log->write(log->ctx, line);
}

void log_line(struct log *log, const char *fmt, va_list ap)
{
    char text[4 * LOG_LINE_MAX], stamp[32];
    const time_t now = time(NULL);
    struct tm tm;

    vsnprintf(text, sizeof(text), fmt, ap);
    localtime_r(&now, &tm);
    strftime(stamp, sizeof(stamp), "%Y/%m/%d %H:%M:%S", &tm);
    pthread_mutex_lock(&log->lock);
    for (const char *at = text;;) {
        size_t size = strcspn(at, "\n");
        add_line(log, stamp, at, size);
        if (at[size] == '\0' || at[size + 1] == '\0')
            break;
        at += size + 1;
    }
    pthread_mutex_unlock(&log->lock);
}

struct str *log_copy(struct log *log, struct arena *a, uint64_t *first, uint32_t *count)
{
    /* All room is taken before the lock: an arena may unwind. */
    struct str *lines = arena_new(a, struct str, LOG_LINES_MAX);
    char *text = arena_new(a, char, sizeof(log->lines));

    pthread_mutex_lock(&log->lock);
    *count = (uint32_t)MIN(log->count, (uint64_t)LOG_LINES_MAX);
    *first = log->count - *count;
    for (uint32_t i = 0; i < *count; i++) {
        const char *line = log->lines[(*first + i) % LOG_LINES_MAX];
        size_t size = strlen(line);
        memcpy(text, line, size + 1);
        lines[i] = (struct str){text, size};
        text += size + 1;
    }
    pthread_mutex_unlock(&log->lock);
    return lines;
}

bool log_nag_due(struct log_nag *nag, uint64_t now_ms, uint64_t pause_ms)
{
    if (nag->last_ms != 0 && now_ms - nag->last_ms < pause_ms)
        return false;
    nag->last_ms = now_ms;
    return true;
}
