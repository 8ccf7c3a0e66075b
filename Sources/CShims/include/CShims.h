// What Swift cannot import: calls without a glibc wrapper, variadic calls, macros, and calls with ancillary data.
// Every function returns -1 and sets errno on failure, as the call it wraps does. No logic lives here.
#ifndef CELERIAC_SHIMS_H
#define CELERIAC_SHIMS_H

#include "confinement.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

// fork(2). Swift marks the imported function unavailable.
pid_t celeriac_fork(void);
// clone3(2) with CLONE_INTO_CGROUP: as fork, but the child is born in the control group that the directory names. Only
// for a process with one thread: handlers of pthread_atfork(3) do not run.
pid_t celeriac_fork_into(int group_directory);

// epoll(7). Events are passed as plain integers because struct epoll_event is packed and holds a union.
struct celeriac_event {
    uint64_t data;
    uint32_t events;
};
int celeriac_epoll_create(void);
int celeriac_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t data);
int celeriac_epoll_wait(int epoll, struct celeriac_event *events, int capacity, int64_t timeout_nanoseconds);

// signalfd(2), with the mask given as a bit per signal number. Reading yields one signal per call.
int celeriac_signal_descriptor(uint64_t signals);
struct celeriac_signal {
    int32_t number;
    int32_t sender;
};
int celeriac_signal_read(int descriptor, struct celeriac_signal *signal);
// sigprocmask(2): blocks exactly the given set.
int celeriac_signal_block(uint64_t signals);
// sigaction(2): the default action, or a handler that does nothing. Unlike SIG_IGN it is not kept across exec.
int celeriac_signal_default(int signal);
int celeriac_signal_discard(int signal);
int celeriac_signal_ignore(int signal);

// The notice signal of a child: stores the value that came with the signal, and writes its four bytes to a pipe.
int celeriac_notice_install(int signal, int wake_descriptor);
uint32_t celeriac_notice_value(void);

// pidfd_open(2), pidfd_send_signal(2) with a value (sigqueue's si_value).
int celeriac_pidfd_open(pid_t pid);
int celeriac_pidfd_signal(int pidfd, int signal, uint32_t value);

// waitid(2) with the resource usage that the kernel's own call returns.
struct celeriac_exit {
    pid_t pid;
    int32_t code;    // CLD_EXITED, CLD_KILLED or CLD_DUMPED
    int32_t status;  // exit code or signal number
    int64_t user_microseconds;
    int64_t system_microseconds;
    int64_t peak_kibibytes;
};
// Any child; pid 0 in the result: none is ready.
int celeriac_wait_any(struct celeriac_exit *result);
// Waits when told to; otherwise pid 0 in the result: not yet.
int celeriac_wait_pid(pid_t pid, int wait, struct celeriac_exit *result);
int celeriac_wait_pidfd(int pidfd, struct celeriac_exit *result);
// 1: has a child, dead or alive; 0: has none.
int celeriac_has_children(void);
// 1: the process is a child, dead or alive; 0: another's, or reaped.
int celeriac_is_child(int pidfd);

// sendmsg(2) and recvmsg(2) with SCM_RIGHTS. Received descriptors are close-on-exec.
ssize_t celeriac_send(int socket, const void *bytes, size_t count, const int *descriptors, int descriptor_count);
ssize_t celeriac_receive(int socket, void *bytes, size_t capacity, int *descriptors, int *descriptor_count);
int celeriac_socket_pair(int descriptors[2]);

// prctl(2) is variadic.
int celeriac_set_parent_death_signal(int signal);
int celeriac_set_subreaper(int enabled);
int celeriac_hide_memory(void);
int celeriac_set_name(const char *name);

// close_range(2) arrived in glibc after some of the systems we run on.
int celeriac_close_range(unsigned first, unsigned last);

// pipe2(2) with O_CLOEXEC, and with O_DIRECT when each write is to be read as one packet; memfd_create(2).
int celeriac_pipe(int descriptors[2], int packets);
int celeriac_memory_file(const char *name);
// memfd_create(2) of a fixed size, which is sealed: a process that shares it cannot make another's access fail.
int celeriac_shared_memory(const char *name, size_t size);
int celeriac_set_nonblocking(int descriptor, int enabled);
// eventfd(2), a counter that does not block.
int celeriac_event_counter(void);
// Global variables of the C library are not safe to name in Swift.
char **celeriac_environment(void);

// memmem(3) is an extension of glibc.
const void *celeriac_find(const void *bytes, size_t count, const void *needle, size_t needle_count);

// Processors in the affinity mask (sched_getaffinity(2)), at least 1.
int celeriac_processor_count(void);
void celeriac_line_buffer_output(void);
int celeriac_flush_output(void);

// CPU time that another process has used, by its CPU-time clock.
int celeriac_cpu_time(pid_t pid, uint64_t *nanoseconds);
uint64_t celeriac_monotonic_nanoseconds(void);
uint64_t celeriac_thread_cpu_nanoseconds(void);
// The name of a system call that processes wait in; NULL for any other. Numbers differ between machines.
const char *celeriac_waiting_call_name(long number);
int64_t celeriac_wall_nanoseconds(void);

// setrlimit(2): RLIMIT_* are an enum in C and not comparable in Swift.
enum celeriac_resource {
    CELERIAC_OPEN_FILES,
    CELERIAC_FILE_SIZE,
    CELERIAC_CORE,
    CELERIAC_DATA,
    CELERIAC_CPU_TIME,
};
int celeriac_get_limit(enum celeriac_resource resource, uint64_t *soft, uint64_t *hard);
int celeriac_set_limit(enum celeriac_resource resource, uint64_t soft, uint64_t hard);

// posix_spawn(3). Descriptors listed become 3, 4, ... in the new process; all others above 2 are closed.
struct celeriac_spawn_request {
    const char *path;
    char *const *arguments;
    char *const *environment;
    const char *working_directory;  // or NULL
    const int *descriptors;
    int descriptor_count;
    int standard[3];  // what becomes 0, 1 and 2; -1 keeps it
    int new_session;
    int new_group;
    int search_path;
};
// Returns the pid, or -1 with errno.
pid_t celeriac_spawn(const struct celeriac_spawn_request *spawn);

// getrusage(2) of this process: CPU time and resident high-water mark.
void celeriac_own_usage(uint64_t *cpu_nanoseconds, uint64_t *peak_bytes);

// mallinfo2(3) over all arenas, and what malloc has mapped by itself: bytes that are allocated and not freed.
uint64_t celeriac_heap_in_use(void);
// stat(2): size and number of links.
int celeriac_size_and_links(const char *path, uint64_t *size, uint64_t *links);

// open(2) with O_TMPFILE: an unnamed file in a directory, for reading and writing, closed on exec.
int celeriac_open_unnamed(const char *directory);
// mkostemp(3): the same with a name, which replaces the XXXXXX at the end of the path.
int celeriac_open_temporary(char *path);

#endif
