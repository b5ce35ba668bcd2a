#include "CWeb.h"

// C23; clang knows it in every mode, and says so.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const uint8_t index_page[] = {
#embed "../../web/index.html"
};

static const uint8_t openapi_document[] = {
#embed "../../web/openapi.json"
};

const uint8_t *cweb_index(size_t *count) {
  *count = sizeof index_page;
  return index_page;
}

const uint8_t *cweb_openapi(size_t *count) {
  *count = sizeof openapi_document;
  return openapi_document;
}
