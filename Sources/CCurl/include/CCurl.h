// libcurl, and what of it Swift cannot call: its variadic functions, one setter per kind of
// argument. Includes and wrappers, nothing else.
#pragma once
#include <curl/curl.h>

CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value);
CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value);
CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, void *value);
CURLcode ccurl_set_size(CURL *easy, CURLoption option, curl_off_t value);
CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value);
CURLcode ccurl_set_write(CURL *easy, curl_write_callback callback);
CURLcode ccurl_set_sockopt(CURL *easy, curl_sockopt_callback callback);
CURLcode ccurl_set_prereq(CURL *easy, curl_prereq_callback callback);

CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value);
CURLMcode ccurl_multi_set_socket(CURLM *multi, curl_socket_callback callback, void *context);
CURLMcode ccurl_multi_set_timer(CURLM *multi, curl_multi_timer_callback callback, void *context);

long ccurl_response_code(CURL *easy);
/// Whether the answer came over HTTP/2.
int ccurl_is_http2(CURL *easy);
/// Our port of the connection that the handle uses: it tells connections apart.
long ccurl_local_port(CURL *easy);
const char *ccurl_content_type(CURL *easy);
void *ccurl_private(CURL *easy);
/// The last value of a response field, or NULL. Valid until the handle is used again.
const char *ccurl_response_field(CURL *easy, const char *name);
/// The next finished transfer, or NULL.
CURL *ccurl_multi_done(CURLM *multi, CURLcode *result);
