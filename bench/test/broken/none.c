/* Not an allocator: nothing that the worker calls is here. */
int none_of_it(void);

int none_of_it(void)
{
    return 0;
}
