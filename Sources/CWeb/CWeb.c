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
    {"tab-storage.js", "text/javascript; charset=utf-8", FILE_BYTES{
#embed "../../web/tab-storage.js" suffix(, 0)
    }},
    {"qr.js", "text/javascript; charset=utf-8", FILE_BYTES{
#embed "../../web/qr.js" suffix(, 0)
    }},
    {"dashboard", "text/html; charset=utf-8", FILE_BYTES{
#embed "../../web/dashboard.html" suffix(, 0)
    }},
    {"dashboard.css", "text/css; charset=utf-8", FILE_BYTES{
#embed "../../web/dashboard.css" suffix(, 0)
    }},
    {"dashboard.js", "text/javascript; charset=utf-8", FILE_BYTES{
#embed "../../web/dashboard.js" suffix(, 0)
    }},
    {"dashboard-chart.js", "text/javascript; charset=utf-8", FILE_BYTES{
#embed "../../web/dashboard-chart.js" suffix(, 0)
    }},
    {"dashboard-feed.js", "text/javascript; charset=utf-8", FILE_BYTES{
#embed "../../web/dashboard-feed.js" suffix(, 0)
    }},
    {"dashboard-history.js", "text/javascript; charset=utf-8", FILE_BYTES{
#embed "../../web/dashboard-history.js" suffix(, 0)
    }},
    {"dashboard-panels.js", "text/javascript; charset=utf-8", FILE_BYTES{
#embed "../../web/dashboard-panels.js" suffix(, 0)
    }},
    {"dashboard-tables.js", "text/javascript; charset=utf-8", FILE_BYTES{
#embed "../../web/dashboard-tables.js" suffix(, 0)
    }},
    {"dashboard-units.js", "text/javascript; charset=utf-8", FILE_BYTES{
#embed "../../web/dashboard-units.js" suffix(, 0)
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
