// Everything that runs after the signal is async-signal-safe: system calls and static memory only, no heap, no locks.
//
// One crash, one record. The first thread to enter claims the report; others that crash meanwhile wait for the end of
// the process. All crash signals are blocked while the handler runs (sa_mask, no SA_NODEFER), so a fault inside the
// handler cannot recurse: the kernel ends the process with that signal. SA_RESETHAND is not used: it would let a second
// crashing thread end the process before the first has written its record.

#define _GNU_SOURCE
#include "ccrash.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

_Static_assert(sizeof(celeriac_crash_record) == 1080, "the layout is part of the format");
_Static_assert(CELERIAC_CRASH_PREFIX + sizeof(celeriac_crash_record) < 4096, "must fit PIPE_BUF");

static const int crash_signals[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};
enum { signal_count = sizeof crash_signals / sizeof *crash_signals };

enum { alternate_stack_size = 64 * 1024, text_limit = 256, scan_words = 1024 };

typedef struct {
    uintptr_t start, end;
} range;

// What the handler needs, prepared before a crash.
static struct {
    int descriptor;
    pid_t process;
    size_t prefix_length;
    size_t text_count;
    range text[text_limit]; // executable segments
    range libc;             // the one segment whose code has no frame pointers; empty where it has
    unsigned char output[CELERIAC_CRASH_PREFIX + sizeof(celeriac_crash_record)];
} state;

static celeriac_crash_record record;
static atomic_int crashed_thread;

// The runtime keeps the text of a fatal error for crash reporters. Weak: a program without Swift has none.
extern _Atomic(const char *) *swift_getFatalErrorMessageBuffer(void) __attribute__((weak));

// MARK: - Reading memory that may not be there

// The kernel reads the mask before it looks at the invalid first argument: EFAULT tells an unreadable address from
// EINVAL. Unlike process_vm_readv this call is open in every sandbox.
static bool word_is_readable(uintptr_t address) {
    static uintptr_t known_page = 1;
    uintptr_t page = address & ~(uintptr_t)4095;
    if (page == known_page) return true;
    if (page == 0) return false;
    if (syscall(SYS_rt_sigprocmask, ~0, address, NULL, 8) == -1 && errno != EINVAL) return false;
    known_page = page;
    return true;
}

// The process whose stack is read; 0 for this one. Code is read here in any case: it is the same.
static pid_t subject;

static bool read_word(uintptr_t address, uintptr_t *value) {
    if (address % sizeof(uintptr_t) != 0) return false;
    if (subject != 0) {
        struct iovec here = {value, sizeof *value}, there = {(void *)address, sizeof *value};
        return process_vm_readv(subject, &here, 1, &there, 1, 0) == sizeof *value;
    }
    if (!word_is_readable(address)) return false;
    *value = *(volatile const uintptr_t *)address;
    return true;
}

// MARK: - Walking the stack

typedef struct {
    uintptr_t pc, sp, fp, lr;
} registers;

static registers registers_of(const ucontext_t *context) {
#if defined(__x86_64__)
    const greg_t *r = context->uc_mcontext.gregs;
    return (registers){r[REG_RIP], r[REG_RSP], r[REG_RBP], 0};
#elif defined(__aarch64__)
    const mcontext_t *m = &context->uc_mcontext;
    return (registers){m->pc, m->sp, m->regs[29], m->regs[30]};
#else
#error "CCrash knows x86_64 and aarch64."
#endif
}

// Removes a pointer authentication code.
static uintptr_t plain_address(uintptr_t address) {
#if defined(__aarch64__)
    return address & 0x0000ffffffffffff;
#else
    return address;
#endif
}

static bool in_range(range r, uintptr_t address) { return r.start <= address && address < r.end; }

static bool is_text(uintptr_t address) {
    for (size_t i = 0; i < state.text_count; i++)
        if (in_range(state.text[i], address)) return true;
    return false;
}

// Whether the address follows a call instruction. Asked only where the stack is searched rather than walked.
static bool follows_call(uintptr_t address) {
    if (!is_text(address) || !is_text(address - 8) || !word_is_readable((address - 8) & ~(uintptr_t)7)) return false;
    const unsigned char *code = (const unsigned char *)address;
#if defined(__x86_64__)
    // call rel32, or call through a register or memory: FF /2 of two to seven bytes.
    if (code[-5] == 0xe8) return true;
    for (int length = 2; length <= 7; length++)
        if (code[-length] == 0xff && (code[-length + 1] & 0x38) == 0x10) return true;
    return false;
#else
    uint32_t instruction;
    memcpy(&instruction, code - 4, sizeof instruction);
    return (instruction & 0xfc000000) == 0x94000000 || (instruction & 0xfffffc1f) == 0xd63f0000; // bl, blr
#endif
}

// Keeps the first CELERIAC_CRASH_HEAD addresses; the rest of the array is a ring of the last ones.
enum { head = CELERIAC_CRASH_HEAD, tail = CELERIAC_CRASH_ADDRESSES - CELERIAC_CRASH_HEAD };

static size_t appended;

static void append(uintptr_t address) {
    size_t index = appended < head ? appended : head + (appended - head) % tail;
    record.addresses[index] = address;
    appended++;
}

// Turns the ring so that its oldest address comes first.
static void finish_addresses(void) {
    if (appended <= CELERIAC_CRASH_ADDRESSES) {
        record.count = appended;
        return;
    }
    uint64_t ring[tail];
    size_t oldest = (appended - head) % tail;
    for (size_t i = 0; i < tail; i++) ring[i] = record.addresses[head + (oldest + i) % tail];
    memcpy(record.addresses + head, ring, sizeof ring);
    record.count = CELERIAC_CRASH_ADDRESSES;
    record.omitted = appended - CELERIAC_CRASH_ADDRESSES;
}

// The code of the C library keeps no frame pointers on x86_64, so its caller is not in the chain: it is the first
// return address on the stack that leads out of the library. Returns where the search ended.
static uintptr_t append_caller_of_libc(registers r) {
    uintptr_t caller = plain_address(r.lr);
    if (caller != 0 && !in_range(state.libc, caller) && follows_call(caller)) {
        append(caller);
        return r.sp;
    }
    uintptr_t word;
    for (uintptr_t slot = r.sp; slot < r.sp + scan_words * sizeof word && read_word(slot, &word); slot += sizeof word) {
        if (in_range(state.libc, word) || !follows_call(word)) continue;
        append(word);
        return slot + sizeof word;
    }
    return r.sp;
}

// A frame record is the caller's frame pointer followed by the return address; frame pointers grow towards the caller.
static bool read_frame(uintptr_t frame, uintptr_t *next, uintptr_t *return_address) {
    if (!read_word(frame, next) || !read_word(frame + sizeof *next, return_address)) return false;
    *return_address = plain_address(*return_address);
    return *return_address != 0;
}

static bool looks_like_frame(uintptr_t frame) {
    uintptr_t next, return_address;
    return frame % 16 == 0 && read_frame(frame, &next, &return_address) && next > frame && next - frame < (64u << 20)
        && follows_call(return_address);
}

// The frame to start from. Code without frame pointers may use the register for something else.
static uintptr_t first_frame(uintptr_t fp, uintptr_t lowest) {
    if (fp >= lowest && looks_like_frame(fp)) return fp;
    uintptr_t frame = (lowest + 15) & ~(uintptr_t)15;
    for (int i = 0; i < scan_words; i++, frame += 16)
        if (looks_like_frame(frame)) return frame;
    return fp;
}

static void walk_stack(registers r) {
    uintptr_t lowest = r.sp, next, return_address;
    if (in_range(state.libc, r.pc)) {
        lowest = append_caller_of_libc(r);
    } else if (!is_text(r.pc)) {
        // A call through a bad pointer: the caller's address is all there is of the new frame.
        uintptr_t caller = r.lr;
        if (caller == 0) read_word(r.sp, &caller);
        if (follows_call(plain_address(caller))) append(plain_address(caller));
    }
    uintptr_t frame = first_frame(r.fp, lowest);
    while (frame >= lowest && read_frame(frame, &next, &return_address)) {
        append(return_address);
        if (next <= frame) break;
        frame = next;
    }
    finish_addresses();
}

// MARK: - What else may have been the reason

// Whether the instruction is the one by which compilers end a program.
static bool is_trap(uintptr_t pc) {
    if (!is_text(pc) || !word_is_readable(pc & ~(uintptr_t)7)) return false;
#if defined(__x86_64__)
    const unsigned char *code = (const unsigned char *)pc;
    // ud2; int3 has been executed when the signal comes.
    return (code[0] == 0x0f && code[1] == 0x0b) || code[-1] == 0xcc;
#else
    uint32_t instruction;
    memcpy(&instruction, (const void *)pc, sizeof instruction);
    return (instruction & 0xffe0001f) == 0xd4200000; // brk
#endif
}

static bool is_out_of_descriptors(void) {
    int copy = dup(state.descriptor);
    if (copy != -1) close(copy);
    return copy == -1 && errno == EMFILE;
}

enum { probe_size = 1 << 20 };

static bool is_out_of_memory(void) {
    void *memory = mmap(NULL, probe_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return errno == ENOMEM;
    munmap(memory, probe_size);
    return false;
}

// abort(3) sends its signal by tgkill to its own thread; any other signal that is sent comes from outside.
static bool was_sent(const siginfo_t *info) {
    return info->si_code <= 0
        && !(info->si_signo == SIGABRT && info->si_code == SI_TKILL && info->si_pid == state.process);
}

static uint16_t take_notes(const siginfo_t *info, uintptr_t pc) {
    uint16_t notes = was_sent(info) ? CELERIAC_CRASH_SENT : 0;
    if (info->si_code > 0 && is_trap(pc)) notes |= CELERIAC_CRASH_TRAPPED;
    if (is_out_of_descriptors()) notes |= CELERIAC_CRASH_NO_DESCRIPTORS;
    if (is_out_of_memory()) notes |= CELERIAC_CRASH_NO_MEMORY;
    return notes;
}

// MARK: - The handler

static void copy_message(void) {
    const char *text = swift_getFatalErrorMessageBuffer ? *swift_getFatalErrorMessageBuffer() : NULL;
    if (text == NULL) return;
    for (size_t i = 0; i < sizeof record.message; i++) {
        if (!word_is_readable((uintptr_t)(text + i) & ~(uintptr_t)7) || text[i] == 0) return;
        record.message[i] = text[i];
    }
}

static void write_record(void) {
    size_t length = state.prefix_length + sizeof record;
    memcpy(state.output + state.prefix_length, &record, sizeof record);
    while (write(state.descriptor, state.output, length) == -1 && errno == EINTR) {}
}

static void report(const siginfo_t *info, const ucontext_t *context, pid_t thread) {
    registers r = registers_of(context);
    record.magic = CELERIAC_CRASH_MAGIC;
    record.version = CELERIAC_CRASH_VERSION;
    record.signal = info->si_signo;
    record.code = info->si_code;
    record.process = state.process;
    record.thread = thread;
    record.fault_address = info->si_code > 0 ? (uintptr_t)info->si_addr : 0;
    record.system_call = info->si_signo == SIGSYS && info->si_code > 0 ? (uint16_t)info->si_syscall : 0;
    record.program_counter = r.pc;
    record.stack_pointer = r.sp;
    record.notes = take_notes(info, r.pc);
    walk_stack(r);
    copy_message();
    write_record();
}

static void handle(int signal, siginfo_t *info, void *context) {
    pid_t process = getpid(), thread = syscall(SYS_gettid);
    // A process that the task forked inherits the handler, but the pipe is not its own.
    if (process == state.process) {
        int none = 0;
        if (!atomic_compare_exchange_strong(&crashed_thread, &none, thread))
            for (;;) pause();
        report(info, context, thread);
    }
    // Pending until the handler returns; then it ends the process with the wait status of the crash.
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(signal, &action, NULL);
    syscall(SYS_tgkill, process, thread, signal);
}

// MARK: - Setting up

static int note_text(struct dl_phdr_info *object, size_t size, void *unused) {
    (void)size, (void)unused;
    uintptr_t libc_function = (uintptr_t)&abort;
    for (int i = 0; i < object->dlpi_phnum && state.text_count < text_limit; i++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X)) continue;
        uintptr_t start = object->dlpi_addr + segment->p_vaddr;
        range text = {start, start + segment->p_memsz};
        state.text[state.text_count++] = text;
        // In a static executable the library is not told apart from the program.
        if (in_range(text, libc_function) && !in_range(text, (uintptr_t)&note_text)) state.libc = text;
    }
    return 0;
}

// The installing thread's stack is static: cheaper, in a child that lives for one task.
static unsigned char first_stack[alternate_stack_size];

static pthread_key_t stack_key;
static pthread_once_t stack_key_once = PTHREAD_ONCE_INIT;

static void free_thread_stack(void *stack) {
    stack_t none = {.ss_flags = SS_DISABLE};
    sigaltstack(&none, NULL);
    munmap(stack, alternate_stack_size);
}

static void create_stack_key(void) { pthread_key_create(&stack_key, free_thread_stack); }

int celeriac_crash_prepare_thread(void) {
    stack_t current;
    if (sigaltstack(NULL, &current) == 0 && !(current.ss_flags & SS_DISABLE)) return 0;
    pthread_once(&stack_key_once, create_stack_key);
    void *memory = mmap(NULL, alternate_stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return errno;
    stack_t stack = {.ss_sp = memory, .ss_size = alternate_stack_size};
    int error = sigaltstack(&stack, NULL) == -1 ? errno : pthread_setspecific(stack_key, memory);
    if (error != 0) free_thread_stack(memory);
    return error;
}

static void set_handlers(const struct sigaction *action) {
    for (int i = 0; i < signal_count; i++) sigaction(crash_signals[i], action, NULL);
}

static void note_all_text(void) {
    state.text_count = 0;
    dl_iterate_phdr(note_text, NULL);
}

int celeriac_crash_install(int descriptor, const void *prefix, size_t prefix_length) {
    if (prefix_length > CELERIAC_CRASH_PREFIX) return EINVAL;
    stack_t stack = {.ss_sp = first_stack, .ss_size = sizeof first_stack};
    if (sigaltstack(&stack, NULL) == -1) return errno;
    state.descriptor = descriptor;
    state.process = getpid();
    state.prefix_length = prefix_length;
    if (prefix_length > 0) memcpy(state.output, prefix, prefix_length);
    note_all_text();

    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < signal_count; i++) sigaddset(&action.sa_mask, crash_signals[i]);
    set_handlers(&action);
    return 0;
}

void celeriac_crash_disable(void) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    set_handlers(&action);
}

// MARK: - Looking at another process

enum { stop_polls = 2000, poll_microseconds = 200 };

// Waits for the stop that was asked for. Returns 0, with the signal that the thread was about to get, or an errno.
static int wait_for_stop(pid_t thread, int *pending) {
    for (int i = 0; i < stop_polls; i++, usleep(poll_microseconds)) {
        int status;
        pid_t stopped = waitpid(thread, &status, __WALL | WNOHANG);
        if (stopped == -1) return errno;
        if (stopped == 0) continue;
        if (!WIFSTOPPED(status)) return ESRCH;
        *pending = status >> 16 ? 0 : WSTOPSIG(status);
        return 0;
    }
    return ETIMEDOUT;
}

static int registers_of_thread(pid_t thread, registers *result) {
    struct user_regs_struct r;
    struct iovec place = {&r, sizeof r};
    if (ptrace(PTRACE_GETREGSET, thread, NT_PRSTATUS, &place) == -1) return errno;
#if defined(__x86_64__)
    *result = (registers){r.rip, r.rsp, r.rbp, 0};
#else
    *result = (registers){r.pc, r.sp, r.regs[29], r.regs[30]};
#endif
    return 0;
}

static void describe_thread(pid_t process, pid_t thread, registers r) {
    memset(&record, 0, sizeof record);
    record.magic = CELERIAC_CRASH_MAGIC;
    record.version = CELERIAC_CRASH_VERSION;
    record.process = process;
    record.thread = thread;
    record.program_counter = r.pc;
    record.stack_pointer = r.sp;
    appended = 0;
    subject = process;
    walk_stack(r);
    subject = 0;
}

int celeriac_crash_sample(pid_t process, pid_t thread, celeriac_crash_record *result) {
    if (state.text_count == 0) note_all_text();
    if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) == -1) return errno;
    int pending = 0;
    int error = ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) == -1 ? errno : wait_for_stop(thread, &pending);
    registers r;
    if (error == 0) error = registers_of_thread(thread, &r);
    if (error == 0) {
        describe_thread(process, thread, r);
        *result = record;
    }
    ptrace(PTRACE_DETACH, thread, NULL, (void *)(intptr_t)pending);
    return error;
}
