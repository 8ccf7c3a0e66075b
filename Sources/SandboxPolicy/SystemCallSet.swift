/// The named sets of system calls that profiles are made of, each with its reason.
///
/// Calls whose arguments matter stand in a set by name; ``CallGuards`` says which arguments are allowed. Names that a
/// processor does not have are left out there.
public enum SystemCallSet: String, CaseIterable, Sendable {
    /// What every Swift program needs, whatever it does: memory, threads, Dispatch, Swift concurrency, timers, the
    /// pipes of a child, and the crash handler.
    case runtime
    /// Looking at files: Foundation reads time zones, locales and the like.
    case fileRead = "file-read"
    /// Making, changing and removing files.
    case fileWrite = "file-write"
    /// Talking to others who listen.
    case networkClient = "net-client"
    /// Listening.
    case networkServer = "net-server"
    /// Starting other programs: what a command, or `Foundation.Process`, needs beside the rest.
    case process

    /// As it stands in the configuration: `@file-read`.
    public var title: String { "@" + self.rawValue }

    /// The set of a title.
    public init?(title: String) {
        guard title.hasPrefix("@"), let set = SystemCallSet(rawValue: String(title.dropFirst())) else { return nil }
        self = set
    }

    /// What it is for, in one sentence.
    public var meaning: String {
        switch self {
        case .runtime: "memory, threads, Dispatch, Swift concurrency, timers, signals to oneself"
        case .fileRead: "looking at files and directories, without changing any"
        case .fileWrite: "making, changing and removing files"
        case .networkClient: "connections to others"
        case .networkServer: "accepting connections"
        case .process: "starting and waiting for other programs"
        }
    }

    /// The calls.
    public var calls: [String] { self.text.split(separator: " ").map(String.init) }

    private var text: String {
        switch self {
        case .runtime: Self.memory + Self.threads + Self.waiting + Self.time + Self.descriptors + Self.asking
        case .fileRead: Self.lookingAtFiles
        case .fileWrite: Self.changingFiles
        case .networkClient:
            "socket connect socketpair getsockname getpeername getsockopt setsockopt sendto sendmsg sendmmsg "
                + "recvfrom recvmsg recvmmsg shutdown sendfile "
        case .networkServer: "bind listen accept accept4 "
        case .process:
            "fork vfork execve execveat kill tkill pidfd_open pidfd_send_signal setsid setpgid getpgid getpgrp getsid "
                + "set_tid_address arch_prctl chdir fchdir umask alarm setitimer getitimer rt_sigqueueinfo "
                + "rt_sigsuspend rt_sigpending capget sched_setaffinity getxattr "
        }
    }

    private static let memory = "brk mmap munmap mremap mprotect madvise mincore membarrier get_mempolicy "

    // `clone` starts threads only; `clone3` is answered as if the kernel had none, since its flags are in memory where
    // no filter sees them. `rseq`, `set_robust_list` and `set_tid_address` belong to the start of a thread.
    private static let threads =
        "clone clone3 exit exit_group futex futex_wait futex_wake futex_waitv futex_requeue rseq set_robust_list "
        + "get_robust_list gettid getpid getppid sched_yield sched_getaffinity sched_getparam sched_getscheduler "
        + "sched_get_priority_max sched_get_priority_min setpriority getpriority getcpu prctl restart_syscall "
        + "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait sigaltstack signalfd4 kill tgkill pause "

    private static let waiting =
        "epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2 poll ppoll select "
        + "pselect6 timerfd_create timerfd_settime timerfd_gettime nanosleep clock_nanosleep wait4 waitid "

    private static let time = "clock_gettime clock_getres gettimeofday time times "

    private static let descriptors =
        "read write readv writev close close_range dup dup2 dup3 pipe pipe2 fcntl ioctl lseek fstat "

    // `openat` for reading only, and what it opens is the business of the rules for files: Dispatch reads
    // /proc/<thread>/stat and traps when it cannot.
    private static let asking =
        "getrandom getrusage getrlimit prlimit64 setrlimit sysinfo uname getuid geteuid getgid getegid "
        + "getgroups getresuid getresgid open openat "

    private static let lookingAtFiles =
        "open openat stat lstat fstat newfstatat statx statfs fstatfs access faccessat faccessat2 readlink readlinkat "
        + "getcwd getdents getdents64 pread64 preadv preadv2 readahead fadvise64 getxattr lgetxattr fgetxattr "
        + "listxattr llistxattr flistxattr inotify_init1 inotify_add_watch inotify_rm_watch "

    private static let changingFiles =
        "pwrite64 pwritev pwritev2 creat truncate ftruncate fallocate fsync fdatasync sync_file_range syncfs flock "
        + "rename renameat renameat2 unlink unlinkat mkdir mkdirat rmdir link linkat symlink symlinkat chmod fchmod "
        + "fchmodat fchmodat2 utime utimes utimensat futimesat umask copy_file_range sendfile splice tee msync "
        + "memfd_create setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr chdir fchdir "
}

extension SystemCallSet {
    /// What no profile allows but `none`: ways into the kernel, into other processes, and out of a sandbox.
    public static let dangerous: [String] = dangerousText.split(separator: " ").map(String.init)

    private static let dangerousText =
        // Interfaces with a record of holes, or whose work no filter sees.
        "io_uring_setup io_uring_enter io_uring_register bpf perf_event_open userfaultfd vmsplice memfd_secret "
        // Keys of others.
        + "keyctl add_key request_key "
        // Other processes' memory and descriptors.
        + "ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_getfd move_pages "
        + "migrate_pages "
        // Mounts, roots and namespaces.
        + "mount umount2 move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr pivot_root chroot setns "
        + "unshare "
        // Files past their paths.
        + "name_to_handle_at open_by_handle_at fanotify_init fanotify_mark lookup_dcookie "
        // The machine itself.
        + "personality modify_ldt iopl ioperm kexec_load kexec_file_load init_module finit_module delete_module reboot "
        + "swapon swapoff acct quotactl quotactl_fd settimeofday clock_settime adjtimex clock_adjtime syslog vhangup "
        + "sethostname setdomainname nfsservctl uselib ustat sysfs _sysctl"
}
