/// Payloads in the manner of several providers.
enum ChunkVectors {
  static let role =
    #"{"id":"chatcmpl-AbC","object":"chat.completion.chunk","created":1721075653,"#
    + #""model":"gpt-4o-mini-2024-07-18","service_tier":"default","#
    + #""system_fingerprint":"fp_8b761cb050","choices":[{"index":0,"delta":"#
    + #"{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"#
    + #""usage":null,"obfuscation":"aB3x"}"#
  static let text =
    #"{"id":"chatcmpl-AbC","object":"chat.completion.chunk","created":1721075653,"#
    + #""model":"gpt-4o-mini-2024-07-18","system_fingerprint":"fp_8b761cb050","#
    + #""choices":[{"index":0,"delta":{"content":" hello"},"logprobs":null,"#
    + #""finish_reason":null}],"usage":null,"obfuscation":"q"}"#
  static let escapes =
    #"{"choices":[{"delta":{"content":"a \"q\"\n\ud83d\ude00\/"},"index":0}],"id":"x"}"#
  static let finish =
    #"{"id":"chatcmpl-AbC","object":"chat.completion.chunk","created":1721075653,"#
    + #""model":"gpt-4o-mini-2024-07-18","choices":[{"index":0,"delta":{},"#
    + #""finish_reason":"stop"}],"usage":null}"#
  static let usageOnly =
    #"{"id":"chatcmpl-AbC","object":"chat.completion.chunk","created":1721075653,"#
    + #""model":"gpt-4o-mini-2024-07-18","choices":[],"usage":{"prompt_tokens":19,"#
    + #""completion_tokens":10,"total_tokens":29,"#
    + #""prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0}}}"#
  /// The usage beside the last part of the answer.
  static let finishWithUsage =
    #"{"choices":[{"index":0,"delta":{"content":""},"finish_reason":"length","#
    + #""stop_reason":null}],"usage":{"total_tokens":12,"prompt_tokens":5}}"#
  static let reasoningContent =
    #"{"id":"r1","choices":[{"index":0,"delta":{"content":null,"#
    + #""reasoning_content":"Let me"},"logprobs":null,"finish_reason":null}]}"#
  /// Both names, and details beside.
  static let reasoning =
    #"{"id":"gen-1","provider":"P","model":"m","object":"chat.completion.chunk","created":1,"#
    + #""choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning":" think","#
    + #""reasoning_content":null,"reasoning_details":[{"type":"reasoning.text","text":" think"}]},"#
    + #""finish_reason":null,"native_finish_reason":null,"logprobs":null}]}"#
  static let toolStart =
    #"{"id":"t","choices":[{"index":0,"delta":{"role":"assistant","content":null,"#
    + #""tool_calls":[{"index":0,"id":"call_1","type":"function","#
    + #""function":{"name":"weather","arguments":""}}]},"finish_reason":null}]}"#
  static let toolFragment =
    #"{"id":"t","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":"#
    + #"{"arguments":"{\"city\":"}}]},"finish_reason":null}]}"#
  static let functionCall =
    #"{"choices":[{"index":0,"delta":{"function_call":{"name":"f","arguments":"{"}}}]}"#
  static let refusal =
    #"{"choices":[{"index":0,"delta":{"refusal":"I cannot"},"finish_reason":null}]}"#
  /// What some providers say of the prompt before they answer.
  static let promptFilter =
    #"{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":"#
    + #"[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false}}}]}"#
  static let secondChoice =
    #"{"choices":[{"index":1,"delta":{"content":"other"},"finish_reason":null}]}"#
  static let bothChoices =
    #"{"choices":[{"delta":{"content":"one"},"index":1},{"delta":{"content":"zero"},"index":0}]}"#
  static let noDelta = #"{"choices":[{"index":0,"finish_reason":"stop"}]}"#
  static let allNull =
    #"{"id":null,"choices":[{"index":null,"delta":{"content":null,"tool_calls":null,"#
    + #""reasoning":null,"refusal":null,"function_call":null},"finish_reason":null}],"#
    + #""usage":null,"error":null}"#
  static let emptyFinish =
    #"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":""}]}"#
  static let contentInParts =
    #"{"choices":[{"index":0,"delta":{"content":[{"type":"text","text":"p"}]}}]}"#
  static let strangeKinds =
    #"{"id":[],"choices":[7,null,{"index":"0","delta":"x","finish_reason":3}],"usage":[1]}"#
  static let strangeChoices = #"{"choices":{"index":0},"error":null}"#
  static let spaced =
    " {\n \"choices\" : [ { \"delta\" : { \"content\" : \"s\" } , \"index\" : 0 } ]\r\n}\t"
  static let errorObject =
    #"{"error":{"message":"The server is \"busy\"","type":"server_error","param":null,"code":529}}"#
  static let errorString = #"{"error":"model not found"}"#
  static let errorWithChoices =
    #"{"id":"gen-1","error":{"code":"server_error","message":"gone"},"choices":"#
    + #"[{"index":0,"delta":{"content":""},"finish_reason":"error"}]}"#
  static let errorOnTop =
    #"{"object":"error","message":"too long","type":"BadRequestError","param":null,"code":400}"#
  static let errorEmpty = #"{"error":{}}"#
  static let escapedKeys =
    #"{"\u0063hoices":[{"index":0,"d\u0065lta":{"conten\u0074":"k"}}]}"#

  static let all: [String] = [
    role, text, escapes, finish, usageOnly, finishWithUsage, reasoningContent, reasoning,
    toolStart, toolFragment, functionCall, refusal, promptFilter, secondChoice, bothChoices,
    noDelta, allNull, emptyFinish, contentInParts, strangeKinds, strangeChoices, spaced,
    errorObject, errorString, errorWithChoices, errorOnTop, errorEmpty, escapedKeys, "{}",
  ]
}
