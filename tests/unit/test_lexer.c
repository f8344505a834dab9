/* test_lexer: text to tokens, and what is no token, with its place.
 * SPDX-License-Identifier: Apache-2.0 */
#include "tap.h"

#include "shield/wasm/wat_lex.h"

#include <string.h>

/* One letter per token: ( ) i(d) s(tring) n(umber) w(ord, known) u(nknown word). */
/* clang-format off */
static const struct {
    const char *text, *tokens;
} good[] = {
    {"", ""},
    {" \t\r\n", ""},
    {"(module)", "(w)"},
    {"(func(nop))", "(w(w))"},
    {"$a $b.c!#$%&'*+-/:<=>?@\\^_`|~", "ii"},
    {"$\"quoted id\"", "i"},
    {"\"a\" \"\\t\\n\\r\\\"\\'\\\\\\00\\u{10ffff}\"", "ss"},
    {"\"\xc3\xa9\"", "s"},
    {"0 -1 +0x1p-3 1_0.5e3 inf nan:0x1 9x", "nnnnuun"},
    {"i32.add offset=4 frobnicate", "wuu"},
    {";; a line\nnop", "w"},
    {";; carriage return\rnop", "w"},
    {";; the last line", ""},
    {";;", ""},
    {"(; block ;)nop", "w"},
    {"(;(;nested;) ;) nop", "w"},
    {"(;;)(;);)", ""},
    {"nop;;x\nnop(;y;)nop", "www"},
    {"(; \xe2\x9c\x93 \x01 ;)", ""},
    {"(@unknown, ; [ ] {} (a (b)) \")\" $ 0$x)nop", "w"},
    {"((@a)func(@b)(@\"c\")$f(@a (; ) ;) ))", "(wi)"},
    {"(@a (@) (@ x) (@\"\"))", ""},
};
/* clang-format on */

/* clang-format off */
static const struct {
    const char *text;
    size_t size; /* 0: strlen */
    uint32_t line, column;
    const char *says;
} bad[] = {
    {"\"abc", 0, 1, 1, "unclosed string"},
    {"\n  \"abc\n\"", 0, 2, 7, "illegal character 0x0a in a string"},
    {"\"\\q\"", 0, 1, 2, "malformed escape"},
    {"\"\\1\"", 0, 1, 2, "malformed escape"},
    {"\"\\u{110000}\"", 0, 1, 2, "malformed escape"},
    {"\"\\u{d800}\"", 0, 1, 2, "malformed escape"},
    {"\"\\u{}\"", 0, 1, 2, "malformed escape"},
    {"\"\\u{1_}\"", 0, 1, 2, "malformed escape"},
    {"\"\\u{1__2}\"", 0, 1, 2, "malformed escape"},
    {"\"\\u{41\"", 0, 1, 2, "malformed escape"},
    {"\"\\", 0, 1, 2, "malformed escape"},
    {"\"a\x7f\"", 0, 1, 3, "illegal character 0x7f"},
    {"(; open (; ;)", 0, 1, 1, "unclosed comment"},
    {"(func\n (nop)", 0, 1, 1, "never closed"},
    {"nop)", 0, 1, 4, "no parenthesis is open"},
    {"$", 0, 1, 1, "empty identifier"},
    {"$\"\"", 0, 1, 1, "empty identifier"},
    {"$\"\\ff\"", 0, 1, 1, "malformed UTF-8"},
    {"\"a\"\"b\"", 0, 1, 1, "a string needs a blank"},
    {"0\"a\"", 0, 1, 1, "a string needs a blank"},
    {"$a\"b\"", 0, 1, 1, "a string needs a blank"},
    {"  #x", 0, 1, 3, "unknown token \"#x\""},
    {"Func", 0, 1, 1, "unknown token \"Func\""},
    {"nop ,", 0, 1, 5, "illegal character \",\""},
    {"nop ;", 0, 1, 5, "illegal character \";\""},
    {"nop\x01", 0, 1, 4, "illegal character 0x01"},
    {"\0", 1, 1, 1, "illegal character 0x00"},
    {"\xc3\xa9", 0, 1, 1, "not ASCII"},
    {";; \xe9", 0, 1, 4, "malformed UTF-8: byte 0xe9"},
    {"\xed\xa0\x80", 0, 1, 1, "malformed UTF-8"},
    {"\xf4\x90\x80\x80", 0, 1, 1, "malformed UTF-8"},
    {"\xc0\x80", 0, 1, 1, "malformed UTF-8"},
    {"\xe2\x82", 0, 1, 1, "malformed UTF-8"},
    {"(; \xc3\xa9\xc3\xa9 ;) \x02", 0, 1, 10, "illegal character 0x02"},
    {"a\r\nb\rc\n \x02", 0, 4, 2, "illegal character 0x02"},
    {"(@)", 0, 1, 3, "empty annotation id"},
    {"(@ x)", 0, 1, 3, "empty annotation id"},
    {"(@\"\")", 0, 1, 3, "empty annotation id"},
    {"(@\"\\ff\")", 0, 1, 3, "malformed UTF-8"},
    {"(@x (y)", 0, 1, 1, "unclosed annotation"},
    {"(@x \x03)", 0, 1, 5, "illegal character 0x03"},
    {"(@x))", 0, 1, 5, "no parenthesis is open"},
};
/* clang-format on */

struct job {
    struct str text;
    struct wm_features features;
    struct arena arena;
    struct wat_lexed lexed;
};

static enum status lex(void *ctx, struct diag *dg)
{
    struct job *job = ctx;
    return wat_lex(job->text, job->features, &job->arena, &job->lexed, dg);
}

static enum status run(struct job *job, struct str text, struct diag *dg)
{
    *job = (struct job){.text = text, .features = wm_features_default()};
    arena_init(&job->arena, 64 << 20);
    *dg = (struct diag){0};
    return arena_guard(&job->arena, lex, job, dg);
}

static char letter(const struct wat_token *t)
{
    switch ((enum wat_kind)t->kind) {
    case WAT_TOK_OPEN: return '(';
    case WAT_TOK_CLOSE: return ')';
    case WAT_TOK_ID: return 'i';
    case WAT_TOK_STRING: return 's';
    case WAT_TOK_NUMBER: return 'n';
    case WAT_TOK_WORD: return t->word == WAT_WORD_NONE ? 'u' : 'w';
    case WAT_TOK_OTHER: return '?';
    case WAT_TOK_END: break;
    }
    return '$';
}

static void test_good(const char *text, const char *want)
{
    struct job job;
    struct diag dg;
    char got[64] = "";

    enum status st = run(&job, str_of(text), &dg);
    for (uint32_t i = 0; st == ST_OK && i < job.lexed.count && i < sizeof(got) - 1; i++)
        got[i] = letter(&job.lexed.tokens[i]);
    bool ends = st == ST_OK && job.lexed.tokens[job.lexed.count].kind == WAT_TOK_END;
    tap_ok(ends && strcmp(got, want) == 0, "%s, expected %s %s", got, want, dg.text);
    arena_free(&job.arena);
}

/* Parentheses know their partners; one spelling of an identifier is one symbol. */
static void test_links(void)
{
    struct job job;
    struct diag dg;

    enum status st = run(&job, STR("(a (b) $\"x\\79\" (c (d))) $xy $x"), &dg);
    const struct wat_token *t = job.lexed.tokens;
    /* tokens: 0( 1a 2( 3b 4) 5$xy 6( 7c 8( 9d 10) 11) 12) 13$xy 14$x */
    tap_ok(st == ST_OK && t[0].pair == 12 && t[12].pair == 0 && t[2].pair == 4 && t[6].pair == 11 &&
               t[8].pair == 10 && t[10].pair == 8,
           "every parenthesis is paired");
    tap_ok(st == ST_OK && t[5].symbol == t[13].symbol && t[5].symbol != t[14].symbol,
           "$\"x\\79\" is $xy, not $x");
    arena_free(&job.arena);
}

static void test_word_table(void)
{
    uint32_t lost = 0;

    for (uint32_t w = 0; w < WAT_WORD_COUNT; w++) {
        const char *text = wat_word_text((enum wat_word)w);
        enum wat_word found = wat_word_find(text, strlen(text));
        lost += found == WAT_WORD_NONE || strcmp(wat_word_text(found), text) != 0;
    }
    tap_ok(lost == 0, "all %d words are found; %u are not", WAT_WORD_COUNT, lost);
    const char *guess = wat_word_suggest(STR("i32.ad"), (enum wat_word)0, WAT_VALUE_0);
    tap_ok(guess != NULL && strcmp(guess, "i32.add") == 0, "i32.ad: %s", guess);
    tap_ok(wat_word_suggest(STR("zzzzzz"), (enum wat_word)0, WAT_VALUE_0) == NULL,
           "no guess for what is like nothing");
}

static void test_annotations_off(void)
{
    struct job job = {.text = STR(" (@a)"), .features = wm_features_default()};
    struct diag dg;

    wm_feature_set(&job.features, WM_FEATURE_ANNOTATIONS, false);
    arena_init(&job.arena, 1 << 20);
    enum status st = arena_guard(&job.arena, lex, &job, &dg);
    tap_ok(st == ST_UNSUPPORTED && dg.column == 2 && strstr(dg.text, "annotations") != NULL,
           "annotations off: %s", dg.text);
    arena_free(&job.arena);
}

int main(void)
{
    for (uint32_t i = 0; i < LENGTH_OF(good); i++)
        test_good(good[i].text, good[i].tokens);
    for (uint32_t i = 0; i < LENGTH_OF(bad); i++) {
        struct job job;
        struct diag dg;
        size_t size = bad[i].size != 0 ? bad[i].size : strlen(bad[i].text);
        enum status st = run(&job, (struct str){bad[i].text, size}, &dg);
        tap_ok(st == ST_MALFORMED && dg.line == bad[i].line && dg.column == bad[i].column &&
                   strstr(dg.text, bad[i].says) != NULL,
               "row %u: %u:%u: %s", i, dg.line, dg.column, dg.text);
        arena_free(&job.arena);
    }
    test_links();
    test_word_table();
    test_annotations_off();
    return tap_done();
}
