/* main: the program's entry; knows no subcommand, only the table of them.
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

int main(void)
{
    puts("mujun " MUJUN_VERSION);
    return 0;
}
