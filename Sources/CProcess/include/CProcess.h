#pragma once

/// Nobody but root may look into the process from now on, and the kernel writes no core dump of it, wherever cores go
/// (PR_SET_DUMPABLE). Returns 0, or -1 with `errno`.
///
/// In C because Swift cannot call prctl(2), which takes as many arguments as it is given.
int process_forbid_dumps(void);

/// No program that this process starts gets more rights than it has (PR_SET_NO_NEW_PRIVS). Returns 0, or -1 with `errno`.
int process_forbid_new_privileges(void);
