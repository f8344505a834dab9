/* json: see json.h. SPDX-License-Identifier: Apache-2.0 */
#include "cli/json.h"

#include "base/mem.h"

#include <string.h>

json_t *cli_json_str(struct str s)
{
    if (s.size == 0)
        return json_string("");
    json_t *j = json_stringn(s.text, s.size);
    char *copy = j == NULL ? mem_alloc(s.size, 1) : NULL;

    if (copy == NULL)
        return j;
    for (size_t i = 0; i < s.size; i++)
        copy[i] = (unsigned char)s.text[i] < 0x80 ? s.text[i] : '?';
    j = json_stringn(copy, s.size);
    mem_free(copy);
    return j;
}

json_t *cli_json_text(const char *text)
{
    return cli_json_str(str_of(text));
}

void cli_json_print(json_t *json)
{
    json_dumpf(json, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(json);
}
