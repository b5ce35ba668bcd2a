// The files of web/, as bytes of the program. They live as long as it does.
#pragma once
#include <stddef.h>

typedef struct {
  // Without the slash before it; empty for the page itself.
  const char *path;
  const char *content_type;
  // Text, ended by a zero.
  const unsigned char *bytes;
} cweb_file;

// NULL behind the last one.
const cweb_file *cweb_file_at(size_t index);
