extension Outcome {
  /// One page for a browser: figures, latencies, and plots. It needs no other file and no script.
  public func html(failures: [String]) -> String {
    let title = "deltaload \(scenario)"
    var body = "<h1>\(title)</h1>\n"
    let asked = settings.map { "\($0.name): \($0.value)" }.joined(separator: " · ")
    body += "<p>\(HTML.escaped(asked))</p>\n"
    if failures.isEmpty {
      body += "<p class=\"good\">All is as expected.</p>\n"
    } else {
      body += failures.map { "<p class=\"bad\">\(HTML.escaped($0))</p>\n" }.joined()
    }
    if let firstError { body += "<p>First error: \(HTML.escaped(firstError))</p>\n" }
    body += latencyTable + percentilePlot + timePlots + figureTable
    return """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8"><title>\(title)</title>
      <meta name="viewport" content="width=device-width">
      <style>\(HTML.style)</style></head>
      <body>
      \(body)</body></html>

      """
  }

  private var figureTable: String {
    let rows = figures.map { figure in
      "<tr><td>\(figure.name)</td><td class=\"n\">"
        + "\(HTML.escaped(Quantity.show(figure.value, figure.unit)))</td></tr>\n"
    }
    return "<h2>Figures</h2>\n<table>\n\(rows.joined())</table>\n"
  }

  private var latencyTable: String {
    guard !histograms.isEmpty else { return "" }
    let titles = ["", "count", "min", "mean"] + Self.percents.map(\.name) + ["max"]
    var text = "<h2>Latencies</h2>\n<table>\n<tr>"
    text += titles.map { "<th>\($0)</th>" }.joined() + "</tr>\n"
    for (name, histogram) in histograms {
      let values =
        [Double(histogram.minimum), histogram.mean]
        + Self.percents.map { Double(histogram.percentile($0.value)) }
        + [Double(histogram.maximum)]
      let cells = ["\(histogram.count)"] + values.map { Quantity.show($0, .time) }
      text += "<tr><td>\(name)</td>"
      text += cells.map { "<td class=\"n\">\($0)</td>" }.joined() + "</tr>\n"
    }
    return text + "</table>\n"
  }

  /// Where the curves are drawn: at 50 %, 90 %, 99 % and so on, evenly.
  private static let nines: [Double] = (0...40).map { step in
    var rest = 1.0
    for _ in 0..<(step / 10) { rest /= 10 }
    // Between two powers of ten, along the straight line in the logarithm: 10^(-k/10).
    let tenths: [Double] = [
      1, 0.794_328, 0.630_957, 0.501_187, 0.398_107, 0.316_228, 0.251_189, 0.199_526, 0.158_489,
      0.125_893,
    ]
    return 100 * (1 - rest * tenths[step % 10])
  }

  private var percentilePlot: String {
    guard !histograms.isEmpty else { return "" }
    var plot = Plot(title: "Latency by percentile", unit: .time)
    plot.isLogarithmic = true
    plot.ticks = [(0, "0"), (10, "90 %"), (20, "99 %"), (30, "99.9 %"), (40, "99.99 %")]
    for (name, histogram) in histograms {
      plot.add(
        name,
        Self.nines.enumerated().map { (Double($0), Double(histogram.percentile($1))) })
    }
    return plot.svg
  }

  private var timePlots: String {
    guard samples.count > 1 else { return "" }
    var plots = ""
    func plot(_ title: String, _ unit: FigureUnit, _ value: (Sample) -> Double) {
      guard samples.contains(where: { value($0) > 0 }) else { return }
      var plot = Plot(title: title, unit: unit)
      plot.setTimes(upTo: samples.last?.seconds ?? 0)
      plot.add("", samples.map { ($0.seconds, value($0)) })
      plots += plot.svg
    }
    plot("Events per second", .number) { $0.eventsPerSecond }
    plot("Requests per second", .number) { $0.requestsPerSecond }
    plot("Resident memory", .bytes) { Double($0.residentBytes) }
    plot("Descriptors", .number) { Double($0.descriptors) }
    for (index, name) in gaugeNames.enumerated() {
      plot(HTML.escaped(name), .number) { $0.gauges.count > index ? $0.gauges[index] : 0 }
    }
    return plots
  }
}

enum HTML {
  static let style = """
    :root { color-scheme: light dark; --ink: #1c2330; --paper: #fff; --line: #ccd3dd; }
    @media (prefers-color-scheme: dark) {
      :root { --ink: #e3e8ef; --paper: #12161d; --line: #3a4454; } }
    body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
      max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
    table { border-collapse: collapse; } td, th { padding: .15rem .8rem .15rem 0;
      border-bottom: 1px solid var(--line); text-align: left; } .n { text-align: right; }
    .good { color: #2a8a4a; } .bad { color: #d0483e; } svg { width: 100%; height: auto; }
    svg text { fill: var(--ink); font-size: 11px; } .grid { stroke: var(--line); }
    .curve { fill: none; stroke-width: 1.6; }
    """

  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "\"": result += "&quot;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

/// Curves over one axis, as SVG.
private struct Plot {
  private static let (width, height, left, bottom, top) = (760.0, 220.0, 70.0, 24.0, 10.0)
  private static let colors = ["#3b7dd8", "#e0803a", "#3fa66a", "#b65fc2", "#c9a227", "#d0483e"]

  let title: String
  let unit: FigureUnit
  /// Of the values: powers of ten lie evenly.
  var isLogarithmic = false
  /// Along the other axis: where, and what stands there.
  var ticks: [(place: Double, text: String)] = []
  private var curves: [(name: String, points: [(x: Double, y: Double)])] = []

  init(title: String, unit: FigureUnit) {
    self.title = title
    self.unit = unit
  }

  mutating func setTimes(upTo seconds: Double) {
    ticks = (0...4).map { step in
      let time = seconds * Double(step) / 4
      return (time, Quantity.fixed(time, seconds < 20 ? 1 : 0) + " s")
    }
  }

  mutating func add(_ name: String, _ points: [(Double, Double)]) {
    curves.append((name, points.map { (x: $0.0, y: $0.1) }))
  }

  var svg: String {
    let all = curves.flatMap(\.points)
    let widest = max(ticks.last?.place ?? 1, all.map(\.x).max() ?? 1, 1e-9)
    let scale = scale(all.map(\.y))
    func across(_ x: Double) -> Double {
      Self.left + (Self.width - Self.left - 10) * x / widest
    }
    var text = "<h2>\(title)</h2>\n<svg viewBox=\"0 0 790 220\" role=\"img\">\n"
    for line in scale.lines {
      let y = Quantity.fixed(scale.place(line), 1)
      text += "<line class=\"grid\" x1=\"70\" x2=\"750\" y1=\"\(y)\" y2=\"\(y)\"/>"
      text += "<text x=\"64\" y=\"\(y)\" dy=\"4\" text-anchor=\"end\">"
      text += "\(Quantity.show(line, unit))</text>\n"
    }
    for tick in ticks {
      text += "<text x=\"\(Quantity.fixed(across(tick.place), 1))\" y=\"214\" "
      text += "text-anchor=\"middle\">\(tick.text)</text>\n"
    }
    for (index, curve) in curves.enumerated() {
      let color = Self.colors[index % Self.colors.count]
      let points = curve.points.map {
        "\(Quantity.fixed(across($0.x), 1)),\(Quantity.fixed(scale.place($0.y), 1))"
      }
      text += "<polyline class=\"curve\" stroke=\"\(color)\" "
      text += "points=\"\(points.joined(separator: " "))\"/>\n"
      guard !curve.name.isEmpty else { continue }
      text += "<text x=\"80\" y=\"\(22 + 14 * index)\" style=\"fill:\(color)\">"
      text += "\(curve.name)</text>\n"
    }
    return text + "</svg>\n"
  }

  /// Where the grid's lines are, and where a value stands.
  private func scale(_ values: [Double]) -> (lines: [Double], place: (Double) -> Double) {
    let bottom = Self.height - Self.bottom
    let tall = bottom - Self.top
    let greatest = max(values.max() ?? 1, 1e-9)
    guard isLogarithmic else {
      let top = Self.rounded(greatest)
      return ((0...4).map { top * Double($0) / 4 }, { bottom - tall * $0 / top })
    }
    // From a microsecond up; what is faster lies on the ground.
    let ground = 1000.0
    var lines = [ground]
    while let last = lines.last, last < greatest, lines.count < 12 { lines.append(last * 10) }
    if lines.count == 1 { lines.append(ground * 10) }
    let decades = Double(lines.count - 1)
    return (lines, { bottom - tall * Self.decades(max($0, ground) / ground) / decades })
  }

  /// The next of 1, 2, 2.5, 5 and 10 times a power of ten.
  private static func rounded(_ value: Double) -> Double {
    var power = 1.0
    while power * 10 <= value { power *= 10 }
    while power > value { power /= 10 }
    return [1, 2, 2.5, 5, 10].map { $0 * power }.first { $0 >= value } ?? 10 * power
  }

  /// The logarithm to base 10 of 1 and more, to a thousandth: enough for a picture.
  private static func decades(_ value: Double) -> Double {
    var (rest, whole) = (value, 0.0)
    while rest >= 10 {
      rest /= 10
      whole += 1
    }
    var (fraction, weight) = (0.0, 0.5)
    for _ in 0..<10 {
      rest *= rest
      if rest >= 10 {
        rest /= 10
        fraction += weight
      }
      weight /= 2
    }
    return whole + fraction
  }
}
