/// Pieces of a page; all text from outside goes through ``escape(_:)``.
package enum HTML {
  /// Text as it may stand between tags and in quoted attributes.
  package static func escape(_ text: some StringProtocol) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
      default:
        // Control characters are not allowed in a page, not even as references.
        if scalar.value < 32 || (0x7F...0x9F).contains(scalar.value) {
          result += "\u{FFFD}"
        } else {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result
  }

  /// The name of a file as a relative link.
  package static func link(_ path: String, _ text: String) -> String {
    "<a href=\"\(escape(path))\">\(escape(text))</a>"
  }

  /// A picture as gnuplot writes it, to stand within a page: without prologue, namespaces and tooltips,
  /// its names made distinct from those of other pictures.
  package static func inline(svg: String, name: String, label: String) -> String? {
    guard let begin = svg.firstRange(of: "<svg") else { return nil }
    var body = String(svg[begin.lowerBound...])
    body = removing("<title>", to: "</title>", from: body)
    body = removing("<desc>", to: "</desc>", from: body)
    for namespace in ["xmlns=\"", "xmlns:xlink=\""] {
      body = removing(namespace, to: "\"", from: body)
    }
    for reference in ["id=\"", "id='", "href=\"#", "href='#", "url(#"] {
      body = body.replacing(reference, with: "\(reference)\(name)-")
    }
    return "<svg role=\"img\" aria-label=\"\(escape(label))\"" + body.dropFirst(4).trimmingNewlines
  }

  private static func removing(_ start: String, to end: String, from text: String) -> String {
    var result = ""
    var rest = text[...]
    while let begin = rest.firstRange(of: start) {
      guard let finish = rest[begin.upperBound...].firstRange(of: end) else { break }
      result += rest[..<begin.lowerBound]
      rest = rest[finish.upperBound...]
    }
    return result + rest
  }
}
