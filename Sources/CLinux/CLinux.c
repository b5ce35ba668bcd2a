#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>

static int answer(int result) { return result < 0 ? -errno : result; }

int clinux_epoll_create(void) { return answer(epoll_create1(EPOLL_CLOEXEC)); }

int clinux_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t data) {
  struct epoll_event event = {.events = events, .data = {.u64 = data}};
  return answer(epoll_ctl(epoll, operation, fd, &event));
}

_Static_assert(sizeof(clinux_readiness) == sizeof(struct epoll_event), "layout of epoll_event");

int clinux_epoll_wait(int epoll, clinux_readiness *ready, int count, int timeout_ms) {
  return answer(epoll_wait(epoll, (struct epoll_event *)ready, count, timeout_ms));
}

int clinux_eventfd(void) { return answer(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

int clinux_signalfd(const int *signals, int count) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < count; i++) sigaddset(&set, signals[i]);
  int blocked = pthread_sigmask(SIG_BLOCK, &set, NULL);
  if (blocked != 0) return -blocked;
  return answer(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

int clinux_accept(int listener, clinux_peer *peer) {
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  int fd = accept4(listener, (struct sockaddr *)&address, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return -errno;
  memset(peer, 0, sizeof *peer);
  if (address.ss_family == AF_INET) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
    peer->family = 4;
    memcpy(peer->address, &v4->sin_addr, 4);
    peer->port = ntohs(v4->sin_port);
  } else if (address.ss_family == AF_INET6) {
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
    // An IPv4 client of a socket that takes both (RFC 4291, section 2.5.5.2).
    bool is_mapped = IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr);
    peer->family = is_mapped ? 4 : 6;
    memcpy(peer->address, v6->sin6_addr.s6_addr + (is_mapped ? 12 : 0), is_mapped ? 4 : 16);
    peer->port = ntohs(v6->sin6_port);
  } else {
    peer->family = 1;
  }
  return fd;
}

int clinux_timerfd(void) {
  return answer(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
}

int clinux_timerfd_set(int timer, uint64_t time) {
  struct itimerspec setting = {.it_value = {.tv_sec = (time_t)(time / 1000000000u),
                                            .tv_nsec = (long)(time % 1000000000u)}};
  return answer(timerfd_settime(timer, TFD_TIMER_ABSTIME, &setting, NULL));
}

uint64_t clinux_monotonic(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void clinux_random(void *bytes, size_t count) {
  if (getrandom(bytes, count, 0) != (ssize_t)count) abort();
}

int clinux_processors(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) < 0) return -errno;
  return CPU_COUNT(&set);
}

void clinux_name_thread(const char *name) { prctl(PR_SET_NAME, name); }

ptrdiff_t clinux_send2(int fd, const void *first, size_t first_count, const void *second,
                       size_t second_count) {
  ptrdiff_t sent;
  if (second_count == 0) {
    sent = send(fd, first, first_count, MSG_NOSIGNAL | MSG_DONTWAIT);
  } else if (first_count == 0) {
    sent = send(fd, second, second_count, MSG_NOSIGNAL | MSG_DONTWAIT);
  } else {
    struct iovec parts[2] = {{(void *)first, first_count}, {(void *)second, second_count}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  return sent < 0 ? -errno : sent;
}
