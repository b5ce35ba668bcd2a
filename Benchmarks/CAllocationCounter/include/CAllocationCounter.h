// Counts what the process takes from malloc, by standing in malloc's place.
//
// Linked into a program, the program asks for the counts. Built as a shared object and preloaded,
// somebody else reads them: they are then in the file that ALLOCATION_COUNTS names, which is mapped,
// so that reading them costs the process nothing.
#pragma once
#include <stdint.h>

/// Of all threads since the process began. `allocations` counts every call that may take memory:
/// malloc, calloc, realloc, the aligned ones. The file has this layout.
typedef struct {
  uint64_t allocations;
  uint64_t bytes;
  uint64_t frees;
} allocation_counts;

allocation_counts allocation_counter_read(void);
