// Loaded before the C library: counts the calls that change files or make changes durable, and at the one that it is
// told to meets with trouble. Keeps what was made durable, for a power cut. `disk.py` tells it what to do.

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// Shared with the tests.
static struct {
    long calls;    // so far
    long at;       // the call that meets with trouble; 0: none does
    long forever;  // and all after it
    long trouble;  // which
    long error;    // of FAIL
} *control;
enum { NONE, KILL, TEAR, FAIL };

static char folder[256];
// Guards everything that the tests read: a process is not killed while another of its threads writes that.
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
    char path[300];
    snprintf(folder, sizeof folder, "%s", getenv("BROKER_TEST_DISK"));
    snprintf(path, sizeof path, "%s/control", folder);
    int file = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file < 0 || control == MAP_FAILED) abort();
    close(file);
}

static void end(void) { syscall(SYS_kill, getpid(), SIGKILL); }

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void note(const char *name, const char *text, int flags) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
    if (file < 0 || syscall(SYS_write, file, text, strlen(text)) < 0) abort();
    close(file);
}

// What the call meets with. Whoever is killed does not come back from here, but to tear what it was about to write.
static int meet_at(const char *call, const char *path, int can_be_torn) {
    char line[4096];
    pthread_mutex_lock(&mutex);
    long number = __atomic_add_fetch(&control->calls, 1, __ATOMIC_SEQ_CST);
    snprintf(line, sizeof line, "%s %s\n", call, path);
    note("calls", line, O_APPEND);
    int met = control->at && (number == control->at || (control->forever && number > control->at));
    int trouble = met ? control->trouble : NONE;
    if (trouble == KILL || (trouble == TEAR && !can_be_torn)) end();
    // With the mutex: nothing happens any more but the first half of this.
    if (trouble == TEAR) return TEAR;
    pthread_mutex_unlock(&mutex);
    if (trouble == FAIL) errno = control->error;
    return trouble;
}
static int fails(const char *call, const char *path) { return meet_at(call, path, 0) == FAIL; }

static int meet(int fd, const char *call, int is_sync) {
    struct stat status;
    char link[64], path[1024] = "";
    int before = errno;
    // The log and what a command prints are no part of the data.
    int counts = fd > 2 && !fstat(fd, &status) && (S_ISREG(status.st_mode) || (is_sync && S_ISDIR(status.st_mode)));
    errno = before;
    if (!counts) return NONE;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (readlink(link, path, sizeof path - 1) < 0) abort();
    return meet_at(call, path, !is_sync);
}

static void kept(char *path, size_t size, const struct stat *status) {
    snprintf(path, size, "%s/durable/%llu", folder, (unsigned long long)status->st_ino);
}

// What a file holds, or which names are in a directory, is durable now.
static void keep(int fd) {
    struct stat status;
    char path[300], from[64], line[512];
    if (fstat(fd, &status)) abort();
    kept(path, sizeof path, &status);
    snprintf(from, sizeof from, "/proc/self/fd/%d", fd);
    pthread_mutex_lock(&mutex);
    int into = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (S_ISDIR(status.st_mode)) {
        DIR *names = opendir(from);
        for (struct dirent *entry; (entry = readdir(names));) {
            if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
            snprintf(line, sizeof line, "%llu %s\n", (unsigned long long)entry->d_ino, entry->d_name);
            if (syscall(SYS_write, into, line, strlen(line)) < 0) abort();
        }
        closedir(names);
    } else {
        int file = syscall(SYS_openat, AT_FDCWD, from, O_RDONLY | O_CLOEXEC);
        while (sendfile(into, file, NULL, 1 << 30) > 0) {}
        close(file);
    }
    close(into);
    pthread_mutex_unlock(&mutex);
}

// A number stands for one file for as long as a test goes on: what loses its name here keeps another elsewhere.
static void hold(int at, const char *path) {
    struct stat status;
    char other[300];
    int before = errno;
    if (!fstatat(at, path, &status, AT_SYMLINK_NOFOLLOW)) {
        snprintf(other, sizeof other, "%s/held-%llu", folder, (unsigned long long)status.st_ino);
        syscall(SYS_linkat, at, path, AT_FDCWD, other, 0);
    }
    errno = before;
}

// What is torn ends after half of it, at the border of a disk's sector where there is one.
static size_t half(size_t size) { return size > 1024 ? size / 2 / 512 * 512 : size / 2; }

ssize_t write(int fd, const void *bytes, size_t size) {
    int trouble = meet(fd, "write", 0);
    if (trouble == FAIL) return -1;
    ssize_t written = REAL(write)(fd, bytes, trouble == TEAR ? half(size) : size);
    if (trouble == TEAR) end();
    return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
    int trouble = meet(fd, "pwrite64", 0);
    if (trouble == FAIL) return -1;
    ssize_t written = REAL(pwrite64)(fd, bytes, trouble == TEAR ? half(size) : size, offset);
    if (trouble == TEAR) end();
    return written;
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) { return pwrite64(fd, bytes, size, offset); }

static int sync_file(int fd, const char *call, int (*real)(int)) {
    if (meet(fd, call, 1) == FAIL) return -1;
    int result = real(fd);
    if (result == 0) keep(fd);
    return result;
}
int fsync(int fd) { return sync_file(fd, "fsync", REAL(fsync)); }
int fdatasync(int fd) { return sync_file(fd, "fdatasync", REAL(fdatasync)); }

int ftruncate64(int fd, off64_t size) {
    return meet(fd, "ftruncate", 1) == FAIL ? -1 : REAL(ftruncate64)(fd, size);
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int rename(const char *old, const char *new) {
    if (fails("rename", new)) return -1;
    hold(AT_FDCWD, new);
    return REAL(rename)(old, new);
}
int renameat(int from, const char *old, int to, const char *new) {
    if (fails("renameat", new)) return -1;
    hold(to, new);
    return REAL(renameat)(from, old, to, new);
}
int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
    if (fails("renameat2", new)) return -1;
    hold(to, new);
    return REAL(renameat2)(from, old, to, new, flags);
}
int link(const char *old, const char *new) { return fails("link", new) ? -1 : REAL(link)(old, new); }
int unlink(const char *path) {
    if (fails("unlink", path)) return -1;
    hold(AT_FDCWD, path);
    return REAL(unlink)(path);
}
int unlinkat(int at, const char *path, int flags) {
    if (fails("unlinkat", path)) return -1;
    hold(at, path);
    return REAL(unlinkat)(at, path, flags);
}
int mkdir(const char *path, mode_t mode) { return fails("mkdir", path) ? -1 : REAL(mkdir)(path, mode); }

int openat64(int at, const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    int is_new = flags & O_CREAT && faccessat(at, path, F_OK, AT_SYMLINK_NOFOLLOW);
    return is_new && fails("open", path) ? -1 : REAL(openat64)(at, path, flags, mode);
}
#define MODE(flags) \
    mode_t mode = 0; \
    va_list rest; \
    va_start(rest, flags); \
    if (flags & O_CREAT) mode = va_arg(rest, mode_t); \
    va_end(rest)
int openat(int at, const char *path, int flags, ...) { MODE(flags); return openat64(at, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags); return openat64(AT_FDCWD, path, flags, mode); }
int open(const char *path, int flags, ...) { MODE(flags); return openat64(AT_FDCWD, path, flags, mode); }
