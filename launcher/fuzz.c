/* Feed anything to the readers of the native launcher: `scripts/fuzz_launcher` builds and runs it. */
#define FUZZING
#include "multirt.c"

/* Make of some bytes a command line, one argument for each NUL, and build its key. */
static void fuzz_question(const char *bytes, size_t size)
{
    char *items = allocate(size + 1), *arguments[64] = {(char[]){"multirt"}};
    memcpy(items, bytes, size);
    items[size] = '\0';
    size_t count = 1;
    for (char *item = items; item <= items + size && count < 63; item += strlen(item) + 1)
        arguments[count++] = item;
    struct question question = {NULL, 0, false};
    int own = build_key(&question, arguments, "/some/folder");
    if (own < 0 || (size_t)own > count)
        abort();
    free(question.fields);
    free(items);
}

/* Check a plan whose bytes end with a NUL, as `read_plan` makes sure. */
static void fuzz_plan(const char *head, size_t head_size, const char *bytes, size_t size)
{
    static char fields[] = "script=/tool.py";
    struct question question = {fields, sizeof fields, false};
    struct answer answer = {NULL, NULL, 0, NULL, 0, NULL};
    char *content = allocate(head_size + size + 1);
    memcpy(content, head, head_size);
    memcpy(content + head_size, bytes, size);
    content[head_size + size] = '\0';
    if (check_plan(content, head_size + size + 1, &question, "/some/folder", &answer)) {
        if (answer.executable == NULL || answer.argument_count == 0)
            abort();
        free(changed_environment(&answer));
    }
    free(answer.arguments);
    free(answer.changes);
    free(content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char head[] = "multirt plan 1\0script=/tool.py\0";
    fuzz_question((const char *)data, size);
    fuzz_plan("", 0, (const char *)data, size);
    fuzz_plan(head, sizeof head, (const char *)data, size);
    return 0;
}
