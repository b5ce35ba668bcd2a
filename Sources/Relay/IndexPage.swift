internal import Downstream

extension Worker {
  /// `GET /`: what runs here, and how to talk to it.
  func indexPage() -> Response {
    let text = """
      deltad: a streaming chat relay. One answer, many readers.

        GET    /healthz
        GET    /v1/models
        POST   /v1/chat/completions   OpenAI-compatible
        POST   /v1/streams            the same body, answered in the background
        GET    /v1/streams/{id}       the answer, from its beginning and then live
        DELETE /v1/streams/{id}       stops it

      """
    return Response(
      status: 200, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
  }
}
