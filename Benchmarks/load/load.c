// Loads an HTTP/1.1 server with requests that are read from a file, and prints what came of it as one line of JSON.
//
//   load ADDRESS REQUESTS CONNECTIONS [seconds=S | count=N] [rate=R] [process=ID]
//
// ADDRESS is unix:PATH, tcp:PORT or tls:PORT, the last two on 127.0.0.1. REQUESTS holds whole requests, each with its
// length in front (4 bytes, network order); they are sent in turn, over and over. Without a rate every connection sends
// its next request when it has its answer; with one (requests per second) they are due at fixed times whatever the
// server does, and an answer's time counts from when its request was due. What counts as CPU time is the process's.
//
// One thread, no allocation and no parsing beyond the length while it measures, so that the server is the slower one.

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LARGEST_RESPONSE = 1 << 16, FINENESS = 64, BUCKETS = 64 * FINENESS };

struct request {
    const char *bytes;
    size_t length;
};

struct connection {
    int fd;
    SSL *ssl;
    const struct request *request;  // NULL while it has nothing to do
    size_t sent;
    uint64_t due;
    size_t received;
    char response[LARGEST_RESPONSE];
};

static struct request *requests;
static size_t request_count, next_request;
static struct connection *connections;
static int connection_count, polled;
static struct connection **idle;
static int idle_count;

static uint64_t answered, failed, times[BUCKETS];

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

// A bucket is a 64th of its times wide.
static void count(uint64_t nanoseconds) {
    int power = nanoseconds < 2 * FINENESS ? 0 : 63 - __builtin_clzll(nanoseconds) - 6;
    times[power * FINENESS + (int)(nanoseconds >> power)]++;
}

// In microseconds.
static double quantile(double share) {
    uint64_t seen = 0, wanted = (uint64_t)(share * (double)(answered + failed));
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        seen += times[bucket];
        if (seen <= wanted) continue;
        int power = bucket < 2 * FINENESS ? 0 : bucket / FINENESS - 1;
        return (double)((uint64_t)(bucket - power * FINENESS) << power) / 1e3;
    }
    return 0;
}

static void read_requests(const char *path) {
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (!file || fstat(fileno(file), &status)) fail(path);
    size_t size = (size_t)status.st_size;
    char *bytes = malloc(size);
    if (fread(bytes, 1, size, file) != size) fail(path);
    fclose(file);
    requests = malloc(sizeof *requests * (size / 4 + 1));
    for (size_t place = 0; place + 4 <= size;) {
        uint32_t length;
        memcpy(&length, bytes + place, 4);
        requests[request_count++] = (struct request){bytes + place + 4, ntohl(length)};
        place += 4 + ntohl(length);
    }
}

static void connect_to(const char *address, struct connection *connection, SSL_CTX *tls) {
    if (!strncmp(address, "unix:", 5)) {
        struct sockaddr_un target = {.sun_family = AF_UNIX};
        strncpy(target.sun_path, address + 5, sizeof target.sun_path - 1);
        connection->fd = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(connection->fd, (struct sockaddr *)&target, sizeof target)) fail(address);
    } else {
        struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(address + 4))};
        target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connection->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(connection->fd, (struct sockaddr *)&target, sizeof target)) fail(address);
        int yes = 1;
        setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    if (!strncmp(address, "tls:", 4)) {
        connection->ssl = SSL_new(tls);
        SSL_set_fd(connection->ssl, connection->fd);
        if (SSL_connect(connection->ssl) != 1) fail("handshake");
    }
    fcntl(connection->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(polled, EPOLL_CTL_ADD, connection->fd, &event)) fail("epoll");
    idle[idle_count++] = connection;
}

static ssize_t receive(struct connection *connection) {
    char *place = connection->response + connection->received;
    size_t room = LARGEST_RESPONSE - connection->received;
    if (!connection->ssl) return read(connection->fd, place, room);
    int length = SSL_read(connection->ssl, place, (int)room);
    if (length > 0) return length;
    errno = SSL_get_error(connection->ssl, length) == SSL_ERROR_WANT_READ ? EAGAIN : EPIPE;
    return -1;
}

// A request always fits into an empty socket's buffer.
static void send_request(struct connection *connection, uint64_t due) {
    const struct request *request = &requests[next_request];
    next_request = (next_request + 1) % request_count;
    connection->request = request;
    connection->due = due;
    connection->received = 0;
    ssize_t sent = connection->ssl ? SSL_write(connection->ssl, request->bytes, (int)request->length)
                                   : write(connection->fd, request->bytes, request->length);
    if (sent != (ssize_t)request->length) fail("a request could not be sent at once");
}

// Whether the response is there to its end.
static bool is_complete(struct connection *connection) {
    char *response = connection->response;
    char *end = memmem(response, connection->received, "\r\n\r\n", 4);
    if (!end) return false;
    size_t head = (size_t)(end - response) + 4, body = 0;
    for (char *line = response; line < end; line = (char *)memchr(line, '\n', connection->received) + 1)
        if (!strncasecmp(line, "content-length:", 15)) body = strtoul(line + 15, NULL, 10);
    if (connection->received > head + body) fail("more came than one response");
    return connection->received == head + body;
}

static double cpu_seconds(const char *process) {
    char path[64], text[1024];
    if (!process) return 0;
    snprintf(path, sizeof path, "/proc/%s/stat", process);
    FILE *file = fopen(path, "r");
    if (!file) fail(path);
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = 0;
    unsigned long user = 0, system = 0;
    sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

int main(int argc, char **argv) {
    if (argc < 4) return fprintf(stderr, "usage: load ADDRESS REQUESTS CONNECTIONS [NAME=VALUE...]\n"), 64;
    double seconds = 1e9, rate = 0;
    uint64_t most = UINT64_MAX;
    const char *process = NULL;
    for (int place = 4; place < argc; place++) {
        if (sscanf(argv[place], "seconds=%lf", &seconds) == 1 || sscanf(argv[place], "rate=%lf", &rate) == 1) continue;
        if (sscanf(argv[place], "count=%lu", &most) == 1) continue;
        if (strncmp(argv[place], "process=", 8)) return fprintf(stderr, "what is %s?\n", argv[place]), 64;
        process = argv[place] + 8;
    }
    read_requests(argv[2]);
    connection_count = atoi(argv[3]);
    connections = calloc((size_t)connection_count, sizeof *connections);
    idle = calloc((size_t)connection_count, sizeof *idle);
    polled = epoll_create1(0);
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    for (int place = 0; place < connection_count; place++) connect_to(argv[1], &connections[place], tls);

    double cpu = cpu_seconds(process);
    uint64_t start = now(), end = start + (uint64_t)(seconds * 1e9), asked = 0, time = start;
    uint64_t interval = rate > 0 ? (uint64_t)(1e9 / rate) : 0;
    while (time < end && answered + failed < most) {
        while (idle_count && asked < most && (!interval || start + asked * interval <= time)) {
            send_request(idle[--idle_count], interval ? start + asked * interval : now());
            asked++;
        }
        struct epoll_event events[256];
        // Never asleep: to be woken would be at the server's cost.
        int ready = epoll_wait(polled, events, 256, 0);
        for (int place = 0; place < ready; place++) {
            struct connection *connection = events[place].data.ptr;
            ssize_t length = receive(connection);
            if (length <= 0) {
                if (length < 0 && errno == EAGAIN) continue;
                return fprintf(stderr, "the server closed a connection after %lu answers\n", answered), 1;
            }
            if (!connection->request) return fprintf(stderr, "an answer that nobody asked for\n"), 1;
            connection->received += (size_t)length;
            if (!is_complete(connection)) continue;
            count(now() - connection->due);
            if (!strncmp(connection->response, "HTTP/1.1 200", 12)) answered++;
            else failed++;
            connection->request = NULL;
            idle[idle_count++] = connection;
        }
        time = now();
    }
    double took = (double)(time - start) / 1e9, all = (double)(answered + failed);
    printf("{\"answered\": %lu, \"failed\": %lu, \"seconds\": %.4f, \"rate\": %.1f, \"p50\": %.2f, \"p99\": %.2f, "
           "\"p999\": %.2f, \"cpu\": %.3f}\n", answered, failed, took, all / took, quantile(0.5), quantile(0.99),
           quantile(0.999), (cpu_seconds(process) - cpu) * 1e6 / (all > 0 ? all : 1));
    return 0;
}
