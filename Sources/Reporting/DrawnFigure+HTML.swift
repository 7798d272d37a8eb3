extension DrawnFigure {
  /// The figure as a page in the folder above `figures` shows it: picture, caption, links to its files.
  package var html: String {
    let links = ["svg", "gp", "dat"].filter { $0 != "svg" || svg != nil }.map {
      HTML.link("figures/\(figure.name).\($0)", "\(figure.name).\($0)")
    }.joined(separator: " · ")
    let picture = svg.flatMap { HTML.inline(svg: $0, name: figure.name, label: figure.title) }
    let shown =
      picture.map { "<div class=\"wide\">\n\($0)\n</div>" }
      ?? "<p class=\"bad\">Not drawn. With gnuplot installed, run <code>gnuplot \(figure.name).gp</code> in the folder <code>figures</code>.</p>"
    return """
      <figure id="\(figure.name)">
      \(shown)
      <figcaption><strong>\(HTML.escape(figure.title)).</strong> \(HTML.escape(figure.caption)) \(links)</figcaption>
      </figure>
      """
  }
}
