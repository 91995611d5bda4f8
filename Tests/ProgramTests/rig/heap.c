// Counts the bytes that a process has allocated and not freed, into the file that BROKER_TEST_HEAP names.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);
void __libc_free(void *);

static atomic_long before_start;
static atomic_long *live = &before_start;

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("BROKER_TEST_HEAP");
    int file = path ? open(path, O_RDWR) : -1;
    if (file < 0) return;
    atomic_long *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (shared == MAP_FAILED) return;
    atomic_store(shared, atomic_load(&before_start));
    live = shared;
}

static void *counted(void *block) {
    atomic_fetch_add_explicit(live, (long)malloc_usable_size(block), memory_order_relaxed);
    return block;
}

void *malloc(size_t size) { return counted(__libc_malloc(size)); }

void *calloc(size_t count, size_t size) { return counted(__libc_calloc(count, size)); }

void *realloc(void *block, size_t size) {
    long before = (long)malloc_usable_size(block);
    void *moved = __libc_realloc(block, size);
    // The old block stays when there is no room for a larger one.
    if (moved || !size) atomic_fetch_sub_explicit(live, before, memory_order_relaxed);
    return counted(moved);
}

void *reallocarray(void *block, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) return errno = ENOMEM, NULL;
    return realloc(block, total);
}

void *memalign(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size)); }

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    void *made = memalign(alignment, size);
    if (!made) return ENOMEM;
    *block = made;
    return 0;
}

void free(void *block) {
    atomic_fetch_sub_explicit(live, (long)malloc_usable_size(block), memory_order_relaxed);
    __libc_free(block);
}
