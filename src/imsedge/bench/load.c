/* Load for a relay that takes TLS with client certificates on one side and speaks clear TCP on the other.
 *
 *   load MODE RELAY_HOST BACKEND_HOST BACKEND_PORT CONNECTIONS OCTETS SECONDS PEM
 *
 * ping  every connection sends OCTETS, the backend echoes them, and so on: round trips
 * bulk  every connection sends as fast as it can, the backend throws away: octets
 * hs    one connection after the other: TCP, TLS, one octet there and back, close_notify: handshakes
 *
 * The ports of the relay come as the first line of standard input; connection i uses the i-th, round and
 * round.  With more than one port "hs" uses each only once.  When everything is connected it prints "ready"
 * and waits for a line; at the end it prints {"count": N, "octets": N, "seconds": S}.
 *
 * The backend is a thread of this program, so that one core carries all that is not the relay.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 256
#define CHUNK 262144
#define MAX_PORTS 60000

static const char *mode;
static const char *relay_host;
static int ports[MAX_PORTS], port_count;
static volatile unsigned long long swallowed;
static int backend_socket;

static void fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "failed");
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static struct sockaddr_in address(const char *host, int port)
{
    struct sockaddr_in made = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, host, &made.sin_addr) != 1)
        fail("address");
    return made;
}

static void no_delay(int fd)
{
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void watch(int epoll, int fd, unsigned index)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = ((unsigned long long)fd << 32) | index};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
        fail("epoll_ctl");
}

/* --- the backend ----------------------------------------------------------------------------- */

static void echo(int fd, const char *data, ssize_t octets)
{
    while (octets > 0) {
        ssize_t sent = write(fd, data, octets);
        if (sent <= 0)
            return;
        data += sent;
        octets -= sent;
    }
}

static void serve(int fd, char *data)
{
    ssize_t got = read(fd, data, CHUNK);
    if (got <= 0)
        close(fd);
    else if (!strcmp(mode, "bulk"))
        swallowed += got;
    else
        echo(fd, data, got);
}

static void *backend(void *unused)
{
    static char data[CHUNK];
    struct epoll_event events[EVENTS];
    int epoll = epoll_create1(0);
    watch(epoll, backend_socket, 0);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.u64 >> 32;
            if (fd != backend_socket) {
                serve(fd, data);
                continue;
            }
            int peer = accept(backend_socket, 0, 0);
            if (peer >= 0) {
                no_delay(peer);
                watch(epoll, peer, 0);
            }
        }
    }
    return unused;
}

static void start_backend(const char *host, int port)
{
    int one = 1;
    pthread_t thread;
    struct sockaddr_in here = address(host, port);
    backend_socket = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(backend_socket, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(backend_socket, (struct sockaddr *)&here, sizeof here) || listen(backend_socket, 4096))
        fail("backend");
    if (pthread_create(&thread, 0, backend, 0))
        fail("thread");
}

/* --- the user equipment ---------------------------------------------------------------------- */

static SSL_CTX *certified(const char *pem)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(context, 1);
    if (SSL_CTX_use_certificate_chain_file(context, pem) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, pem, SSL_FILETYPE_PEM) != 1)
        fail("certificate");
    return context;
}

static SSL *connected(SSL_CTX *context, int port)
{
    struct sockaddr_in there = address(relay_host, port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&there, sizeof there))
        fail("connect");
    no_delay(fd);
    SSL *tls = SSL_new(context);
    SSL_set_fd(tls, fd);
    errno = 0;
    if (SSL_connect(tls) != 1)
        fail("handshake");
    return tls;
}

static void disconnect(SSL *tls)
{
    int fd = SSL_get_fd(tls);
    SSL_shutdown(tls);
    SSL_free(tls);
    close(fd);
}

static void put(SSL *tls, const char *data, int octets)
{
    errno = 0;
    if (SSL_write(tls, data, octets) != octets)
        fail("write");
}

static void synchronise(void)
{
    puts("ready");
    fflush(stdout);
    if (getchar() == EOF)
        exit(0);
}

static unsigned long long ping(SSL **tls, int connections, int octets, double seconds, const char *data)
{
    static char heard[65536];
    struct epoll_event events[EVENTS];
    unsigned long long rounds = 0;
    int epoll = epoll_create1(0), *missing = malloc(connections * sizeof *missing);
    for (int i = 0; i < connections; i++) {
        watch(epoll, SSL_get_fd(tls[i]), i);
        missing[i] = octets;
        put(tls[i], data, octets);
    }
    for (double end = now() + seconds; now() < end;) {
        int count = epoll_wait(epoll, events, EVENTS, 100);
        for (int k = 0; k < count; k++) {
            int i = events[k].data.u64 & 0xffffffff;
            do {
                int got = SSL_read(tls[i], heard, sizeof heard);
                if (got <= 0)
                    fail("read");
                missing[i] -= got;
            } while (SSL_has_pending(tls[i]) && missing[i] > 0);
            if (missing[i] <= 0) {
                rounds++;
                missing[i] = octets;
                put(tls[i], data, octets);
            }
        }
    }
    return rounds;
}

static unsigned long long bulk(SSL **tls, int connections, int octets, double seconds, const char *data)
{
    unsigned long long writes = 0;
    for (double end = now() + seconds; now() < end;)
        for (int i = 0; i < connections; i++, writes++)
            put(tls[i], data, octets);
    return writes;
}

static unsigned long long handshakes(SSL_CTX *context, double seconds)
{
    unsigned long long done = 0;
    char octet = 'a';
    for (double end = now() + seconds; now() < end && (port_count == 1 || done < (unsigned)port_count);) {
        SSL *tls = connected(context, ports[done % port_count]);
        put(tls, &octet, 1);
        if (SSL_read(tls, &octet, 1) != 1)
            fail("echo");
        disconnect(tls);
        done++;
    }
    return done;
}

static void read_ports(void)
{
    static char line[MAX_PORTS * 6 + 2];
    if (!fgets(line, sizeof line, stdin))
        fail("ports");
    for (char *word = strtok(line, " \n"); word && port_count < MAX_PORTS; word = strtok(0, " \n"))
        ports[port_count++] = atoi(word);
    if (!port_count)
        fail("ports");
}

int main(int count, char **words)
{
    if (count != 9) {
        fputs("usage: load MODE RELAY_HOST BACKEND_HOST BACKEND_PORT CONNECTIONS OCTETS SECONDS PEM\n", stderr);
        return 2;
    }
    mode = words[1];
    relay_host = words[2];
    int connections = atoi(words[5]), octets = atoi(words[6]);
    double seconds = atof(words[7]);
    SSL_CTX *context = certified(words[8]);
    char *data = malloc(octets);
    SSL **tls = calloc(connections, sizeof *tls);
    memset(data, 'x', octets);
    read_ports();
    start_backend(words[3], atoi(words[4]));
    int pairs = strcmp(mode, "hs") ? connections : 0;
    for (int i = 0; i < pairs; i++)
        tls[i] = connected(context, ports[i % port_count]);
    synchronise();
    double began = now();
    unsigned long long done = !strcmp(mode, "ping")   ? ping(tls, connections, octets, seconds, data)
                              : !strcmp(mode, "bulk") ? bulk(tls, connections, octets, seconds, data)
                                                      : handshakes(context, seconds);
    printf("{\"count\": %llu, \"octets\": %llu, \"seconds\": %.6f}\n", done, swallowed, now() - began);
    return 0;
}
