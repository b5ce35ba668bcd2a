#include "CWeb.h"

// C23; clang knows it in every mode, and says so.
#pragma clang diagnostic ignored "-Wc23-extensions"

#define FILE_BYTES (const unsigned char[])

// A file is an entry here and nothing else. The zero behind its bytes is for strlen.
static const cweb_file files[] = {
    {"", "text/html; charset=utf-8", FILE_BYTES{
#embed "../../web/index.html" suffix(, 0)
    }},
    {"page.css", "text/css; charset=utf-8", FILE_BYTES{
#embed "../../web/page.css" suffix(, 0)
    }},
    {"page.js", "text/javascript; charset=utf-8", FILE_BYTES{
#embed "../../web/page.js" suffix(, 0)
    }},
    {"viewer.js", "text/javascript; charset=utf-8", FILE_BYTES{
#embed "../../web/viewer.js" suffix(, 0)
    }},
    {"connections.js", "text/javascript; charset=utf-8", FILE_BYTES{
#embed "../../web/connections.js" suffix(, 0)
    }},
    {"event-stream.js", "text/javascript; charset=utf-8", FILE_BYTES{
#embed "../../web/event-stream.js" suffix(, 0)
    }},
    {"qr.js", "text/javascript; charset=utf-8", FILE_BYTES{
#embed "../../web/qr.js" suffix(, 0)
    }},
    {"deltad.js", "text/javascript; charset=utf-8", FILE_BYTES{
#embed "../../web/deltad.js" suffix(, 0)
    }},
    {"deltad.d.ts", "text/plain; charset=utf-8", FILE_BYTES{
#embed "../../web/deltad.d.ts" suffix(, 0)
    }},
    {"openapi.json", "application/json", FILE_BYTES{
#embed "../../web/openapi.json" suffix(, 0)
    }},
};

const cweb_file *cweb_file_at(size_t index) {
  return index < sizeof files / sizeof files[0] ? &files[index] : NULL;
}
