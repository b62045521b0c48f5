/*
 * A BFCP party over TCP or TLS whose messages are made and read by libre's codec (Debian libre-dev).
 * libre's own transport does datagrams only, so the stream is cut into messages here.
 *
 *   bfcp_peer listen  tcp|tls ADDRESS PORT [CERTIFICATE_AND_KEY]   floor control server, until killed
 *   bfcp_peer connect tcp|tls ADDRESS PORT [CERTIFICATE_AND_KEY]   Hello, FloorRequest, FloorRelease, exit
 *
 * Prints "ready" when it listens and the name of each message that libre could read.
 */
#include <re.h>
#include <stdlib.h>
#include <string.h>

enum { CONFERENCE = 4321, USER = 1234, HEADER = 12 };

struct party {
	struct tcp_conn *tcp;
	struct tls_conn *tls;
	struct mbuf *unread;
	int step;
};

static struct tcp_sock *listener;
static struct tls *tls;
static bool connects;
static uint16_t floor_id = 1, request_id = 77;

static void say(struct party *p, enum bfcp_prim prim, const struct bfcp_msg *to, unsigned count, ...)
{
	struct mbuf *mb = mbuf_alloc(512);
	va_list ap;
	int err;

	va_start(ap, count);
	err = bfcp_msg_vencode(mb, BFCP_VER1, false, prim, to ? to->confid : CONFERENCE,
			       to ? to->tid : (uint16_t)(p->step + 1), to ? to->userid : USER, count, &ap);
	va_end(ap);
	mb->pos = 0;
	if (!err)
		err = tcp_send(p->tcp, mb);
	if (err)
		re_printf("cannot send: %m\n", err);
	mem_deref(mb);
}

static void tell_status(struct party *p, const struct bfcp_msg *msg, enum bfcp_reqstat status)
{
	struct bfcp_reqstatus value = {status, 0};

	say(p, BFCP_FLOOR_REQUEST_STATUS, msg, 1,
	    BFCP_FLOOR_REQ_INFO, 1, &request_id,
	    BFCP_OVERALL_REQ_STATUS, 1, &request_id,
	    BFCP_REQUEST_STATUS, 0, &value);
}

static void serve(struct party *p, const struct bfcp_msg *msg)
{
	static enum bfcp_prim prims[] = {BFCP_HELLO, BFCP_HELLO_ACK, BFCP_FLOOR_REQUEST, BFCP_FLOOR_RELEASE};
	static enum bfcp_attrib attrs[] = {BFCP_FLOOR_ID, BFCP_FLOOR_REQUEST_ID, BFCP_REQUEST_STATUS};
	struct bfcp_supprim known_prims = {prims, ARRAY_SIZE(prims)};
	struct bfcp_supattr known_attrs = {attrs, ARRAY_SIZE(attrs)};
	struct bfcp_errcode unknown = {BFCP_UNKNOWN_PRIM, NULL, 0};

	switch (msg->prim) {
	case BFCP_HELLO:
		say(p, BFCP_HELLO_ACK, msg, 2, BFCP_SUPPORTED_PRIMS, 0, &known_prims,
		    BFCP_SUPPORTED_ATTRS, 0, &known_attrs);
		break;
	case BFCP_FLOOR_REQUEST:
		tell_status(p, msg, BFCP_GRANTED);
		break;
	case BFCP_FLOOR_RELEASE:
		tell_status(p, msg, BFCP_RELEASED);
		break;
	default:
		say(p, BFCP_ERROR, msg, 1, BFCP_ERROR_CODE, 0, &unknown);
	}
}

static void ask(struct party *p)
{
	switch (p->step) {
	case 0:
		say(p, BFCP_HELLO, NULL, 0);
		break;
	case 1:
		say(p, BFCP_FLOOR_REQUEST, NULL, 1, BFCP_FLOOR_ID, 0, &floor_id);
		break;
	case 2:
		say(p, BFCP_FLOOR_RELEASE, NULL, 1, BFCP_FLOOR_REQUEST_ID, 0, &request_id);
		break;
	default:
		re_printf("done\n");
		re_cancel();
	}
	p->step++;
}

static void take(struct party *p, const uint8_t *octets, size_t length)
{
	struct mbuf *one = mbuf_alloc(length);
	struct bfcp_msg *msg = NULL;
	int err;

	mbuf_write_mem(one, octets, length);
	one->pos = 0;
	err = bfcp_msg_decode(&msg, one);
	if (err) {
		re_printf("libre cannot read it: %m\n", err);
	}
	else {
		re_printf("%s\n", bfcp_prim_name(msg->prim));
		if (connects)
			ask(p);
		else
			serve(p, msg);
	}
	mem_deref(msg);
	mem_deref(one);
}

static void on_octets(struct mbuf *mb, void *arg)
{
	struct party *p = arg;
	size_t from = p->unread->pos;

	p->unread->pos = p->unread->end;
	mbuf_write_mem(p->unread, mbuf_buf(mb), mbuf_get_left(mb));
	p->unread->pos = from;
	while (mbuf_get_left(p->unread) >= HEADER) {
		const uint8_t *octets = mbuf_buf(p->unread);
		size_t length = HEADER + 4u * (octets[2] << 8 | octets[3]);

		if (mbuf_get_left(p->unread) < length)
			break;
		take(p, octets, length);
		p->unread->pos += length;
	}
}

static void on_established(void *arg)
{
	if (connects)
		ask(arg);
}

static void on_closed(int err, void *arg)
{
	struct party *p = arg;

	re_printf("closed: %m\n", err);
	p->tls = mem_deref(p->tls);
	p->tcp = mem_deref(p->tcp);
	if (connects)
		re_cancel();
}

static struct party *new_party(void)
{
	struct party *p = mem_zalloc(sizeof(*p), NULL);

	p->unread = mbuf_alloc(4096);
	return p;
}

static void on_call(const struct sa *peer, void *arg)
{
	struct party *p = new_party();

	(void)peer;
	(void)arg;
	tcp_accept(&p->tcp, listener, on_established, on_octets, on_closed, p);
	if (tls)
		tls_start_tcp(&p->tls, tls, p->tcp, 0);
}

int main(int argc, char **argv)
{
	struct sa address;
	struct party *p;
	int err;

	if (argc < 5)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	err = libre_init();
	connects = !strcmp(argv[1], "connect");
	sa_set_str(&address, argv[3], (uint16_t)atoi(argv[4]));
	if (!err && !strcmp(argv[2], "tls"))
		err = tls_alloc(&tls, TLS_METHOD_SSLV23, argc > 5 ? argv[5] : NULL, NULL);
	if (!err && connects) {
		p = new_party();
		err = tcp_connect(&p->tcp, &address, on_established, on_octets, on_closed, p);
		if (!err && tls)
			err = tls_start_tcp(&p->tls, tls, p->tcp, 0);
	}
	else if (!err) {
		err = tcp_listen(&listener, &address, on_call, NULL);
	}
	if (err) {
		re_fprintf(stderr, "%m\n", err);
		return 1;
	}
	re_printf("ready\n");
	re_main(NULL);
	libre_close();
	return 0;
}
