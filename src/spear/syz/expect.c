/* expect: see expect.h. SPDX-License-Identifier: Apache-2.0 */
#include "spear/syz/expect.h"

#include <errno.h>
#include <string.h>

static const struct {
    const char *name;
    int error;
} errors[] = {
#define ERRNO(name) {#name, name},
#include "spear/syz/errno.def"
#undef ERRNO
};

int syz_errno_of(struct str name)
{
    for (uint32_t i = 0; i < LENGTH_OF(errors); i++)
        if (str_equal(name, str_of(errors[i].name)))
            return errors[i].error;
    return 0;
}

const char *syz_errno_name(int error)
{
    for (uint32_t i = 0; i < LENGTH_OF(errors); i++)
        if (errors[i].error == error)
            return errors[i].name;
    return NULL;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct str trimmed(struct str s)
{
    while (s.size != 0 && is_space(s.text[0])) {
        s.text++;
        s.size--;
    }
    while (s.size != 0 && is_space(s.text[s.size - 1]))
        s.size--;
    return s;
}

/* What stands behind the first # that is not inside quotes; text NULL: there is none. */
static struct str comment_of(struct str line)
{
    char quote = '\0';

    for (size_t i = 0; i < line.size; i++) {
        char c = line.text[i];
        if (quote != '\0' && c == '\\')
            i++;
        else if (quote != '\0')
            quote = c == quote ? '\0' : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '#')
            return trimmed((struct str){line.text + i + 1, line.size - i - 1});
    }
    return (struct str){0};
}

static struct str next_word(struct str *rest)
{
    *rest = trimmed(*rest);
    struct str word = {rest->text, 0};
    while (word.size < rest->size && !is_space(word.text[word.size]))
        word.size++;
    rest->text += word.size;
    rest->size -= word.size;
    return word;
}

static void read_requirements(struct arena *a, struct str comment, struct syz_expect *out)
{
    static const struct str key = {"requires:", sizeof("requires:") - 1};
    uint32_t capacity = out->requirement_count;

    if (comment.size < key.size || memcmp(comment.text, key.text, key.size) != 0)
        return;
    struct str rest = {comment.text + key.size, comment.size - key.size};
    for (struct str word = next_word(&rest); word.size != 0; word = next_word(&rest))
        ARENA_PUSH(a, out->requirements, out->requirement_count, capacity, word);
}

static enum status read_end(struct str comment, uint32_t line, struct syz_expect_call *out,
                            struct diag *dg)
{
    *out = (struct syz_expect_call){.end = SYZ_RETURNS, .line = line};
    if (comment.size == 0)
        return ST_OK;
    if (str_equal(comment, STR("unexecuted")))
        out->end = SYZ_UNEXECUTED;
    else if (str_equal(comment, STR("unfinished")))
        out->end = SYZ_UNFINISHED;
    else if (str_equal(comment, STR("blocked")))
        out->end = SYZ_BLOCKED;
    else
        out->error = syz_errno_of(comment);
    if (out->end == SYZ_RETURNS && out->error == 0)
        return diag_fail_at(dg, ST_MALFORMED, line, 1,
                            "expected the name of an error, unexecuted, unfinished or blocked "
                            "behind a call, found # %.*s",
                            (int)MIN(comment.size, (size_t)60), comment.text);
    return ST_OK;
}

enum status syz_expect_read(struct arena *a, struct str text, struct syz_expect *out,
                            struct diag *dg)
{
    uint32_t line_number = 0, capacity = 0;

    *out = (struct syz_expect){0};
    while (text.size != 0) {
        const char *newline = memchr(text.text, '\n', text.size);
        size_t size = newline == NULL ? text.size : (size_t)(newline - text.text);
        struct str line = trimmed((struct str){text.text, size});
        size = MIN(size + 1, text.size);
        text.text += size;
        text.size -= size;
        line_number++;
        if (line.size == 0)
            continue;
        if (line.text[0] == '#') {
            read_requirements(a, trimmed((struct str){line.text + 1, line.size - 1}), out);
            continue;
        }
        struct syz_expect_call call;
        TRY(read_end(comment_of(line), line_number, &call, dg));
        ARENA_PUSH(a, out->calls, out->call_count, capacity, call);
    }
    return ST_OK;
}

struct str syz_expect_unmet(const struct syz_expect *e, bool (*has)(void *ctx, struct str word),
                            void *ctx)
{
    struct str alternative = {0};
    bool is_met = false;

    for (uint32_t i = 0; i < e->requirement_count; i++) {
        struct str word = e->requirements[i];
        if (word.size > 1 && word.text[0] == '-') {
            if (has(ctx, (struct str){word.text + 1, word.size - 1}))
                return word;
        } else if (word.size > 5 && memcmp(word.text, "arch=", 5) == 0) {
            alternative = word; /* of several, any one will do */
            is_met = is_met || has(ctx, word);
        } else if (!has(ctx, word)) {
            return word;
        }
    }
    return is_met ? (struct str){0} : alternative;
}
