/* Files of the project embedded in the executable, so that nothing has to be found on
 * disk: EMBED_FILE("symbol", "path") at file scope defines `const char symbol[]`, the
 * file with a NUL behind it. The assembler reads it, from the root of the project,
 * where make runs; the Makefile says which object depends on which files. */
#ifndef SNUGBENCH_PROCESS_EMBED_H
#define SNUGBENCH_PROCESS_EMBED_H

#define EMBED_FILE(symbol, path)                                                       \
    __asm__(".pushsection .rodata\n"                                                   \
            ".global " symbol "\n" symbol ":\n"                                        \
            ".incbin \"" path "\"\n"                                                   \
            ".byte 0\n"                                                                \
            ".popsection\n")

#endif
