/* call_sock: sockets that were handed in, and what they accept. Nothing here makes or connects one.
 * SPDX-License-Identifier: Apache-2.0 */
#include "shield/wasi/wasi_int.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum wasi_errno wasi_perform_sock_accept(struct wasi_call *c)
{
    struct wasi_fd fd;
    uint32_t number = 0;
    enum wasi_errno e = wasi_wait_fd(c, c->fd[0], POLLIN);

    if (e != WASI_SUCCESS)
        return e;
    int host = accept4(c->fd[0]->host, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (host < 0)
        return wasi_errno_of(errno);
    e = wasi_fd_describe(host, &fd);
    if (e == WASI_SUCCESS) {
        fd.flags = (uint16_t)c->num[0];
        fd.is_owned = true;
        e = wasi_fd_add(c->wasi, &fd, &number);
    }
    if (e != WASI_SUCCESS) {
        close(host);
        return e;
    }
    wasi_put(c->out[0], number, 4);
    return WASI_SUCCESS;
}

/* One receive. With WAITALL it goes on until the buffers are full, the peer is done, or an error
 * comes after some bytes. */
enum wasi_errno wasi_perform_sock_recv(struct wasi_call *c)
{
    bool peeks = (c->num[0] & WASI_RECV_PEEK) != 0;
    bool waits_all = (c->num[0] & WASI_RECV_WAITALL) != 0 && !peeks;
    struct msghdr msg = {.msg_iov = c->iov, .msg_iovlen = c->iov_count};
    size_t done = 0;

    do {
        enum wasi_errno e = wasi_wait_fd(c, c->fd[0], POLLIN);
        ssize_t got = -1;
        if (e == WASI_SUCCESS) {
            got = recvmsg(c->fd[0]->host, &msg, MSG_DONTWAIT | (peeks ? MSG_PEEK : 0));
            if (got < 0)
                e = wasi_errno_of(errno);
        }
        if (e != WASI_SUCCESS && (done == 0 || c->end != ST_OK))
            return e;
        if (got <= 0)
            break;
        done += (size_t)got;
        for (size_t left = (size_t)got; left > 0 && msg.msg_iovlen > 0;) {
            size_t part = MIN(left, msg.msg_iov->iov_len);
            msg.msg_iov->iov_base = (uint8_t *)msg.msg_iov->iov_base + part;
            msg.msg_iov->iov_len -= part;
            left -= part;
            if (msg.msg_iov->iov_len == 0) {
                msg.msg_iov++;
                msg.msg_iovlen--;
            }
        }
    } while (waits_all && done < c->iov_bytes);
    wasi_put(c->out[0], done, 4);
    wasi_put(c->out[1], (msg.msg_flags & MSG_TRUNC) != 0, 2);
    return WASI_SUCCESS;
}

enum wasi_errno wasi_perform_sock_send(struct wasi_call *c)
{
    struct msghdr msg = {.msg_iov = c->iov, .msg_iovlen = c->iov_count};
    enum wasi_errno e = wasi_wait_fd(c, c->fd[0], POLLOUT);

    if (e != WASI_SUCCESS)
        return e;
    ssize_t got = sendmsg(c->fd[0]->host, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (got < 0)
        return wasi_errno_of(errno);
    wasi_put(c->out[0], (uint64_t)got, 4);
    return WASI_SUCCESS;
}

enum wasi_errno wasi_perform_sock_shutdown(struct wasi_call *c)
{
    static const int how[] = {-1, SHUT_RD, SHUT_WR, SHUT_RDWR};

    if (c->num[0] == 0)
        return WASI_INVAL;
    return shutdown(c->fd[0]->host, how[c->num[0]]) == 0 ? WASI_SUCCESS : wasi_errno_of(errno);
}
