#define _GNU_SOURCE
#include "confinement.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

// MARK: prctl

int celeriac_set_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

int celeriac_set_dumpable(int enabled) { return prctl(PR_SET_DUMPABLE, enabled, 0, 0, 0); }

int celeriac_get_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }

int celeriac_set_secure_bits(unsigned bits) { return prctl(PR_SET_SECUREBITS, bits, 0, 0, 0); }

// MARK: Namespaces

static int namespace_flag(enum celeriac_namespace kind) {
    switch (kind) {
    case CELERIAC_NAMESPACE_USER: return CLONE_NEWUSER;
    case CELERIAC_NAMESPACE_NETWORK: return CLONE_NEWNET;
    case CELERIAC_NAMESPACE_IPC: return CLONE_NEWIPC;
    case CELERIAC_NAMESPACE_UTS: return CLONE_NEWUTS;
    case CELERIAC_NAMESPACE_MOUNT: return CLONE_NEWNS;
    }
    return 0;
}

int celeriac_unshare(enum celeriac_namespace kind) { return unshare(namespace_flag(kind)); }

int celeriac_enter_namespace(int descriptor, enum celeriac_namespace kind) {
    return setns(descriptor, namespace_flag(kind));
}

int celeriac_mount_make_private(void) { return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL); }

int celeriac_mount_memory(const char *target, const char *options) {
    return mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options);
}

// MARK: Ids

int celeriac_clear_groups(void) { return setgroups(0, NULL); }

int celeriac_set_group(gid_t group) { return setresgid(group, group, group); }

int celeriac_set_user(uid_t user) { return setresuid(user, user, user); }

// MARK: Landlock

struct ruleset {
    uint64_t files, network, scoped;
};

struct path_rule {
    uint64_t rights;
    int32_t directory;
} __attribute__((packed));

struct port_rule {
    uint64_t rights, port;
};

enum { rule_path = 1, rule_port = 2, abi_query = 1 };

int celeriac_landlock_abi(void) { return syscall(SYS_landlock_create_ruleset, NULL, 0, abi_query); }

int celeriac_landlock_create(uint64_t files, uint64_t network, uint64_t scoped) {
    struct ruleset ruleset = {files, network, scoped};
    // An older kernel takes a longer structure as long as what it does not know is zero.
    return syscall(SYS_landlock_create_ruleset, &ruleset, sizeof ruleset, 0);
}

int celeriac_landlock_allow_path(int ruleset, int directory, uint64_t rights) {
    struct path_rule rule = {rights, directory};
    return syscall(SYS_landlock_add_rule, ruleset, rule_path, &rule, 0);
}

int celeriac_landlock_allow_port(int ruleset, uint64_t rights, uint64_t port) {
    struct port_rule rule = {rights, port};
    return syscall(SYS_landlock_add_rule, ruleset, rule_port, &rule, 0);
}

int celeriac_landlock_restrict(int ruleset) { return syscall(SYS_landlock_restrict_self, ruleset, 0); }

int celeriac_open_path(const char *path) { return open(path, O_PATH | O_CLOEXEC); }

int celeriac_is_directory(int descriptor) {
    struct stat status;
    return fstat(descriptor, &status) == -1 ? -1 : S_ISDIR(status.st_mode);
}

// MARK: seccomp

static int install(const void *program, unsigned short count, unsigned flags) {
    struct sock_fprog code = {.len = count, .filter = (struct sock_filter *)program};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &code);
}

int celeriac_seccomp_install(const void *program, unsigned short count) { return install(program, count, 0); }

int celeriac_seccomp_listen(const void *program, unsigned short count) {
    return install(program, count, SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

// MARK: Looking

#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

int celeriac_pidfd_take(int pidfd, int descriptor) { return syscall(SYS_pidfd_getfd, pidfd, descriptor, 0); }

const char *celeriac_error_name(int number) { return strerrorname_np(number); }

// MARK: Limits

static int forbid(int resource) {
    struct rlimit none = {0, 0};
    return setrlimit(resource, &none);
}

int celeriac_forbid_core_dumps(void) { return forbid(RLIMIT_CORE); }

int celeriac_forbid_locked_memory(void) { return forbid(RLIMIT_MEMLOCK); }

int celeriac_forbid_message_queues(void) { return forbid(RLIMIT_MSGQUEUE); }
