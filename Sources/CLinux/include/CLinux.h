#pragma once

// What the kernel offers and Swift cannot call. Where nothing else is said, a function returns 0, or -1 with
// `errno`.

/// Nobody but root may look into the process from now on, and the kernel writes no core dump of it, wherever cores go
/// (PR_SET_DUMPABLE). Swift cannot call prctl(2), which takes as many arguments as it is given.
int process_forbid_dumps(void);

/// No program that this process starts gets more rights than it has (PR_SET_NO_NEW_PRIVS).
int process_forbid_new_privileges(void);

/// Gives a file another name that none has, in one step (RENAME_NOREPLACE); EEXIST where one has it. On file systems that
/// cannot do that, such as NFS, it has both names for a moment. Swift's Glibc module does not know renameat2(2).
int file_rename_to_new(const char *path, const char *name);

/// The magic number of the file system that a file is on (statfs(2)); -1 where there is no such file. Swift's Glibc module
/// does not know statfs(2).
long file_system_type(const char *path);

/// 1 if a file is the root of a mount (STATX_ATTR_MOUNT_ROOT, Linux 5.8), otherwise 0, also where the kernel does not say.
/// Swift's Glibc module does not know statx(2).
int file_is_mount_point(const char *path);

/// The number of the processor that runs the caller at this moment; -1 where the kernel does not say. Swift's Glibc module
/// does not know sched_getcpu(3).
int processor_number(void);
