/// One key of an object in the schema: how it is read into `Root`, and what the documentation of
/// the file has to say about it.
struct Field<Root> {
  var key: String
  /// What is expected when the key is missing; nil for a key that may be.
  var required: String?
  var read: (JSON5Value, DocumentPath, inout SchemaReader, inout Root) -> Void
  /// The key itself and every key below it, with the defaults that a fresh `Root` has.
  var documented: (Root) -> [DocumentedKey]
}

/// What `etc/deltad.json5` has to say about a key; a test compares.
struct DocumentedKey: Equatable {
  /// With `[]` for any index: `upstreams[].timeouts.connect`.
  var path: String
  /// The default as JSON5 text; nil when there is none.
  var value: String?
  /// The bounds as a message names them; nil when there are none.
  var bounds: String?

  func below(_ prefix: String) -> DocumentedKey {
    DocumentedKey(path: prefix + path, value: value, bounds: bounds)
  }
}

extension Field {
  static func value<Value>(
    _ key: String, _ target: WritableKeyPath<Root, Value>, _ kind: Kind<Value>,
    isRequired: Bool = false
  ) -> Field {
    Field(
      key: key, required: isRequired ? kind.expected(nil) : nil,
      read: { value, path, reader, root in
        let example = isRequired ? nil : kind.write(root[keyPath: target])
        if let read = kind.read(value, at: path, example: example, reporting: &reader) {
          root[keyPath: target] = read
        }
      },
      documented: { root in
        let text = isRequired ? nil : kind.write(root[keyPath: target])
        return [DocumentedKey(path: key, value: text, bounds: kind.bounds)]
      })
  }

  /// An array of plain values.
  static func values<Value>(
    _ key: String, _ target: WritableKeyPath<Root, [Value]>, _ kind: Kind<Value>,
    count: ClosedRange<Int>, of what: String
  ) -> Field {
    let bounds = "at most \(count.upperBound)"
    return Field(
      key: key,
      read: { value, path, reader, root in
        guard case .array(let values) = value.content, count ~= values.count else {
          return reader.report(
            path, found: "found \(value.type)",
            expected: "expected an array of \(what), \(bounds)")
        }
        var read: [Value] = []
        for (index, value) in values.enumerated() {
          reader.visit(path[index], start: value.start, end: value.end)
          if let value = kind.read(value, at: path[index], example: nil, reporting: &reader) {
            read.append(value)
          }
        }
        root[keyPath: target] = read
      },
      documented: { root in
        let values = root[keyPath: target].compactMap(kind.write).joined(separator: ",")
        return [DocumentedKey(path: key, value: "[\(values)]", bounds: bounds)]
      })
  }

  /// A key without a default.
  static func value<Value>(
    _ key: String, _ target: WritableKeyPath<Root, Value?>, _ kind: Kind<Value>
  ) -> Field {
    Field(
      key: key,
      read: { value, path, reader, root in
        if let read = kind.read(value, at: path, example: nil, reporting: &reader) {
          root[keyPath: target] = read
        }
      },
      documented: { _ in [DocumentedKey(path: key, value: nil, bounds: kind.bounds)] })
  }

  /// An object.
  static func section<Value>(
    _ key: String, _ target: WritableKeyPath<Root, Value>, _ fields: [Field<Value>]
  ) -> Field {
    Field(
      key: key,
      read: { value, path, reader, root in
        reader.read(value, at: path, by: fields, into: &root[keyPath: target])
      },
      documented: { root in
        [DocumentedKey(path: key, value: nil, bounds: nil)]
          + fields.flatMap { $0.documented(root[keyPath: target]) }.map { $0.below(key + ".") }
      })
  }

  /// An array. Every element of the file has an element in `Root`, a refused one that of `blank`,
  /// so that indices agree for the checks that follow.
  static func list<Element>(
    _ key: String, _ target: WritableKeyPath<Root, [Element]>, count: ClosedRange<Int>,
    expected: String, isRequired: Bool = false, blank: Element,
    documented: @escaping (Root) -> [DocumentedKey],
    element: @escaping (JSON5Value, DocumentPath, inout SchemaReader) -> Element?
  ) -> Field {
    Field(
      key: key, required: isRequired ? expected : nil,
      read: { value, path, reader, root in
        guard case .array(let values) = value.content, count ~= values.count else {
          var found = value.type
          if case .array(let values) = value.content, !values.isEmpty {
            found = "\(values.count) elements"
          }
          return reader.report(path, found: "found \(found)", expected: "expected \(expected)")
        }
        root[keyPath: target] = values.enumerated().map { index, value in
          reader.visit(path[index], start: value.start, end: value.end)
          return element(value, path[index], &reader) ?? blank
        }
      },
      documented: documented)
  }
}
