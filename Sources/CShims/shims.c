#define _GNU_SOURCE
#include "CShims.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

pid_t celeriac_fork(void) { return fork(); }

// struct clone_args of version 2; the C library's headers and the kernel's collide, and old ones lack it.
struct clone_request {
    _Alignas(8) uint64_t flags;
    uint64_t pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup;
};

pid_t celeriac_fork_into(int group_directory) {
    const uint64_t settid = 0x01000000, cleartid = 0x00200000, into_group = 0x200000000;
    // The C library keeps the thread's number where the kernel was told to clear it, and a list of robust locks; fork(3)
    // renews both in the child.
    void *tid = NULL, *locks = NULL;
    size_t size = 0;
    if (prctl(PR_GET_TID_ADDRESS, &tid, 0, 0, 0) != 0) return -1;
    if (syscall(SYS_get_robust_list, 0, &locks, &size) != 0) return -1;
    struct clone_request request = {
        .flags = settid | cleartid | into_group,
        .child_tid = (uint64_t)(uintptr_t)tid,
        .exit_signal = SIGCHLD,
        .cgroup = (uint64_t)group_directory,
    };
    pid_t pid = (pid_t)syscall(SYS_clone3, &request, sizeof request);
    if (pid == 0) syscall(SYS_set_robust_list, locks, size);
    return pid;
}

// MARK: epoll

int celeriac_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int celeriac_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t data) {
    struct epoll_event event = {.events = events, .data.u64 = data};
    return epoll_ctl(epoll, operation, descriptor, &event);
}

int celeriac_epoll_wait(int epoll, struct celeriac_event *events, int capacity, int64_t timeout_nanoseconds) {
    enum { most = 256 };
    struct epoll_event ready[most];
    // Rounded up: waking before the deadline would only spin.
    int timeout = timeout_nanoseconds < 0 ? -1 : (int)((timeout_nanoseconds + 999999) / 1000000);
    int count = epoll_wait(epoll, ready, capacity < most ? capacity : most, timeout);
    for (int i = 0; i < count; i++) {
        events[i].data = ready[i].data.u64;
        events[i].events = ready[i].events;
    }
    return count;
}

// MARK: Signals

static sigset_t signal_set(uint64_t signals) {
    sigset_t set;
    sigemptyset(&set);
    for (int number = 1; number < 64; number++)
        if (signals >> number & 1) sigaddset(&set, number);
    return set;
}

int celeriac_signal_descriptor(uint64_t signals) {
    sigset_t set = signal_set(signals);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int celeriac_signal_read(int descriptor, struct celeriac_signal *signal) {
    struct signalfd_siginfo information;
    ssize_t count = read(descriptor, &information, sizeof information);
    if (count != sizeof information) return -1;
    signal->number = (int32_t)information.ssi_signo;
    signal->sender = (int32_t)information.ssi_pid;
    return 0;
}

int celeriac_signal_block(uint64_t signals) {
    sigset_t set = signal_set(signals);
    return sigprocmask(SIG_SETMASK, &set, NULL);
}

static int set_handler(int number, void (*handler)(int)) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, NULL);
}

static void discard(int number) { (void)number; }

int celeriac_signal_default(int signal) { return set_handler(signal, SIG_DFL); }
int celeriac_signal_discard(int signal) { return set_handler(signal, discard); }
int celeriac_signal_ignore(int signal) { return set_handler(signal, SIG_IGN); }

static _Atomic uint32_t notice_value;
static int notice_descriptor = -1;

// Only lock-free atomics and write(2): both are safe in a signal handler.
static void notice_received(int number, siginfo_t *information, void *context) {
    (void)number;
    (void)context;
    int saved = errno;
    uint32_t value = (uint32_t)information->si_value.sival_int;
    atomic_store(&notice_value, value);
    if (write(notice_descriptor, &value, sizeof value) < 0) {
        // The pipe is full: nobody waits on it, and whoever asks reads the value.
    }
    errno = saved;
}

int celeriac_notice_install(int number, int wake_descriptor) {
    notice_descriptor = wake_descriptor;
    atomic_store(&notice_value, 0);
    struct sigaction action = {.sa_sigaction = notice_received, .sa_flags = SA_SIGINFO | SA_RESTART};
    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, NULL);
}

uint32_t celeriac_notice_value(void) { return atomic_load(&notice_value); }

// MARK: Processes

int celeriac_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int celeriac_pidfd_signal(int pidfd, int number, uint32_t value) {
    if (value == 0) return (int)syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0);
    siginfo_t information;
    memset(&information, 0, sizeof information);
    information.si_signo = number;
    information.si_code = SI_QUEUE;
    information.si_pid = getpid();
    information.si_uid = getuid();
    information.si_value.sival_int = (int)value;
    return (int)syscall(SYS_pidfd_send_signal, pidfd, number, &information, 0);
}

static int wait_for(int kind, id_t id, int options, struct celeriac_exit *result) {
    siginfo_t information;
    struct rusage usage;
    memset(&information, 0, sizeof information);
    memset(&usage, 0, sizeof usage);
    long status;
    do {
        status = syscall(SYS_waitid, kind, id, &information, WEXITED | options, &usage);
    } while (status < 0 && errno == EINTR);
    if (status < 0) return -1;
    result->pid = information.si_pid;
    result->code = information.si_code;
    result->status = information.si_status;
    result->user_microseconds = usage.ru_utime.tv_sec * 1000000LL + usage.ru_utime.tv_usec;
    result->system_microseconds = usage.ru_stime.tv_sec * 1000000LL + usage.ru_stime.tv_usec;
    result->peak_kibibytes = usage.ru_maxrss;
    return 0;
}

int celeriac_wait_any(struct celeriac_exit *result) { return wait_for(P_ALL, 0, WNOHANG, result); }
int celeriac_wait_pid(pid_t pid, int wait, struct celeriac_exit *result) {
    return wait_for(P_PID, (id_t)pid, wait ? 0 : WNOHANG, result);
}
int celeriac_wait_pidfd(int pidfd, struct celeriac_exit *result) {
    return wait_for(P_PIDFD, (id_t)pidfd, WNOHANG, result);
}

static int has_child(idtype_t kind, id_t id) {
    siginfo_t information;
    int status = waitid(kind, id, &information, WEXITED | WNOHANG | WNOWAIT);
    return !(status < 0 && errno == ECHILD);
}

int celeriac_has_children(void) { return has_child(P_ALL, 0); }
int celeriac_is_child(int pidfd) { return has_child(P_PIDFD, (id_t)pidfd); }

// MARK: Sockets that carry descriptors

enum { most_descriptors = 8 };

ssize_t celeriac_send(int socket, const void *bytes, size_t count, const int *descriptors, int descriptor_count) {
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(most_descriptors * sizeof(int))];
    } control;
    if (descriptor_count > most_descriptors) {
        errno = EINVAL;
        return -1;
    }
    if (descriptor_count > 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE((size_t)descriptor_count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN((size_t)descriptor_count * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, (size_t)descriptor_count * sizeof(int));
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

ssize_t celeriac_receive(int socket, void *bytes, size_t capacity, int *descriptors, int *descriptor_count) {
    struct iovec part = {.iov_base = bytes, .iov_len = capacity};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(most_descriptors * sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    int room = *descriptor_count;
    *descriptor_count = 0;
    ssize_t count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (count < 0) return count;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t received = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < received; i++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + i * sizeof(int), sizeof descriptor);
            if (*descriptor_count < room) descriptors[(*descriptor_count)++] = descriptor;
            else close(descriptor);
        }
    }
    return count;
}

int celeriac_socket_pair(int descriptors[2]) {
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, descriptors);
}

// MARK: prctl, descriptors

int celeriac_set_parent_death_signal(int number) { return prctl(PR_SET_PDEATHSIG, (unsigned long)number); }
int celeriac_set_subreaper(int enabled) { return prctl(PR_SET_CHILD_SUBREAPER, (unsigned long)enabled); }
int celeriac_hide_memory(void) { return prctl(PR_SET_DUMPABLE, 0UL); }
int celeriac_set_name(const char *name) { return prctl(PR_SET_NAME, name); }

int celeriac_close_range(unsigned first, unsigned last) { return (int)syscall(SYS_close_range, first, last, 0); }
int celeriac_pipe(int descriptors[2], int packets) {
    return pipe2(descriptors, packets ? O_CLOEXEC | O_DIRECT : O_CLOEXEC);
}
int celeriac_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int celeriac_shared_memory(const char *name, size_t size) {
    int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0) return -1;
    if (ftruncate(file, size) == 0 && fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        return file;
    int error = errno;
    close(file);
    errno = error;
    return -1;
}

int celeriac_set_nonblocking(int descriptor, int enabled) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0) return -1;
    return fcntl(descriptor, F_SETFL, enabled ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}

int celeriac_event_counter(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
char **celeriac_environment(void) { return environ; }
void celeriac_line_buffer_output(void) { setvbuf(stdout, NULL, _IOLBF, 0); }
int celeriac_flush_output(void) { return fflush(stdout) == 0 && !ferror(stdout) ? 0 : -1; }

// MARK: Clocks

static int read_clock(clockid_t clock, uint64_t *nanoseconds) {
    struct timespec time;
    if (clock_gettime(clock, &time) < 0) return -1;
    *nanoseconds = (uint64_t)time.tv_sec * 1000000000ULL + (uint64_t)time.tv_nsec;
    return 0;
}

// The clock id of another process: its complement shifted, as clock_getcpuclockid(3) computes it, without that
// function's extra check that the process is there.
int celeriac_cpu_time(pid_t pid, uint64_t *nanoseconds) {
    return read_clock((clockid_t)((~(unsigned)pid << 3) | 2), nanoseconds);
}

uint64_t celeriac_monotonic_nanoseconds(void) {
    uint64_t nanoseconds = 0;
    read_clock(CLOCK_MONOTONIC, &nanoseconds);
    return nanoseconds;
}

uint64_t celeriac_thread_cpu_nanoseconds(void) {
    uint64_t nanoseconds = 0;
    read_clock(CLOCK_THREAD_CPUTIME_ID, &nanoseconds);
    return nanoseconds;
}

int64_t celeriac_wall_nanoseconds(void) {
    uint64_t nanoseconds = 0;
    read_clock(CLOCK_REALTIME, &nanoseconds);
    return (int64_t)nanoseconds;
}

// MARK: Limits and usage

static __rlimit_resource_t resource_number(enum celeriac_resource resource) {
    switch (resource) {
    case CELERIAC_OPEN_FILES: return RLIMIT_NOFILE;
    case CELERIAC_FILE_SIZE: return RLIMIT_FSIZE;
    case CELERIAC_CORE: return RLIMIT_CORE;
    case CELERIAC_DATA: return RLIMIT_DATA;
    case CELERIAC_CPU_TIME: return RLIMIT_CPU;
    }
    return RLIMIT_NLIMITS;
}

int celeriac_get_limit(enum celeriac_resource resource, uint64_t *soft, uint64_t *hard) {
    struct rlimit limit;
    if (getrlimit(resource_number(resource), &limit) < 0) return -1;
    *soft = limit.rlim_cur;
    *hard = limit.rlim_max;
    return 0;
}

int celeriac_set_limit(enum celeriac_resource resource, uint64_t soft, uint64_t hard) {
    struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
    return setrlimit(resource_number(resource), &limit);
}

void celeriac_own_usage(uint64_t *cpu_nanoseconds, uint64_t *peak_bytes) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    *cpu_nanoseconds = ((uint64_t)usage.ru_utime.tv_sec + (uint64_t)usage.ru_stime.tv_sec) * 1000000000ULL +
                       ((uint64_t)usage.ru_utime.tv_usec + (uint64_t)usage.ru_stime.tv_usec) * 1000ULL;
    *peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
}

uint64_t celeriac_heap_in_use(void) {
    struct mallinfo2 info = mallinfo2();
    return (uint64_t)info.uordblks + (uint64_t)info.hblkhd;
}

int celeriac_size_and_links(const char *path, uint64_t *size, uint64_t *links) {
    struct stat status;
    if (stat(path, &status) < 0) return -1;
    *size = (uint64_t)status.st_size;
    *links = (uint64_t)status.st_nlink;
    return 0;
}

int celeriac_processor_count(void) {
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof mask, &mask) < 0) return 1;
    return CPU_COUNT(&mask);
}

// MARK: posix_spawn

enum { most_spawned = 3 + most_descriptors };

// Sources are first copied above every target, so that no target overwrites a source that is still needed.
static int copy_sources(const struct celeriac_spawn_request *spawn, int count, int copies[most_spawned]) {
    for (int i = 0; i < count; i++) {
        int source = i < 3 ? spawn->standard[i] : spawn->descriptors[i - 3];
        copies[i] = source < 0 ? -1 : fcntl(source, F_DUPFD_CLOEXEC, count);
        if (source >= 0 && copies[i] < 0) return errno;
    }
    return 0;
}

static int add_descriptors(posix_spawn_file_actions_t *actions, const int *copies, int count) {
    for (int i = 0; i < count; i++) {
        int error = copies[i] < 0 ? 0 : posix_spawn_file_actions_adddup2(actions, copies[i], i);
        if (error) return error;
    }
    return posix_spawn_file_actions_addclosefrom_np(actions, count);
}

pid_t celeriac_spawn(const struct celeriac_spawn_request *spawn) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setsigmask(&attributes, &none);
    short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    if (spawn->new_session) flags |= POSIX_SPAWN_SETSID;
    if (spawn->new_group) flags |= POSIX_SPAWN_SETPGROUP;
    posix_spawnattr_setflags(&attributes, flags);
    pid_t pid = -1;
    int copies[most_spawned], count = 3 + spawn->descriptor_count;
    for (int i = 0; i < most_spawned; i++) copies[i] = -1;
    int error = count > most_spawned ? EINVAL : copy_sources(spawn, count, copies);
    if (!error) error = add_descriptors(&actions, copies, count);
    if (!error && spawn->working_directory)
        error = posix_spawn_file_actions_addchdir_np(&actions, spawn->working_directory);
    if (!error)
        error = (spawn->search_path ? posix_spawnp : posix_spawn)(
            &pid, spawn->path, &actions, &attributes, spawn->arguments, spawn->environment);
    for (int i = 0; i < most_spawned; i++)
        if (copies[i] >= 0) close(copies[i]);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (error) {
        errno = error;
        return -1;
    }
    return pid;
}

// MARK: Files

int celeriac_open_unnamed(const char *directory) {
    return open(directory, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
}

int celeriac_open_temporary(char *path) { return mkostemp(path, O_CLOEXEC); }

const void *celeriac_find(const void *bytes, size_t count, const void *needle, size_t needle_count) {
    return memmem(bytes, count, needle, needle_count);
}

const char *celeriac_waiting_call_name(long number) {
    switch (number) {
#ifdef SYS_read
    case SYS_read: return "read";
#endif
#ifdef SYS_write
    case SYS_write: return "write";
#endif
#ifdef SYS_readv
    case SYS_readv: return "readv";
#endif
#ifdef SYS_writev
    case SYS_writev: return "writev";
#endif
#ifdef SYS_pread64
    case SYS_pread64: return "pread64";
#endif
#ifdef SYS_pwrite64
    case SYS_pwrite64: return "pwrite64";
#endif
#ifdef SYS_poll
    case SYS_poll: return "poll";
#endif
#ifdef SYS_ppoll
    case SYS_ppoll: return "ppoll";
#endif
#ifdef SYS_select
    case SYS_select: return "select";
#endif
#ifdef SYS_pselect6
    case SYS_pselect6: return "pselect6";
#endif
#ifdef SYS_epoll_wait
    case SYS_epoll_wait: return "epoll_wait";
#endif
#ifdef SYS_epoll_pwait
    case SYS_epoll_pwait: return "epoll_pwait";
#endif
#ifdef SYS_epoll_pwait2
    case SYS_epoll_pwait2: return "epoll_pwait2";
#endif
#ifdef SYS_nanosleep
    case SYS_nanosleep: return "nanosleep";
#endif
#ifdef SYS_clock_nanosleep
    case SYS_clock_nanosleep: return "clock_nanosleep";
#endif
#ifdef SYS_futex
    case SYS_futex: return "futex";
#endif
#ifdef SYS_wait4
    case SYS_wait4: return "wait4";
#endif
#ifdef SYS_waitid
    case SYS_waitid: return "waitid";
#endif
#ifdef SYS_pause
    case SYS_pause: return "pause";
#endif
#ifdef SYS_recvfrom
    case SYS_recvfrom: return "recvfrom";
#endif
#ifdef SYS_recvmsg
    case SYS_recvmsg: return "recvmsg";
#endif
#ifdef SYS_recvmmsg
    case SYS_recvmmsg: return "recvmmsg";
#endif
#ifdef SYS_sendto
    case SYS_sendto: return "sendto";
#endif
#ifdef SYS_sendmsg
    case SYS_sendmsg: return "sendmsg";
#endif
#ifdef SYS_connect
    case SYS_connect: return "connect";
#endif
#ifdef SYS_accept
    case SYS_accept: return "accept";
#endif
#ifdef SYS_accept4
    case SYS_accept4: return "accept4";
#endif
#ifdef SYS_flock
    case SYS_flock: return "flock";
#endif
#ifdef SYS_fcntl
    case SYS_fcntl: return "fcntl";
#endif
#ifdef SYS_fsync
    case SYS_fsync: return "fsync";
#endif
#ifdef SYS_fdatasync
    case SYS_fdatasync: return "fdatasync";
#endif
#ifdef SYS_openat
    case SYS_openat: return "openat";
#endif
#ifdef SYS_open
    case SYS_open: return "open";
#endif
#ifdef SYS_rt_sigsuspend
    case SYS_rt_sigsuspend: return "rt_sigsuspend";
#endif
#ifdef SYS_rt_sigtimedwait
    case SYS_rt_sigtimedwait: return "rt_sigtimedwait";
#endif
#ifdef SYS_semop
    case SYS_semop: return "semop";
#endif
#ifdef SYS_semtimedop
    case SYS_semtimedop: return "semtimedop";
#endif
#ifdef SYS_msgrcv
    case SYS_msgrcv: return "msgrcv";
#endif
#ifdef SYS_msgsnd
    case SYS_msgsnd: return "msgsnd";
#endif
#ifdef SYS_restart_syscall
    case SYS_restart_syscall: return "restart_syscall";
#endif
#ifdef SYS_io_getevents
    case SYS_io_getevents: return "io_getevents";
#endif
#ifdef SYS_io_uring_enter
    case SYS_io_uring_enter: return "io_uring_enter";
#endif
#ifdef SYS_sendfile
    case SYS_sendfile: return "sendfile";
#endif
#ifdef SYS_splice
    case SYS_splice: return "splice";
#endif
    default: return NULL;
    }
}
