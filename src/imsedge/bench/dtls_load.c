/* Load for a relay that takes DTLS with client certificates on one side and speaks clear UDP on the other.
 *
 *   dtls_load MODE RELAY_HOST BACKEND_HOST BACKEND_PORT STREAMS OCTETS SECONDS PEM RATE
 *
 * most    as many datagrams as come through: so many are on the way at any time, and no more
 * paced   RATE datagrams a second, at even distances
 * direct  the same in clear, straight to the backend: what delay the network itself has
 *
 * The ports of the relay come as the first line of standard input, one a stream.  When every handshake is over
 * it prints "ready" and waits for a line; at the end it prints
 * {"sent": N, "count": N, "seconds": S, "median": US, "high": US}: datagrams out and back, and the delay in
 * microseconds that half of them and 99 of 100 did not exceed.
 *
 * Streams and backend are one thread that never sleeps, so that its own delay is the least possible.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MAX_STREAMS 4096
#define ON_THE_WAY 192
#define LOST_AFTER 0.02
#define AT_ONCE 64
#define LONGEST 2048
#define MAX_SAMPLES 1000000

static int ports[MAX_STREAMS];
static int sockets[MAX_STREAMS];
static SSL *secured[MAX_STREAMS];
static int backend;
static double *delays;
static unsigned long long sent, heard;

static void fail(const char *what)
{
    fprintf(stderr, "dtls_load: %s: %s\n", what, errno ? strerror(errno) : "failed");
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

static int connected(const char *host, int port)
{
    struct sockaddr_in there = address(host, port);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&there, sizeof there))
        fail("connect");
    return fd;
}

static SSL_CTX *certified(const char *pem)
{
    SSL_CTX *context = SSL_CTX_new(DTLS_client_method());
    if (SSL_CTX_use_certificate_chain_file(context, pem) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, pem, SSL_FILETYPE_PEM) != 1)
        fail("certificate");
    return context;
}

static SSL *shaken(SSL_CTX *context, int fd)
{
    struct sockaddr_in there;
    socklen_t size = sizeof there;
    struct timeval patience = {.tv_sec = 1};
    BIO *bio = BIO_new_dgram(fd, BIO_NOCLOSE);
    SSL *tls = SSL_new(context);
    getpeername(fd, (struct sockaddr *)&there, &size);
    BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, &there);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    SSL_set_bio(tls, bio, bio);
    errno = 0;
    for (int tries = 0; SSL_connect(tls) != 1; tries++)
        if (tries == 10 || SSL_get_error(tls, -1) != SSL_ERROR_WANT_READ)
            fail("handshake");
    return tls;
}

static void put(int stream, char *data, int octets)
{
    double moment = now();
    memcpy(data, &moment, sizeof moment);
    ssize_t done = secured[stream] ? SSL_write(secured[stream], data, octets) : send(sockets[stream], data, octets, 0);
    if (done != octets)
        fail("send");
    sent++;
}

/* What has come to the backend; how many. */
static int take(void)
{
    static char data[AT_ONCE][LONGEST];
    static struct iovec places[AT_ONCE];
    static struct mmsghdr messages[AT_ONCE];
    for (int i = 0; i < AT_ONCE && !places[i].iov_base; i++) {
        places[i] = (struct iovec){data[i], LONGEST};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &places[i], .msg_iovlen = 1};
    }
    int count = recvmmsg(backend, messages, AT_ONCE, MSG_DONTWAIT, 0);
    double moment = now();
    for (int i = 0; i < count; i++, heard++)
        if (heard < MAX_SAMPLES) {
            double began;
            memcpy(&began, data[i], sizeof began);
            delays[heard] = moment - began;
        }
    return count > 0 ? count : 0;
}

static void most(int streams, char *data, int octets, double seconds)
{
    int way = 0;
    double last = now();
    for (double moment = last, end = last + seconds; moment < end; moment = now()) {
        for (; way < ON_THE_WAY; way++)
            put(sent % streams, data, octets);
        int count = take();
        if (count)
            last = moment;
        else if (moment - last > LOST_AFTER)
            count = way, last = moment;
        way -= count < way ? count : way;
    }
}

static void paced(int streams, char *data, int octets, double seconds, double rate)
{
    double began = now();
    for (double moment = began; moment < began + seconds; moment = now()) {
        if (sent < (moment - began) * rate)
            put(sent % streams, data, octets);
        take();
    }
    for (double last = now() + LOST_AFTER; now() < last;)
        take();
}

static int compare(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static void read_ports(int streams)
{
    for (int i = 0; i < streams; i++)
        if (scanf("%d", &ports[i]) != 1)
            fail("ports");
    while (getchar() != '\n')
        ;
}

int main(int count, char **words)
{
    if (count != 10) {
        fputs("usage: dtls_load MODE RELAY_HOST BACKEND_HOST BACKEND_PORT STREAMS OCTETS SECONDS PEM RATE\n", stderr);
        return 2;
    }
    const char *mode = words[1];
    int streams = atoi(words[5]), octets = atoi(words[6]), room = 8 << 20;
    double seconds = atof(words[7]), rate = atof(words[9]);
    char *data = malloc(LONGEST);
    struct sockaddr_in here = address(words[3], atoi(words[4]));
    if (streams < 1 || streams > MAX_STREAMS || octets < (int)sizeof(double) || octets > LONGEST)
        fail("arguments");
    memset(data, 'x', LONGEST);
    delays = calloc(MAX_SAMPLES, sizeof *delays);
    backend = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(backend, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    if (bind(backend, (struct sockaddr *)&here, sizeof here))
        fail("backend");
    read_ports(streams);
    SSL_CTX *context = certified(words[8]);
    for (int i = 0; i < streams; i++) {
        int direct = !strcmp(mode, "direct");
        sockets[i] = direct ? connected(words[3], atoi(words[4])) : connected(words[2], ports[i]);
        secured[i] = direct ? 0 : shaken(context, sockets[i]);
    }
    puts("ready");
    fflush(stdout);
    if (getchar() == EOF)
        return 0;
    double began = now();
    if (!strcmp(mode, "most"))
        most(streams, data, octets, seconds);
    else
        paced(streams, data, octets, seconds, rate);
    double took = now() - began;
    unsigned long long samples = heard < MAX_SAMPLES ? heard : MAX_SAMPLES;
    if (!samples)
        fail("nothing came through");
    qsort(delays, samples, sizeof *delays, compare);
    printf("{\"sent\": %llu, \"count\": %llu, \"seconds\": %.6f, \"median\": %.1f, \"high\": %.1f}\n", sent, heard,
           took, delays[samples / 2] * 1e6, delays[samples * 99 / 100] * 1e6);
    return 0;
}
