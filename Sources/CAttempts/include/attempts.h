/// Forbidden acts, for showing that a sandbox forbids them.
///
/// Each is harmless where it is not forbidden: it asks with arguments that lead nowhere, looks instead of changing, or
/// undoes what it did. Run it in a process of its own.
#ifndef CATTEMPTS_H
#define CATTEMPTS_H

#include <sys/types.h>

typedef struct celeriac_attempt {
    /// A word for it: `ptrace`.
    const char *name;
    /// What it would mean, in a few words.
    const char *meaning;
} celeriac_attempt;

/// What an attempt may be about.
typedef struct celeriac_target {
    /// A process of the same user that is not the caller's own: its master, or a sibling.
    pid_t stranger;
    /// A file that is none of its business, as an absolute path.
    const char *secret;
    /// A directory where it should not be able to write.
    const char *directory;
    /// A TCP port of this machine where somebody listens.
    unsigned short port;
} celeriac_target;

int celeriac_attempt_count(void);
celeriac_attempt celeriac_attempt_at(int index);

/// Tries. Returns 0 when it was allowed, or the errno with which it was refused; the process may end instead.
int celeriac_attempt_run(int index, const celeriac_target *target);

#endif
