#define _GNU_SOURCE
#include "attempts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_io_uring_setup
#define SYS_io_uring_setup 425
#define SYS_io_uring_enter 426
#define SYS_io_uring_register 427
#endif
#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fsmount 432
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif

typedef const celeriac_target *target;

static int outcome(long result) { return result == -1 ? errno : 0; }

// Closes what was opened.
static int opened(int descriptor) {
    if (descriptor == -1) return errno;
    close(descriptor);
    return 0;
}

// MARK: Other processes

static int try_ptrace(target t) { return outcome(ptrace(PTRACE_SEIZE, t->stranger, 0, 0)); }

static int try_read_memory(target t) {
    char byte;
    struct iovec own = {&byte, 1}, other = {(void *)&try_ptrace, 1};
    return outcome(process_vm_readv(t->stranger, &own, 1, &other, 1, 0));
}

static int try_write_memory(target t) {
    char byte = 0;
    // Nothing is mapped at address 1: where it is not forbidden the answer is EFAULT.
    struct iovec own = {&byte, 1}, other = {(void *)1, 1};
    return outcome(process_vm_writev(t->stranger, &own, 1, &other, 1, 0));
}

static int open_of_stranger(target t, const char *file) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", t->stranger, file);
    return opened(open(path, O_RDONLY | O_CLOEXEC));
}

static int try_proc_mem(target t) { return open_of_stranger(t, "mem"); }

// The file opens for anyone who may see it, and is empty for those who may not look.
static int try_proc_environ(target t) {
    char path[64], byte;
    snprintf(path, sizeof path, "/proc/%d/environ", t->stranger);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file == -1) return errno;
    ssize_t count = read(file, &byte, 1);
    int error = errno;
    close(file);
    return count == 1 ? 0 : count == 0 ? EACCES : error;
}

static int try_proc_fd(target t) { return open_of_stranger(t, "fd/0"); }

static int try_proc_root(target t) { return open_of_stranger(t, "root/etc/shadow"); }

static int try_signal(target t) { return outcome(kill(t->stranger, 0)); }

// The kernel tells of success even when it has refused every one: then one is asked by name.
static int try_signal_all(target t) { return kill(-1, 0) == -1 ? errno : outcome(kill(t->stranger, 0)); }

static int try_signal_thread(target t) { return outcome(syscall(SYS_tgkill, t->stranger, t->stranger, 0)); }

static int try_signal_queue(target t) {
    siginfo_t info = {.si_code = SI_QUEUE};
    return outcome(syscall(SYS_rt_sigqueueinfo, t->stranger, 0, &info));
}

static int try_signal_pidfd(target t) {
    int process = syscall(SYS_pidfd_open, t->stranger, 0);
    if (process == -1) return errno;
    int result = outcome(syscall(SYS_pidfd_send_signal, process, 0, NULL, 0));
    close(process);
    return result;
}

static int try_pidfd_getfd(target t) {
    (void)t;
    return outcome(syscall(SYS_pidfd_getfd, -1, 0, 0)) == EBADF ? 0 : errno;
}

static int try_kcmp(target t) { return outcome(syscall(SYS_kcmp, getpid(), t->stranger, 1, 0, 0)); }

static int try_process_madvise(target t) {
    (void)t;
    int error = outcome(syscall(SYS_process_madvise, -1, NULL, 0, MADV_COLD, 0));
    return error == EBADF || error == EINVAL ? 0 : error;
}

static int try_limit_other(target t) {
    // A limit that no kernel takes.
    struct rlimit limit = {2, 1};
    int error = outcome(prlimit(t->stranger, RLIMIT_NOFILE, &limit, NULL));
    return error == EINVAL ? 0 : error;
}

// MARK: New processes

// As many as it can, at most 64, all gone when it returns.
static int try_fork_bomb(target t) {
    (void)t;
    pid_t children[64];
    int count = 0, error = 0;
    for (; count < 64; count++) {
        pid_t child = fork();
        if (child == 0)
            for (;;) pause();
        if (child == -1) {
            error = errno;
            break;
        }
        children[count] = child;
    }
    for (int i = 0; i < count; i++) kill(children[i], SIGKILL);
    for (int i = 0; i < count; i++) waitpid(children[i], NULL, 0);
    return count == 64 ? 0 : error;
}

static int ended(pid_t child) {
    if (child == -1) return errno;
    int status;
    if (waitpid(child, &status, 0) == -1) return errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
}

static int try_exec(target t) {
    (void)t;
    pid_t child = fork();
    if (child == 0) {
        char *arguments[] = {"true", NULL}, *environment[] = {NULL};
        execve("/bin/true", arguments, environment);
        _exit(errno);
    }
    return ended(child);
}

// In the place of this process, where forking is forbidden: a program that does not exist, so that it comes back.
static int try_exec_self(target t) {
    (void)t;
    char *arguments[] = {"none", NULL}, *environment[] = {NULL};
    int error = outcome(execve("/proc/self/no-such-program", arguments, environment));
    return error == ENOENT ? 0 : error;
}

// A program with the set-user-ID bit gives no rights: asked of the kernel, not of the program.
static int try_setuid_program(target t) {
    (void)t;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? EPERM : 0;
}

// MARK: Rights

static int try_setuid(target t) {
    (void)t;
    return outcome(syscall(SYS_setresuid, 0, 0, 0));
}

static int try_setgroups(target t) {
    (void)t;
    gid_t groups[] = {0};
    return outcome(syscall(SYS_setgroups, 1, groups));
}

static int try_capset(target t) {
    (void)t;
    struct {
        unsigned version;
        int pid;
    } header = {0x20080522, 0};
    struct {
        unsigned effective, permitted, inheritable;
    } data[2] = {{~0u, ~0u, 0}, {~0u, ~0u, 0}};
    return outcome(syscall(SYS_capset, &header, data));
}

static int try_undump(target t) {
    (void)t;
    return outcome(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int try_core_limit(target t) {
    (void)t;
    struct rlimit limit = {1 << 20, 1 << 20};
    return outcome(setrlimit(RLIMIT_CORE, &limit));
}

static int try_second_filter(target t) {
    (void)t;
    // No program: allowed, it would be a bad address.
    int error = outcome(syscall(SYS_seccomp, 1, 0, NULL));
    return error == EFAULT ? 0 : error;
}

// MARK: Namespaces and mounts

static int try_unshare_user(target t) {
    (void)t;
    return outcome(unshare(CLONE_NEWUSER));
}

static int try_unshare_net(target t) {
    (void)t;
    return outcome(unshare(CLONE_NEWNET));
}

static int try_clone_namespace(target t) {
    (void)t;
    pid_t child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    return ended(child);
}

static int try_clone3(target t) {
    (void)t;
    unsigned long long arguments[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
    pid_t child = syscall(SYS_clone3, arguments, sizeof arguments);
    if (child == 0) _exit(0);
    return ended(child);
}

static int try_setns(target t) {
    (void)t;
    int error = outcome(setns(-1, 0));
    return error == EBADF ? 0 : error;
}

static int try_mount(target t) {
    (void)t;
    // Where it is allowed there is no such place.
    int error = outcome(mount("none", "/no/such/place", "tmpfs", 0, NULL));
    return error == ENOENT ? 0 : error;
}

static int try_umount(target t) {
    (void)t;
    int error = outcome(umount2("/no/such/place", MNT_DETACH));
    return error == ENOENT ? 0 : error;
}

static int try_open_tree(target t) {
    (void)t;
    return opened(syscall(SYS_open_tree, AT_FDCWD, "/", O_CLOEXEC));
}

static int try_fsopen(target t) {
    (void)t;
    return opened(syscall(SYS_fsopen, "tmpfs", 0));
}

static int try_mount_setattr(target t) {
    (void)t;
    int error = outcome(syscall(SYS_mount_setattr, -1, "", 0, NULL, 0));
    return error == EPERM || error == ENOSYS ? error : 0;
}

static int try_chroot(target t) {
    (void)t;
    int error = outcome(chroot("/no/such/place"));
    return error == ENOENT ? 0 : error;
}

static int try_pivot_root(target t) {
    (void)t;
    int error = outcome(syscall(SYS_pivot_root, "/no/such", "/no/such/place"));
    return error == ENOENT ? 0 : error;
}

// MARK: Kernel interfaces

static int try_io_uring(target t) {
    (void)t;
    char parameters[120] = {0};
    return opened(syscall(SYS_io_uring_setup, 1, parameters));
}

static int try_io_uring_enter(target t) {
    (void)t;
    int error = outcome(syscall(SYS_io_uring_enter, -1, 0, 0, 0, NULL, 0));
    return error == EBADF ? 0 : error;
}

static int try_bpf(target t) {
    (void)t;
    char attributes[72] = {0};
    int error = outcome(syscall(SYS_bpf, 0x7fff, attributes, sizeof attributes));
    return error == EINVAL ? 0 : error;
}

static int try_perf(target t) {
    (void)t;
    char attributes[120] = {0};
    int error = outcome(syscall(SYS_perf_event_open, attributes, -1, -1, -1, 0));
    return error == EINVAL ? 0 : error;
}

static int try_userfaultfd(target t) {
    (void)t;
    return opened(syscall(SYS_userfaultfd, O_CLOEXEC));
}

static int try_keyctl(target t) {
    (void)t;
    return outcome(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1));
}

static int try_add_key(target t) {
    (void)t;
    int error = outcome(syscall(SYS_add_key, "no-such-type", "x", "x", 1, KEY_SPEC_PROCESS_KEYRING));
    return error == ENODEV ? 0 : error;
}

static int try_memfd_secret(target t) {
    (void)t;
    return opened(syscall(SYS_memfd_secret, 0));
}

static int try_vmsplice(target t) {
    (void)t;
    int error = outcome(syscall(SYS_vmsplice, -1, NULL, 0, 0));
    return error == EBADF ? 0 : error;
}

static int try_module(target t) {
    (void)t;
    int error = outcome(syscall(SYS_delete_module, "no_such_module", O_NONBLOCK));
    return error == ENOENT ? 0 : error;
}

static int try_kexec(target t) {
    (void)t;
    int error = outcome(syscall(SYS_kexec_load, 0, 0x7fff, NULL, 0));
    return error == EINVAL ? 0 : error;
}

static int try_reboot(target t) {
    (void)t;
    // A wrong magic number does nothing.
    int error = outcome(syscall(SYS_reboot, 0, 0, 0, NULL));
    return error == EINVAL ? 0 : error;
}

static int try_swapoff(target t) {
    (void)t;
    int error = outcome(syscall(SYS_swapoff, "/no/such/place"));
    return error == ENOENT ? 0 : error;
}

static int try_set_clock(target t) {
    (void)t;
    struct timespec wrong = {0, -1};
    int error = outcome(syscall(SYS_clock_settime, CLOCK_REALTIME, &wrong));
    return error == EINVAL ? 0 : error;
}

static int try_kernel_log(target t) {
    (void)t;
    return outcome(syscall(SYS_syslog, 10, NULL, 0)) == 0 ? 0 : errno;
}

static int try_host_name(target t) {
    (void)t;
    int error = outcome(syscall(SYS_sethostname, "", -1));
    return error == EINVAL ? 0 : error;
}

static int try_personality(target t) {
    (void)t;
    return outcome(syscall(SYS_personality, 0xffffffff));
}

static int try_handle(target t) {
    (void)t;
    int error = outcome(syscall(SYS_open_by_handle_at, -1, NULL, 0));
    return error == EFAULT || error == EBADF ? 0 : error;
}

static int try_acct(target t) {
    (void)t;
    int error = outcome(syscall(SYS_acct, "/no/such/place"));
    return error == ENOENT ? 0 : error;
}

#if defined(__x86_64__)
static int try_iopl(target t) {
    (void)t;
    return outcome(syscall(SYS_iopl, 0));
}

// The call getpid through the interface of 32-bit programs, which a filter for 64-bit numbers would misread.
static int try_other_architecture(target t) {
    (void)t;
    long result = 20;
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return result < 0 ? (int)-result : 0;
}

static int try_x32(target t) {
    (void)t;
    return outcome(syscall(0x40000000 | SYS_getpid));
}
#endif

// MARK: Files

static int try_read_secret(target t) { return opened(open(t->secret, O_RDONLY | O_CLOEXEC)); }

static int try_write_directory(target t) {
    char path[512];
    snprintf(path, sizeof path, "%s/attempt-%d", t->directory, getpid());
    int result = opened(open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (result == 0) unlink(path);
    return result;
}

// A link is no way around a rule: what counts is where it leads. Made where writing is allowed at all.
static int try_symlink(target t) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/attempt-%d", getpid());
    if (symlink(t->secret, path) == -1) return errno;
    int result = opened(open(path, O_RDONLY | O_CLOEXEC));
    unlink(path);
    return result;
}

// Changes where a link leads while it is opened.
static int try_symlink_race(target t) {
    char path[64], spare[64];
    snprintf(path, sizeof path, "/tmp/attempt-%d", getpid());
    snprintf(spare, sizeof spare, "/tmp/spare-%d", getpid());
    int result = EACCES;
    for (int i = 0; i < 200 && result != 0; i++) {
        if (symlink(i % 2 ? "/dev/null" : t->secret, spare) == -1) return errno;
        if (rename(spare, path) == -1) return errno;
        struct stat status;
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file != -1 && fstat(file, &status) == 0 && S_ISREG(status.st_mode)) result = 0;
        if (file != -1) close(file);
    }
    unlink(path);
    return result;
}

static int try_hard_link(target t) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/attempt-%d", getpid());
    if (link(t->secret, path) == -1) return errno == EXDEV ? EACCES : errno;
    unlink(path);
    return 0;
}

static int try_device(target t) {
    (void)t;
    char path[64];
    snprintf(path, sizeof path, "/tmp/attempt-%d", getpid());
    int result = outcome(mknod(path, S_IFBLK | 0600, (dev_t)0x800));
    if (result == 0) unlink(path);
    return result;
}

static int try_terminal(target t) {
    (void)t;
    char byte = '\n';
    int error = outcome(ioctl(0, TIOCSTI, &byte));
    return error == ENOTTY || error == EIO || error == EBADF ? 0 : error;
}

static int try_fanotify(target t) {
    (void)t;
    return opened(syscall(SYS_fanotify_init, 0, O_RDONLY));
}

// Sockets, directories, devices, and files with a content or without a name.
static int is_foreign(int number) {
    struct stat status;
    if (fstat(number, &status) == -1) return 0;
    if (S_ISREG(status.st_mode)) return status.st_size > 0 || status.st_nlink == 0;
    return S_ISSOCK(status.st_mode) || S_ISDIR(status.st_mode) || S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode);
}

// The descriptors that a child has above its pipes are its own: more pipes, what waits for events, one empty file of its
// `/proc`. Nothing of template and master is among them.
static int try_foreign_descriptor(target t) {
    (void)t;
    for (int number = 5; number < 1024; number++)
        if (is_foreign(number)) return 0;
    return EBADF;
}

// MARK: Network

static int try_internet(target t) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(t->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor == -1) return errno;
    int result = outcome(connect(descriptor, (struct sockaddr *)&address, sizeof address));
    close(descriptor);
    return result;
}

static int try_listen(target t) {
    (void)t;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor == -1) return errno;
    int result = outcome(listen(descriptor, 1));
    close(descriptor);
    return result;
}

static int try_datagram(target t) {
    (void)t;
    return opened(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

static int try_packet(target t) {
    (void)t;
    return opened(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static int try_crypto(target t) {
    (void)t;
    return opened(socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
}

static int try_virtual_machine(target t) {
    (void)t;
    return opened(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int try_local_socket(target t) {
    (void)t;
    return opened(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

// MARK: The list

static const struct {
    celeriac_attempt attempt;
    int (*run)(target);
} attempts[] = {
    {{"ptrace", "trace another process"}, try_ptrace},
    {{"process_vm_readv", "read another process's memory"}, try_read_memory},
    {{"process_vm_writev", "write another process's memory"}, try_write_memory},
    {{"proc_mem", "open another process's memory"}, try_proc_mem},
    {{"proc_environ", "read another process's environment"}, try_proc_environ},
    {{"proc_fd", "open another process's files"}, try_proc_fd},
    {{"proc_root", "go through another process's root"}, try_proc_root},
    {{"signal", "signal another process"}, try_signal},
    {{"signal_all", "signal every process"}, try_signal_all},
    {{"signal_thread", "signal another process's thread"}, try_signal_thread},
    {{"signal_queue", "queue a signal to another process"}, try_signal_queue},
    {{"signal_pidfd", "signal another process by descriptor"}, try_signal_pidfd},
    {{"pidfd_getfd", "take a descriptor of another process"}, try_pidfd_getfd},
    {{"kcmp", "compare kernel addresses with another process"}, try_kcmp},
    {{"process_madvise", "advise on another process's memory"}, try_process_madvise},
    {{"prlimit_other", "change another process's limits"}, try_limit_other},
    {{"fork_bomb", "fork as often as possible"}, try_fork_bomb},
    {{"exec", "start a program"}, try_exec},
    {{"exec_self", "become another program"}, try_exec_self},
    {{"setuid_program", "gain rights by a set-user-ID program"}, try_setuid_program},
    {{"setuid", "become root"}, try_setuid},
    {{"setgroups", "join root's group"}, try_setgroups},
    {{"capset", "take capabilities"}, try_capset},
    {{"undump", "show one's memory again"}, try_undump},
    {{"core_limit", "allow core dumps again"}, try_core_limit},
    {{"second_filter", "install a filter"}, try_second_filter},
    {{"unshare_user", "make a namespace of users"}, try_unshare_user},
    {{"unshare_net", "make a network"}, try_unshare_net},
    {{"clone_namespace", "fork into a namespace"}, try_clone_namespace},
    {{"clone3", "fork into a namespace, flags in memory"}, try_clone3},
    {{"setns", "enter a namespace"}, try_setns},
    {{"mount", "mount"}, try_mount},
    {{"umount", "unmount"}, try_umount},
    {{"open_tree", "clone a mount"}, try_open_tree},
    {{"fsopen", "make a file system"}, try_fsopen},
    {{"mount_setattr", "change a mount"}, try_mount_setattr},
    {{"chroot", "change the root"}, try_chroot},
    {{"pivot_root", "exchange the root"}, try_pivot_root},
    {{"io_uring_setup", "make a ring"}, try_io_uring},
    {{"io_uring_enter", "use a ring"}, try_io_uring_enter},
    {{"bpf", "load a program into the kernel"}, try_bpf},
    {{"perf_event_open", "measure the machine"}, try_perf},
    {{"userfaultfd", "handle page faults"}, try_userfaultfd},
    {{"keyctl", "use a keyring"}, try_keyctl},
    {{"add_key", "add a key"}, try_add_key},
    {{"memfd_secret", "memory that not even the kernel sees"}, try_memfd_secret},
    {{"vmsplice", "give pages to a pipe"}, try_vmsplice},
    {{"delete_module", "unload a module"}, try_module},
    {{"kexec_load", "load another kernel"}, try_kexec},
    {{"reboot", "reboot"}, try_reboot},
    {{"swapoff", "take away swap"}, try_swapoff},
    {{"clock_settime", "set the clock"}, try_set_clock},
    {{"syslog", "read the kernel's log"}, try_kernel_log},
    {{"sethostname", "rename the machine"}, try_host_name},
    {{"personality", "change how programs run"}, try_personality},
    {{"open_by_handle_at", "open a file past its path"}, try_handle},
    {{"acct", "account for processes"}, try_acct},
#if defined(__x86_64__)
    {{"iopl", "use ports of the processor"}, try_iopl},
    {{"int80", "call as a 32-bit program"}, try_other_architecture},
    {{"x32", "call as an x32 program"}, try_x32},
#endif
    {{"read_secret", "read a file of the worker's user"}, try_read_secret},
    {{"write_directory", "write where it has no business"}, try_write_directory},
    {{"symlink", "read it through a link"}, try_symlink},
    {{"symlink_race", "read it through a link that changes"}, try_symlink_race},
    {{"hard_link", "give it another name"}, try_hard_link},
    {{"device", "make a device"}, try_device},
    {{"terminal", "type into the terminal"}, try_terminal},
    {{"fanotify", "watch the machine's files"}, try_fanotify},
    {{"foreign_descriptor", "use a descriptor that was left open"}, try_foreign_descriptor},
    {{"internet", "connect to a port of this machine"}, try_internet},
    {{"listen", "listen on a port"}, try_listen},
    {{"datagram", "send datagrams"}, try_datagram},
    {{"packet", "see the network's packets"}, try_packet},
    {{"crypto", "use the kernel's ciphers"}, try_crypto},
    {{"vsock", "talk to the machine's host"}, try_virtual_machine},
    {{"local_socket", "talk to services of this machine"}, try_local_socket},
};

int celeriac_attempt_count(void) { return sizeof attempts / sizeof *attempts; }

celeriac_attempt celeriac_attempt_at(int index) { return attempts[index].attempt; }

int celeriac_attempt_run(int index, const celeriac_target *target) { return attempts[index].run(target); }
