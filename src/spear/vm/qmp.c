/* qmp: JSON objects, one a line; events between the answers are dropped.
 * SPDX-License-Identifier: Apache-2.0 */
#include "spear/vm/qmp.h"

#include "base/mem.h"
#include "io/file.h"
#include "io/loop.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    QMP_ANSWER_MAX = 4 << 20, /* bytes of one line */
    QMP_READ_BYTES = 16 << 10,
};

/* Makes room and reads what there is, until due_ns. */
static enum status read_more(struct qmp *q, uint64_t due_ns, struct diag *dg)
{
    for (;;) {
        struct pollfd input = {.fd = q->fd, .events = POLLIN};
        uint64_t now_ns = loop_now_ns();
        if (now_ns >= due_ns)
            return diag_fail(dg, ST_TIMEOUT, DIAG_NO_OFFSET,
                             "the machine emulator does not answer");
        if (poll(&input, 1, (int)((due_ns - now_ns) / 1000000) + 1) > 0)
            break;
    }
    if (q->capacity - q->size < QMP_READ_BYTES) {
        size_t capacity = q->capacity == 0 ? 2 * QMP_READ_BYTES : q->capacity * 2;
        char *more = capacity > QMP_ANSWER_MAX ? NULL : mem_resize(q->data, capacity, 1);
        if (more == NULL)
            return diag_fail(dg, ST_LIMIT, DIAG_NO_OFFSET,
                             "an answer of the machine emulator has more than %zu bytes", q->size);
        q->data = more;
        q->capacity = capacity;
    }
    ssize_t n = read(q->fd, q->data + q->size, q->capacity - q->size);
    if (n == 0)
        return diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "the machine emulator has ended");
    if (n < 0 && errno != EINTR && errno != EAGAIN)
        return file_fail(dg, errno, "reading from the machine emulator");
    q->size += n > 0 ? (size_t)n : 0;
    return ST_OK;
}

/* The next line, parsed. */
static enum status read_object(struct qmp *q, uint64_t due_ns, json_t **out, struct diag *dg)
{
    char *newline;

    while (q->size == 0 || (newline = memchr(q->data, '\n', q->size)) == NULL)
        TRY(read_more(q, due_ns, dg));
    size_t used = (size_t)(newline - q->data) + 1;
    json_error_t error;
    *out = json_loadb(q->data, used, 0, &error);
    q->size -= used;
    memmove(q->data, q->data + used, q->size);
    if (*out == NULL)
        return diag_fail(dg, ST_MALFORMED, DIAG_NO_OFFSET,
                         "the machine emulator says what is not JSON: %s", error.text);
    return ST_OK;
}

static enum status send_text(struct qmp *q, const char *text, int fd, struct diag *dg)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    size_t size = strlen(text);

    while (size != 0) {
        union {
            const void *given;
            void *wanted;
        } bytes = {.given = text};
        struct iovec part = {bytes.wanted, size};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
        if (fd >= 0) {
            message.msg_control = &control;
            message.msg_controllen = sizeof(control.room);
            struct cmsghdr *c = CMSG_FIRSTHDR(&message);
            c->cmsg_level = SOL_SOCKET;
            c->cmsg_type = SCM_RIGHTS;
            c->cmsg_len = CMSG_LEN(sizeof(int));
            memcpy(CMSG_DATA(c), &fd, sizeof(fd));
        }
        ssize_t n = sendmsg(q->fd, &message, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return file_fail(dg, errno, "writing to the machine emulator");
        fd = -1;
        text += n;
        size -= (size_t)n;
    }
    return ST_OK;
}

static enum status wait_answer(struct qmp *q, const char *command, json_t **answer,
                               uint64_t due_ns, struct diag *dg)
{
    for (;;) {
        json_t *object = NULL;
        TRY(read_object(q, due_ns, &object, dg));
        json_t *good = json_object_get(object, "return");
        json_t *bad = json_object_get(object, "error");
        if (bad != NULL) {
            const char *words = json_string_value(json_object_get(bad, "desc"));
            enum status st = diag_fail(dg, ST_UNSUPPORTED, DIAG_NO_OFFSET, "%s: %s", command,
                                       words == NULL ? "refused" : words);
            json_decref(object);
            return st;
        }
        if (good != NULL && answer != NULL)
            *answer = json_incref(good);
        json_decref(object);
        if (good != NULL)
            return ST_OK;
    }
}

static enum status command_with_fd(struct qmp *q, const char *command, json_t *arguments, int fd,
                                   json_t **answer, int timeout_ms, struct diag *dg)
{
    json_t *object = json_pack("{s:s, s:o*}", "execute", command, "arguments", arguments);
    char *text = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);

    json_decref(object);
    if (text == NULL)
        return diag_fail(dg, ST_NO_MEMORY, DIAG_NO_OFFSET, "no memory for a command");
    enum status st =
        q->fd < 0 ? diag_fail(dg, ST_IO, DIAG_NO_OFFSET, "the machine emulator is gone")
                  : send_text(q, text, fd, dg);
    json_free_t release;
    json_get_alloc_funcs(NULL, &release);
    release(text);
    if (st != ST_OK)
        return st;
    return wait_answer(q, command, answer, loop_now_ns() + (uint64_t)timeout_ms * 1000000, dg);
}

enum status qmp_command(struct qmp *q, const char *command, json_t *arguments, json_t **answer,
                        int timeout_ms, struct diag *dg)
{
    return command_with_fd(q, command, arguments, -1, answer, timeout_ms, dg);
}

enum status qmp_give_fd(struct qmp *q, const char *name, int fd, int timeout_ms, struct diag *dg)
{
    return command_with_fd(q, "getfd", json_pack("{s:s}", "fdname", name), fd, NULL, timeout_ms,
                           dg);
}

enum status qmp_human(struct qmp *q, const char *line, int timeout_ms, struct diag *dg)
{
    json_t *answer = NULL;

    TRY(qmp_command(q, "human-monitor-command", json_pack("{s:s}", "command-line", line), &answer,
                    timeout_ms, dg));
    const char *words = json_string_value(answer);
    enum status st = ST_OK;
    if (words != NULL && strspn(words, " \r\n") != strlen(words))
        st = diag_fail(dg, ST_UNSUPPORTED, DIAG_NO_OFFSET, "%s: %.200s", line, words);
    json_decref(answer);
    return st;
}

enum status qmp_open(struct qmp *q, int fd, int timeout_ms, struct diag *dg)
{
    json_t *greeting = NULL;

    *q = (struct qmp){.fd = fd};
    enum status st =
        read_object(q, loop_now_ns() + (uint64_t)timeout_ms * 1000000, &greeting, dg);
    json_decref(greeting);
    if (st == ST_OK)
        st = qmp_command(q, "qmp_capabilities", NULL, NULL, timeout_ms, dg);
    return st;
}

void qmp_close(struct qmp *q)
{
    if (q->fd >= 0)
        close(q->fd);
    mem_free(q->data);
    *q = (struct qmp){.fd = -1};
}
