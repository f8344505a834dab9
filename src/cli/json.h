/* json: what jansson lacks for our output. SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "base/buf.h"

#include <jansson.h>

/* A string. Text that is not UTF-8 (a file name, a message cut in the middle of a character) keeps
 * its ASCII and shows the rest as question marks: JSON has no other bytes. Never NULL but when
 * memory is out. */
json_t *cli_json_text(const char *text);
/* The same for a name out of a module; no text is the empty string. */
json_t *cli_json_str(struct str s);
/* Prints it, indented, with a newline, and frees it. */
void cli_json_print(json_t *json);

#endif /* CLI_JSON_H */
