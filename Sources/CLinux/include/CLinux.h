// What Linux offers and Swift's Glibc module does not: epoll, eventfd, signalfd, accept4.
// Includes and wrappers, nothing else. Every function answers -errno instead of -1.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

int clinux_epoll_create(void);
int clinux_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t data);

/// `struct epoll_event` with the kernel's layout, without the union that Swift holds for a pointer.
typedef struct
#ifdef __x86_64__
    __attribute__((packed))
#endif
{
  uint32_t events;
  uint64_t data;
} clinux_readiness;

int clinux_epoll_wait(int epoll, clinux_readiness *ready, int count, int timeout_ms);
int clinux_eventfd(void);
int clinux_signalfd(const int *signals, int count);

/// The other end of an accepted socket. `family` is 4, 6, or 1 for a Unix-domain socket.
typedef struct {
  uint8_t family;
  uint8_t address[16];
  uint16_t port;
} clinux_peer;

int clinux_accept(int listener, clinux_peer *peer);
/// A timer of CLOCK_MONOTONIC that is readable when it has gone off.
int clinux_timerfd(void);
/// Sets it to a time in nanoseconds, in place of what was set before; 0 for never.
int clinux_timerfd_set(int timer, uint64_t time);
/// CLOCK_MONOTONIC in nanoseconds.
uint64_t clinux_monotonic(void);
/// Fills at most 256 bytes from getrandom(2), or ends the process: there is no way to go on without.
void clinux_random(void *bytes, size_t count);
/// Processors that this process may run on.
int clinux_processors(void);
/// Names the calling thread, as ps and debuggers show it; 15 bytes at most.
void clinux_name_thread(const char *name);
/// Asks the processor for the cache line at `address`, and does not wait.
static inline void clinux_prefetch(const void *address) { __builtin_prefetch(address, 1, 3); }
/// send(2) of two pieces as one, without SIGPIPE. One may be empty.
ptrdiff_t clinux_send2(int fd, const void *first, size_t first_count, const void *second,
                       size_t second_count);
