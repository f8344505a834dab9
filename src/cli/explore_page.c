/* explore_page: the page itself, in one file that needs nothing else.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/explore.h"

#include <inttypes.h>

static const char style[] =
    ":root{color-scheme:light dark;--line:#8884;--lit:#ffd54a66;--pin:#ffd54aaa}\n"
    "body{font:14px system-ui,sans-serif;margin:1.5em}\n"
    "h1{font-size:1.3em}\n"
    "summary{cursor:pointer;padding:.3em 0;border-top:1px solid var(--line)}\n"
    "summary small{opacity:.6}\n"
    ".c{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:1em}\n"
    ".c h2{font-size:1em;margin:.5em 0}\n"
    ".c pre{overflow:auto;max-height:80vh;margin:0;font:12px/1.45 ui-monospace,monospace}\n"
    ".c pre span{display:block;padding:0 .4em;border-radius:3px}\n"
    ".lit{background:var(--lit)}.pin{background:var(--pin)}\n"
    "#find{font:inherit;padding:.3em .6em;width:24em;max-width:100%}\n";

/* Hovering lights the lines of one position; a click also brings them into view. */
static const char script[] =
    "const lines=(e,p)=>[...e.querySelectorAll(`span[data-p=\"${p}\"]`)];\n"
    "const same=(e,c,on)=>{const p=e.dataset.p;if(!p)return;"
    "lines(e.closest('.c'),p).forEach(x=>x.classList.toggle(c,on))};\n"
    "document.addEventListener('mouseover',e=>same(e.target,'lit',true));\n"
    "document.addEventListener('mouseout',e=>same(e.target,'lit',false));\n"
    "document.addEventListener('click',e=>{\n"
    "const p=e.target.dataset&&e.target.dataset.p;if(!p)return;\n"
    "const c=e.target.closest('.c');\n"
    "c.querySelectorAll('.pin').forEach(x=>x.classList.remove('pin'));\n"
    "c.querySelectorAll('pre').forEach(pre=>{const x=lines(pre,p);\n"
    "x.forEach(y=>y.classList.add('pin'));\n"
    "if(x.length&&!pre.contains(e.target))pre.scrollTop=x[0].offsetTop-pre.offsetTop-80})});\n"
    "document.getElementById('find').addEventListener('input',e=>{\n"
    "const w=e.target.value.toLowerCase();\n"
    "document.querySelectorAll('details').forEach(d=>d.hidden=!d.dataset.n.includes(w))});\n";

static const char *const headings[EXPLORE_COLUMN_COUNT] = {
    [EXPLORE_TEXT] = "WebAssembly", [EXPLORE_IR] = "IR", [EXPLORE_CODE] = "Machine code"};

static void escape(struct buf *out, struct str s, bool lower)
{
    for (size_t i = 0; i < s.size; i++) {
        const char c = s.text[i];
        if (c == '&')
            buf_text(out, "&amp;");
        else if (c == '<')
            buf_text(out, "&lt;");
        else if (c == '"')
            buf_text(out, "&quot;");
        else
            buf_byte(out, (uint8_t)(lower && c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c));
    }
}

static void column(const struct explore_function *f, enum explore_column which, struct buf *out)
{
    buf_printf(out, "<div><h2>%s</h2><pre>", headings[which]);
    for (uint32_t i = 0; i < f->counts[which]; i++) {
        const struct explore_line *line = &f->lines[which][i];
        if (line->source != 0)
            buf_printf(out, "<span data-p=\"%" PRIu32 "\">", line->source);
        else
            buf_text(out, "<span>");
        escape(out, line->text, false);
        buf_text(out, line->text.size == 0 ? " </span>" : "</span>");
    }
    buf_text(out, "</pre></div>\n");
}

static void function(const struct explore_function *f, bool open, struct buf *out)
{
    buf_text(out, "<details data-n=\"");
    escape(out, f->name, true);
    buf_printf(out, " %" PRIu32 "\"%s><summary>#%" PRIu32 " ", f->index, open ? " open" : "",
               f->index);
    escape(out, f->name, false);
    buf_printf(out,
               " <small>%" PRIu32 " bytes of WebAssembly, %" PRIu32
               " of machine code</small></summary><div class=\"c\">\n",
               f->wasm_bytes, f->code_bytes);
    for (int c = 0; c < EXPLORE_COLUMN_COUNT; c++)
        column(f, (enum explore_column)c, out);
    buf_text(out, "</div></details>\n");
}

void explore_page(const struct explore_function *functions, uint32_t count, struct str title,
                  struct str note, struct buf *out)
{
    buf_text(out, "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    escape(out, title, false);
    buf_printf(out, "</title>\n<style>\n%s</style>\n<h1>", style);
    escape(out, title, false);
    buf_text(out, "</h1>\n<p>");
    escape(out, note, false);
    buf_text(out, "</p>\n<p><input id=\"find\" placeholder=\"find a function\" "
                  "aria-label=\"find a function\"></p>\n");
    for (uint32_t i = 0; i < count; i++)
        function(&functions[i], count == 1, out);
    buf_printf(out, "<script>\n%s</script>\n</html>\n", script);
}
