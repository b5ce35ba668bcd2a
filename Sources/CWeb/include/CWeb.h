// The files of web/, as bytes of the program. They live as long as it does.
#pragma once
#include <stddef.h>
#include <stdint.h>

const uint8_t *cweb_index(size_t *count);
const uint8_t *cweb_openapi(size_t *count);
