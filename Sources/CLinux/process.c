#define _GNU_SOURCE
#include "CLinux.h"

#include <sched.h>
#include <sys/prctl.h>

int process_forbid_dumps(void) { return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

int process_forbid_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }

int processor_number(void) { return sched_getcpu(); }
