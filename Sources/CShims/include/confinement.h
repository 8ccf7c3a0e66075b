// What confines a process: calls without a glibc wrapper, and constants that older headers lack.
// Every function returns -1 and sets errno on failure.
#ifndef CELERIAC_CONFINEMENT_H
#define CELERIAC_CONFINEMENT_H

#include <stdint.h>
#include <sys/types.h>

// prctl(2).
int celeriac_set_no_new_privileges(void);
int celeriac_set_dumpable(int enabled);
int celeriac_get_dumpable(void);
int celeriac_set_secure_bits(unsigned bits);

// unshare(2), setns(2). The flags are named here because not all headers have all of them.
enum celeriac_namespace {
    CELERIAC_NAMESPACE_USER,
    CELERIAC_NAMESPACE_NETWORK,
    CELERIAC_NAMESPACE_IPC,
    CELERIAC_NAMESPACE_UTS,
    CELERIAC_NAMESPACE_MOUNT,
};
int celeriac_unshare(enum celeriac_namespace kind);
int celeriac_enter_namespace(int descriptor, enum celeriac_namespace kind);

// mount(2): no mount event leaves this namespace; a file system in memory of a given size.
int celeriac_mount_make_private(void);
int celeriac_mount_memory(const char *target, const char *options);

// setgroups(2) to none, setresgid(2), setresuid(2).
int celeriac_clear_groups(void);
int celeriac_set_group(gid_t group);
int celeriac_set_user(uid_t user);

// landlock(7). The rights are those of the kernel's interface, the newest included.
int celeriac_landlock_abi(void);
int celeriac_landlock_create(uint64_t files, uint64_t network, uint64_t scoped);
int celeriac_landlock_allow_path(int ruleset, int directory, uint64_t rights);
int celeriac_landlock_allow_port(int ruleset, uint64_t rights, uint64_t port);
int celeriac_landlock_restrict(int ruleset);
int celeriac_open_path(const char *path);
int celeriac_is_directory(int descriptor);

// seccomp(2) with a program of `count` instructions of eight bytes each.
int celeriac_seccomp_install(const void *program, unsigned short count);
// The same, and a descriptor that tells of each call that the program notifies about.
int celeriac_seccomp_listen(const void *program, unsigned short count);

// pidfd_getfd(2), and what errno calls a number ("EPERM"; NULL for an unknown one).
int celeriac_pidfd_take(int pidfd, int descriptor);
const char *celeriac_error_name(int number);

// The resources that a sandbox takes away: both limits to zero.
int celeriac_forbid_core_dumps(void);
int celeriac_forbid_locked_memory(void);
int celeriac_forbid_message_queues(void);

#endif
