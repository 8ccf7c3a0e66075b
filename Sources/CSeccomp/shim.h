#include <seccomp.h>

// A macro with an argument, which Swift does not import.
static inline unsigned celeriac_seccomp_errno(int number) { return SCMP_ACT_ERRNO(number); }
