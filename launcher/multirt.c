/* multirt, the native launcher: start a program by a decision that was made before.
 *
 * A plan file holds one question (what the user typed, and where), everything that its
 * answer depends on, and the answer. If a plan for this very question is there and everything is still as it says,
 * this program becomes the chosen interpreter. In every other case it becomes the Python command,
 * multirt-python next to it, with the arguments untouched. The format is in docs/reference/plan-file.md.
 *
 * Whatever is unsure is left to the Python command: this file never guesses and never decides.
 */
#define _XOPEN_SOURCE 700 /* POSIX of 2008: open without following links, times in nanoseconds */
#ifdef __APPLE__
#define _DARWIN_C_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#define st_mtim st_mtimespec
#define st_ctim st_ctimespec
#endif

extern char **environ;

#ifndef VERSION
#define VERSION "0" /* launcher/build_hook.py gives the wheel's */
#endif

static const char FORMAT[] = "multirt plan 1";
static const char DEPTH[] = "MULTIRT_DEPTH";
enum { DEEPEST = 20, FAILED = 125, LIFE = 86400 /* s */, PLAN_BYTES = 16 << 20, DEBUG_BYTES = 8192 };

/* ------------------------------------------------------------------------------------- text */

static bool debugging;

/* Say on stderr why there is no short way; only when MULTIRT_LOG=debug asks for it. */
static void debug(const char *format, ...)
{
    if (!debugging)
        return;
    char line[DEBUG_BYTES];
    va_list values;
    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    fputs("multirt: debug: ", stderr);
    /* A path in it may have been made to command the terminal. */
    for (const unsigned char *at = (const unsigned char *)line; *at != 0; at++)
        fprintf(stderr, *at >= 0x20 && *at < 0x7f ? "%c" : "\\x%02x", *at);
    fputc('\n', stderr);
}

static void *reallocate(void *before, size_t size)
{
    void *memory = realloc(before, size);
    if (memory == NULL) {
        fputs("multirt: out of memory\n", stderr);
        exit(FAILED);
    }
    return memory;
}

static void *allocate(size_t size)
{
    return reallocate(NULL, size);
}

/* Return two or three strings as one. */
static char *join(const char *first, const char *second, const char *third)
{
    size_t a = strlen(first), b = strlen(second), c = strlen(third);
    char *text = allocate(a + b + c + 1);
    memcpy(text, first, a);
    memcpy(text + a, second, b);
    memcpy(text + a + b, third, c + 1);
    return text;
}

static uint64_t fnv1a(const char *bytes, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* --------------------------------------------------------------------------------- question */

/* What was asked, as the fields that a plan file begins with, each ended by a NUL. */
struct question {
    char *fields;
    size_t size;
    bool relative; /* an option names something by a relative path, or the current folder is searched */
};

static void add_field(struct question *question, const char *label, const char *value)
{
    size_t label_size = strlen(label), value_size = strlen(value) + 1;
    size_t size = question->size + label_size + value_size;
    question->fields = reallocate(question->fields, size);
    memcpy(question->fields + question->size, label, label_size);
    memcpy(question->fields + question->size + label_size, value, value_size);
    question->size = size;
}

static void add_variable(struct question *question, const char *name, const char *label)
{
    const char *value = getenv(name);
    if (value != NULL)
        add_field(question, label, value);
}

/* Return a path without `.` and doubled slashes, absolute; NULL where `..`, or an end in a slash,
 * makes it more than a name. Links are kept: a script is what it is called. */
static char *absolute(const char *path, const char *cwd)
{
    bool rooted = path[0] == '/';
    char *result = allocate(strlen(cwd) + strlen(path) + 2), *end = result;
    if (!rooted && strcmp(cwd, "/") != 0)
        end = stpcpy(result, cwd);
    for (const char *part = path + rooted; part != NULL;) {
        const char *slash = strchr(part, '/');
        size_t length = slash != NULL ? (size_t)(slash - part) : strlen(part);
        bool here = length == 1 && part[0] == '.';
        bool above = length == 2 && part[0] == '.' && part[1] == '.';
        if (above || (slash == NULL && (here || length == 0))) {
            free(result);
            return NULL;
        }
        if (length > 0 && !here) {
            *end++ = '/';
            memcpy(end, part, length);
            end += length;
        }
        part = slash != NULL ? slash + 1 : NULL;
    }
    *end = '\0';
    return result;
}

/* The options that a plan can answer, each with its field, and whether its value is a path. The
 * rows come from multirt/launch/plan_key.py; launcher/compile_args.py writes them. */
static const struct option {
    const char *name, *label;
    bool is_path;
} OPTIONS[] = {
#include "options.h"
};

/* Return the value of an option that is `NAME VALUE` or `NAME=VALUE`, and step over it. */
static const char *option_value(char **arguments, int *at, const char *name)
{
    size_t length = strlen(name);
    const char *word = arguments[*at];
    if (strcmp(word, name) == 0 && arguments[*at + 1] != NULL) {
        *at += 2;
        return arguments[*at - 1];
    }
    if (length > 2 && strncmp(word, name, length) == 0 && word[length] == '=') {
        *at += 1;
        return word + length + 1;
    }
    return NULL;
}

/* Add the option that is next, and step over it. Return false when it is not one of these. */
static bool add_option(struct question *question, char **arguments, int *at)
{
    for (size_t i = 0; i < sizeof OPTIONS / sizeof *OPTIONS; i++) {
        const char *value = option_value(arguments, at, OPTIONS[i].name);
        if (value != NULL) {
            add_field(question, OPTIONS[i].label, value);
            question->relative |=
                value[0] != '/' && (OPTIONS[i].is_path || strchr(value, '/') != NULL);
            return true;
        }
    }
    return false;
}

/* Make the question of a command line that starts a program. Return the index of the program's
 * first own argument, 0 when this is for the Python command. */
static int build_key(struct question *question, char **arguments, const char *cwd)
{
    int at = 1;
    bool run = arguments[1] != NULL && strcmp(arguments[1], "run") == 0;
    bool module = false;
    if (arguments[1] == NULL)
        return 0;
    add_field(question, "multirt=", VERSION); /* another one may decide otherwise */
    for (at += run; run && arguments[at] != NULL && arguments[at][0] == '-';) {
        if (strcmp(arguments[at], "-m") == 0) {
            at++;
            module = true;
            break;
        }
        if (!add_option(question, arguments, &at))
            return 0;
    }
    const char *program = arguments[at];
    if (program == NULL || program[0] == '\0' || program[0] == '-')
        return 0;
    if (module) {
        add_field(question, "module=", program);
        question->relative = true; /* `-m` looks into the current folder first */
    } else if (strpbrk(program, "/.") != NULL) {
        char *script = absolute(program, cwd);
        if (script == NULL)
            return 0;
        add_field(question, "script=", script);
        free(script);
    } else if (run) {
        add_field(question, "name=", program);
        question->relative = true; /* it may be a file here */
    } else {
        return 0; /* a subcommand */
    }
    /* These two differ from one terminal to the next, so each has its own plan. */
    add_variable(question, "MULTIRT_PYTHON", "MULTIRT_PYTHON=");
    add_variable(question, "VIRTUAL_ENV", "VIRTUAL_ENV=");
    return at + 1;
}

/* ------------------------------------------------------------------------------- plan files */

/* Whether no other user but root could have written something. */
static bool trusted(const struct stat *status, mode_t kind)
{
    bool owned = status->st_uid == geteuid() || status->st_uid == 0;
    return owned && (status->st_mode & S_IFMT) == kind &&
           (status->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Return the folder of plans; NULL when the environment names no place for it. */
static char *plans_folder(void)
{
    static const char *const places[][2] = {
        {"MULTIRT_CACHE_DIR", "/plans"},
#ifdef __APPLE__
        {"HOME", "/Library/Caches/multirt/plans"},
#else
        {"XDG_CACHE_HOME", "/multirt/plans"},
        {"HOME", "/.cache/multirt/plans"},
#endif
    };
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *above = getenv(places[i][0]);
        if (above != NULL && above[0] != '\0')
            return join(above, places[i][1], "");
    }
    return NULL;
}

/* Open a folder; -1 when there is none that can be trusted. Links are not followed. */
static int open_folder(int above, const char *name)
{
    int folder = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    if (folder < 0) {
        debug("no plans: %s: %s", name, strerror(errno));
    } else if (fstat(folder, &status) != 0 || !trusted(&status, S_IFDIR)) {
        debug("plans refused: others could write in %s", name);
        close(folder);
        folder = -1;
    }
    return folder;
}

/* Open the folder of plans, and check the one above it; -1 when either cannot be trusted. */
static int open_plans(void)
{
    char *top = plans_folder();
    if (top == NULL)
        return -1;
    *strrchr(top, '/') = '\0';
    int above = open_folder(AT_FDCWD, top[0] == '\0' ? "/" : top);
    int plans = above < 0 ? -1 : open_folder(above, "plans");
    if (above >= 0)
        close(above);
    free(top);
    return plans;
}

/* Return a plan file's content, NULL when there is none that can be trusted. */
static char *read_plan(int plans, const char *name, size_t *size)
{
    int file = openat(plans, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) {
        debug("no plan %s: %s", name, strerror(errno));
        return NULL;
    }
    struct stat status;
    char *content = NULL;
    if (fstat(file, &status) != 0 || !trusted(&status, S_IFREG)) {
        debug("plan %s refused: others could have written it", name);
    } else if (status.st_size <= 0 || status.st_size > PLAN_BYTES) {
        debug("plan %s refused: it is damaged", name);
    } else {
        *size = (size_t)status.st_size;
        content = allocate(*size);
        size_t done = 0;
        for (ssize_t got; done < *size; done += (size_t)got)
            if ((got = read(file, content + done, *size - done)) <= 0)
                break;
        if (done < *size || content[*size - 1] != '\0') {
            debug("plan %s refused: it is damaged", name);
            free(content);
            content = NULL;
        }
    }
    close(file);
    return content;
}

/* -------------------------------------------------------------------------------- witnesses */

/* Device, inode, size, and the times of the last change of content and of anything, in ns. */
struct signature {
    uint64_t device, inode, size, modified, changed;
};

/* Read a decimal number that a space ends, and step over both. */
static bool read_number(const char **text, uint64_t *number)
{
    const char *digit = *text;
    for (*number = 0; *digit >= '0' && *digit <= '9'; digit++)
        *number = *number * 10 + (uint64_t)(*digit - '0');
    if (digit == *text || *digit != ' ')
        return false;
    *text = digit + 1;
    return true;
}

static bool read_signature(const char **text, struct signature *then)
{
    return read_number(text, &then->device) && read_number(text, &then->inode) &&
           read_number(text, &then->size) && read_number(text, &then->modified) &&
           read_number(text, &then->changed);
}

static bool same(const struct stat *now, const struct signature *then)
{
    const uint64_t second = UINT64_C(1000000000);
    return (uint64_t)now->st_dev == then->device && (uint64_t)now->st_ino == then->inode &&
           (uint64_t)now->st_size == then->size &&
           (uint64_t)now->st_mtim.tv_sec * second + (uint64_t)now->st_mtim.tv_nsec ==
               then->modified &&
           (uint64_t)now->st_ctim.tv_sec * second + (uint64_t)now->st_ctim.tv_nsec ==
               then->changed;
}

static bool is_absent(int folder, const char *path)
{
    struct stat status;
    return fstatat(folder, path, &status, 0) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

/* Whether no file of a name is in the current folder or above it. */
static bool is_absent_upwards(const char *name, const char *cwd)
{
    char *path = join(cwd, "/", name), *slash = path + strlen(cwd);
    bool absent;
    while ((absent = is_absent(AT_FDCWD, path)) && slash > path) {
        *slash = '\0';
        slash = strrchr(path, '/');
        strcpy(slash + 1, name);
    }
    free(path);
    return absent;
}

/* Whether a name's part before its first dot is in a list such as `/json/tool/`. */
static bool is_listed(const char *name, const char *list)
{
    size_t length = strcspn(name, ".");
    for (const char *at = list; length > 0 && *at == '/' && at[1] != '\0';) {
        size_t item = strcspn(at + 1, "/");
        if (item == length && memcmp(at + 1, name, length) == 0)
            return true;
        at += item + 1;
    }
    return false;
}

/* Whether the names in a folder that matter are still those that there were. What else is written
 * there, a log or bytecode, changes the folder but no decision. */
static bool same_names(const char *folder, const char *list, uint64_t then)
{
    DIR *stream = opendir(folder);
    if (stream == NULL)
        return false;
    uint64_t now = 0; /* a sum, for the order means nothing */
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;)
        if (is_listed(entry->d_name, list))
            now += fnv1a(entry->d_name, strlen(entry->d_name));
    closedir(stream);
    return now == then;
}

/* Whether a folder `SIGNATURE DIGEST /name/name/ PATH` is unchanged, in itself or in its names. */
static bool folder_holds(const char *text)
{
    struct signature then;
    struct stat now;
    uint64_t digest;
    if (!read_signature(&text, &then) || !read_number(&text, &digest))
        return false;
    const char *space = strchr(text, ' ');
    if (space == NULL || stat(space + 1, &now) != 0)
        return false;
    if (same(&now, &then))
        return true;
    char *list = strndup(text, (size_t)(space - text));
    bool unchanged = list != NULL && same_names(space + 1, list, digest);
    free(list);
    return unchanged;
}

/* Whether an entry of an environment is of the variable that `NAME=VALUE` or `NAME` is about. */
static bool is_variable(const char *entry, const char *text)
{
    size_t length = strcspn(text, "=");
    return strncmp(entry, text, length) == 0 && entry[length] == '=';
}

/* Whether a variable `NAME=VALUE` has its value, or `NAME` has none. */
static bool variable_holds(const char *text)
{
    char **entry = environ;
    while (*entry != NULL && !is_variable(*entry, text))
        entry++;
    return *entry != NULL ? strcmp(*entry, text) == 0 : strchr(text, '=') == NULL;
}

/* Whether a moment, in seconds since the epoch, is still to come, and near. */
static bool is_ahead(const char *text)
{
    char *end;
    long long left = strtoll(text, &end, 10) - (long long)time(NULL);
    return *text >= '0' && *text <= '9' && *end == '\0' && left > 0 && left <= LIFE;
}

/* Whether one witness holds. A relative path in it is below a folder, which another may replace. */
static bool witness_holds(const char *record, const char *cwd, int *folder)
{
    struct signature then;
    struct stat now;
    const char *text = record + 1;
    switch (record[0]) {
    case 'F': /* a file or a folder, behind links */
    case 'L': /* a link itself */
        return read_signature(&text, &then) &&
               fstatat(*folder, text, &now, record[0] == 'L' ? AT_SYMLINK_NOFOLLOW : 0) == 0 &&
               same(&now, &then);
    case 'B':
        if (*folder >= 0)
            close(*folder);
        *folder = open(text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return *folder >= 0;
    case 'N':
        return folder_holds(text);
    case 'A':
        return is_absent(*folder, text);
    case 'D':
        return is_ahead(text);
    case 'U':
        return text[0] != '\0' && is_absent_upwards(text, cwd);
    case 'E':
        return variable_holds(text);
    default:
        return false;
    }
}

/* ----------------------------------------------------------------------------------- answer */

/* What a plan says to start: pointers into its content. */
struct answer {
    const char *executable;
    char **arguments;   /* argv[0] first; the user's own come after them */
    size_t argument_count;
    char **changes;     /* NAME=VALUE, or NAME to take a variable away */
    size_t change_count;
    const char *remark; /* a line for people; NULL when there is nothing to say */
};

/* Take a record in if it is a part of the answer. */
static bool parse_answer_record(struct answer *answer, char *record)
{
    switch (record[0]) {
    case 'P':
        answer->executable = record + 1;
        return true;
    case 'G':
        answer->arguments[answer->argument_count++] = record + 1;
        return true;
    case 'V':
        answer->changes[answer->change_count++] = record + 1;
        return true;
    case 'T':
        answer->remark = record + 1;
        return true;
    default:
        return false;
    }
}

/* Read a plan that answers a question, and check what it depends on. Return whether it can be
 * started; then the answer is filled in. The content ends with a NUL. */
static bool check_plan(char *content, size_t size, const struct question *question,
                       const char *cwd, struct answer *answer)
{
    char *end = content + size;
    int folder = AT_FDCWD;
    if (size < sizeof FORMAT || memcmp(content, FORMAT, sizeof FORMAT) != 0) {
        debug("plan refused: another format");
        return false;
    }
    char *record = content + sizeof FORMAT;
    if ((size_t)(end - record) <= question->size ||
        memcmp(record, question->fields, question->size) != 0 || record[question->size] != '\0') {
        debug("plan refused: it is of another question");
        return false;
    }
    record += question->size + 1;
    /* Each record takes its letter and a NUL. A plan that starts has a P and a G, which are no
     * changes: that leaves room for the depth, which `start` adds. */
    size_t most = (size_t)(end - record) / 2 + 1;
    answer->arguments = allocate(most * sizeof *answer->arguments);
    answer->changes = allocate(most * sizeof *answer->changes);
    while (record < end && record[0] != '.' &&
           (parse_answer_record(answer, record) || witness_holds(record, cwd, &folder)))
        record += strlen(record) + 1;
    if (folder >= 0)
        close(folder);
    if (record >= end)
        debug("plan refused: it has no end");
    else if (record[0] != '.') /* a variable's value may be a password */
        debug("plan refused, for this has changed: %.*s",
              (int)(record[0] == 'E' ? strcspn(record, "=") : strlen(record)), record);
    else if (record + 2 == end && answer->executable != NULL && answer->argument_count > 0)
        return true;
    else
        debug("plan refused: it is damaged");
    return false;
}

/* Return the environment with an answer's changes; everything else passes as it is. */
static char **changed_environment(const struct answer *answer)
{
    size_t count = 0, kept = 0;
    while (environ[count] != NULL)
        count++;
    char **result = allocate((count + answer->change_count + 1) * sizeof *result);
    for (size_t i = 0; i < count; i++) {
        bool changed = false;
        for (size_t k = 0; k < answer->change_count && !changed; k++)
            changed = is_variable(environ[i], answer->changes[k]);
        if (!changed)
            result[kept++] = environ[i];
    }
    for (size_t k = 0; k < answer->change_count; k++)
        if (strchr(answer->changes[k], '=') != NULL)
            result[kept++] = answer->changes[k];
    result[kept] = NULL;
    return result;
}

/* Become the interpreter of an answer. It returns only when that fails. */
static void start(struct answer *answer, char **own)
{
    size_t own_count = 0;
    while (own[own_count] != NULL)
        own_count++;
    char **arguments = allocate((answer->argument_count + own_count + 1) * sizeof *arguments);
    memcpy(arguments, answer->arguments, answer->argument_count * sizeof *arguments);
    memcpy(arguments + answer->argument_count, own, (own_count + 1) * sizeof *arguments);
    const char *before = getenv(DEPTH);
    static char depth[sizeof DEPTH + 16]; /* the changes point to it */
    snprintf(depth, sizeof depth, "%s=%d", DEPTH, (before != NULL ? atoi(before) : 0) + 1);
    answer->changes[answer->change_count++] = depth;
    if (answer->remark != NULL)
        fprintf(stderr, "%s\n", answer->remark);
    char **environment = changed_environment(answer);
    execve(answer->executable, arguments, environment);
    debug("cannot start %s: %s", answer->executable, strerror(errno));
    free(environment);
    free(arguments);
}

/* Whether this process may go on: programs that start themselves must end somewhere. */
static bool is_shallow(void)
{
    const char *depth = getenv(DEPTH);
    if (depth == NULL)
        return true;
    size_t digits = strspn(depth, "0123456789");
    return digits > 0 && digits < 4 && depth[digits] == '\0' && atoi(depth) < DEEPEST;
}

/* Return the arguments with those of a `#!` line taken apart: a kernel gives all that follows the
 * interpreter there as one. What has quotes in it stays, and so goes to the Python command. */
static char **split_shebang_args(char **arguments)
{
    static char run[] = "run";
    char *first = arguments[1];
    if (first == NULL || arguments[2] == NULL || strchr(first, ' ') == NULL ||
        strpbrk(first, "'\"\\\t\n") != NULL ||
        (first[0] != '-' && strncmp(first, "run ", 4) != 0) || !is_absent(AT_FDCWD, first))
        return arguments;
    size_t count = 0, length = strlen(first);
    while (arguments[count] != NULL)
        count++;
    size_t most = count + length + 2;
    char **result = allocate(most * sizeof *result + length + 1);
    char *items = memcpy(result + most, first, length + 1);
    size_t at = 0;
    result[at++] = arguments[0];
    if (first[0] == '-')
        result[at++] = run;
    for (char *item = strtok(items, " "); item != NULL; item = strtok(NULL, " "))
        result[at++] = item;
    memcpy(result + at, arguments + 2, (count - 1) * sizeof *result);
    return result;
}

/* Try the plans for a command line: the one for everywhere, then the one for this folder. */
static void try_plans(char **arguments)
{
    struct question question = {NULL, 0, false};
    char *cwd = getcwd(NULL, 0);
    arguments = split_shebang_args(arguments);
    int own = cwd != NULL && cwd[0] == '/' ? build_key(&question, arguments, cwd) : 0;
    int plans = own > 0 && is_shallow() ? open_plans() : -1;
    for (bool local = question.relative; plans >= 0; local = true) {
        struct answer answer = {NULL, NULL, 0, NULL, 0, NULL};
        char name[sizeof "0123456789abcdef"];
        size_t size;
        if (local)
            add_field(&question, "cwd=", cwd);
        snprintf(name, sizeof name, "%016" PRIx64, fnv1a(question.fields, question.size));
        char *content = read_plan(plans, name, &size);
        if (content != NULL && check_plan(content, size, &question, cwd, &answer))
            start(&answer, arguments + own);
        free(answer.arguments);
        free(answer.changes);
        free(content);
        if (local)
            break;
    }
    if (plans >= 0)
        close(plans);
    free(question.fields);
    free(cwd);
}

/* -------------------------------------------------------------------------------- hand over */

/* Return the path of this program behind links; NULL when the system does not tell. */
static char *own_path(const char *called)
{
#ifdef __APPLE__
    char path[4096];
    uint32_t size = sizeof path;
    if (_NSGetExecutablePath(path, &size) == 0)
        return realpath(path, NULL);
#else
    char *path = realpath("/proc/self/exe", NULL);
    if (path != NULL)
        return path;
#endif
    return strchr(called, '/') != NULL ? realpath(called, NULL) : NULL;
}

/* Keep Python's variables from the Python command, which puts them back
 * (multirt/launch/isolation.py). PYTHONHOME could keep it from starting, PYTHONPATH could give
 * it other modules than its own. */
static void hide_python_variables(void)
{
    for (char **entry = environ; *entry != NULL; entry++)
        if (strncmp(*entry, "PYTHON", 6) == 0 || strncmp(*entry, "__PYVENV_LAUNCHER__=", 20) == 0)
            *entry = join("MULTIRT_HIDDEN_", *entry, "");
}

/* Keep an interrupt waiting until the Python command can take it: while Python itself starts, it
 * would end in a traceback. */
static void hold_interrupts(void)
{
    static char held[] = "MULTIRT_HELD=1";
    sigset_t interrupts, before;
    sigemptyset(&interrupts);
    sigaddset(&interrupts, SIGINT);
    if (sigprocmask(SIG_BLOCK, &interrupts, &before) == 0 && !sigismember(&before, SIGINT))
        putenv(held); /* so that a mask of the caller stays */
}

/* Become the Python command, which the installer put next to this program. */
static int hand_over(char **arguments)
{
    char *path = own_path(arguments[0]);
    char *slash = path != NULL ? strrchr(path, '/') : NULL;
    if (slash == NULL) {
        fputs("multirt: cannot tell where it is installed\n", stderr);
        return FAILED;
    }
    *slash = '\0';
    char *command = join(path, "/multirt-python", "");
    arguments[0] = command;
    hide_python_variables();
    hold_interrupts();
    execv(command, arguments);
    fprintf(stderr, "multirt: cannot start %s: %s\n  install multirt again\n", command,
            strerror(errno));
    free(command);
    free(path);
    return FAILED;
}

#ifndef FUZZING
int main(int count, char **arguments)
{
    const char *log = getenv("MULTIRT_LOG");
    debugging = log != NULL && strcmp(log, "debug") == 0;
    if (count < 1)
        return FAILED;
    if (getuid() != geteuid() || getgid() != getegid()) {
        fputs("multirt: refuses to work with the rights of another user (set-user-ID)\n", stderr);
        return FAILED;
    }
    try_plans(arguments);
    return hand_over(arguments);
}
#endif
