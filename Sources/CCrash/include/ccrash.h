/// Writes one record about a crash of this process, from inside the signal handler.
///
/// A Swift trap ends the process with a signal. The handler here notes where that happened (raw addresses only), writes
/// the note to a pipe with a single write(2), and lets the signal end the process as it would have done anyway.
/// Names and line numbers are found later, in another process with the same address layout: see `Symbolizer`.
#ifndef CCRASH_H
#define CCRASH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// The bytes of a crash record: native byte order, fixed size, unused parts zero. Any change raises the version.
///
/// A prefix of at most `CELERIAC_CRASH_PREFIX` bytes and the record together stay below PIPE_BUF (4096), so that a pipe
/// takes them as one piece.
#define CELERIAC_CRASH_MAGIC 0x48535243u // "CRSH"
#define CELERIAC_CRASH_VERSION 2
#define CELERIAC_CRASH_ADDRESSES 64
#define CELERIAC_CRASH_HEAD 48
#define CELERIAC_CRASH_MESSAGE 512
#define CELERIAC_CRASH_PREFIX 256

/// What the handler found out beside the signal.
enum celeriac_crash_notes {
    CELERIAC_CRASH_TRAPPED = 1,        // the instruction is the one by which compilers end a program
    CELERIAC_CRASH_NO_DESCRIPTORS = 2, // no further descriptor could be opened
    CELERIAC_CRASH_NO_MEMORY = 4,      // no further memory could be mapped
    CELERIAC_CRASH_SENT = 8,           // another process, or a call of kill, sent the signal
};

typedef struct celeriac_crash_record {
    uint32_t magic;           //    0  CELERIAC_CRASH_MAGIC
    uint16_t version;         //    4  CELERIAC_CRASH_VERSION
    uint16_t count;           //    6  number of addresses
    int32_t signal;           //    8  SIGSEGV, SIGILL …
    int32_t code;             //   12  si_code
    uint32_t process;         //   16  pid
    uint32_t thread;          //   20  tid; equals the pid on the main thread
    uint64_t fault_address;   //   24  si_addr; 0 when the signal was sent by a process
    uint64_t program_counter; //   32
    uint64_t stack_pointer;   //   40
    uint32_t omitted;         //   48  frames left out after the first CELERIAC_CRASH_HEAD addresses
    uint16_t notes;           //   52  bits of celeriac_crash_notes
    uint16_t system_call;     //   54  the number of the call that a filter refused; only of SIGSYS
    /// Return addresses, innermost first. A longer stack keeps its first CELERIAC_CRASH_HEAD and its last addresses.
    uint64_t addresses[CELERIAC_CRASH_ADDRESSES]; // 56
    /// What the Swift runtime said before it trapped, cut to size, zero padded; empty when it said nothing.
    char message[CELERIAC_CRASH_MESSAGE]; //  568
} celeriac_crash_record;              // 1080 bytes

/// Installs the handler for SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV and SIGSYS, and its stack on the calling thread.
///
/// Call it in the process that may crash, after fork; a process forked from that one crashes without a record.
/// `descriptor` stays the caller's; `prefix` is copied and written before the record. Calling it again, from the same
/// thread, replaces both. Returns 0, or an errno: EINVAL when the prefix is longer than CELERIAC_CRASH_PREFIX.
int celeriac_crash_install(int descriptor, const void *prefix, size_t prefix_length);

/// Gives the calling thread a stack for the handler, so that its stack overflow can be reported too.
///
/// Without it a thread other than the installing one handles a crash on its own stack, and overflows unreported.
/// Freed when the thread ends.
/// Returns 0, or an errno; 0 at once when the thread has an alternate stack.
int celeriac_crash_prepare_thread(void);

/// Describes where a thread of another process is that has the address layout of this one: one forked from the same
/// parent. The thread is stopped for that, and goes on.
///
/// For a process that ends soon: a thread that the kernel does not stop within 400 ms stays traced until then. Returns 0,
/// or an errno. The record's signal is 0.
int celeriac_crash_sample(pid_t process, pid_t thread, celeriac_crash_record *result);

/// Restores the default dispositions: a crash ends the process without a record.
void celeriac_crash_disable(void);

#endif
