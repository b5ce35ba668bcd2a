// The files of web/, as bytes of the program.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Lives as long as the program.
const uint8_t *cweb_index(size_t *count);
