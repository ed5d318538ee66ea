/* Leaks by growing: a table that is enlarged keeps no hold of the old one, and each
 * value that is replaced is forgotten. Leak: tables of 16 to 1024 pointers (16256 bytes
 * in 7 blocks) and 3000 values of 100 bytes (300000 bytes). What the last table holds
 * is reachable to the end and no leak. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    char **values;
    size_t count, capacity;
} table;

static char *value_new(size_t number)
{
    char *const value = malloc(100);
    if (value != NULL) {
        snprintf(value, 100, "value %zu", number);
    }
    return value;
}

static void grow(void)
{
    const size_t capacity = table.capacity != 0 ? 2 * table.capacity : 16;
    char **const values = calloc(capacity, sizeof *values);
    if (values == NULL) {
        exit(1);
    }
    if (table.values != NULL) {
        memcpy(values, table.values, table.count * sizeof *values);
    }
    table.values = values; /* the bug: the old one is not freed */
    table.capacity = capacity;
}

static void put(size_t key)
{
    if (table.count == table.capacity) {
        grow();
    }
    table.values[table.count++] = value_new(key);
}

int main(void)
{
    for (size_t key = 0; key < 2000; key++) {
        put(key);
    }
    for (size_t key = 0; key < 3000; key++) {
        table.values[key % 2000] = value_new(key); /* the bug: nor what was there */
    }
    printf("%zu values\n", table.count);
    return 0;
}
