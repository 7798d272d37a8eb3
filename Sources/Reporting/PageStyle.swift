/// The style sheet of the page.
package enum PageStyle {
  package static let css = """
    :root {
      color-scheme: light dark;
      --paper: #ffffff; --card: #ffffff; --ink: #1c2430; --quiet: #5b6675; --line: #d9dee5;
      --soft: #f3f5f8; --link: #005a94; --good: #00664a; --bad: #a63d00; --warn: #fff4e5;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --paper: #121417; --card: #1a1a1a; --ink: #e4e7eb; --quiet: #9ba5b1; --line: #343a42;
        --soft: #1c2025; --link: #7cc0f0; --good: #5fd0aa; --bad: #ffa468; --warn: #33260f;
      }
      figure svg { filter: invert(0.9) hue-rotate(180deg); }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0 auto; max-width: 50rem; padding: 1.5rem 1rem 4rem; background: var(--paper);
      color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", sans-serif;
      overflow-wrap: break-word;
    }
    h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; }
    h2 { font-size: 1.2rem; margin: 2.4rem 0 .6rem; }
    h1 code { font-size: .85em; }
    p { margin: .5rem 0; }
    a { color: var(--link); }
    .quiet, figcaption { color: var(--quiet); }
    .verdict { font-size: 1.1rem; margin: 1.2rem 0; }
    .good { color: var(--good); } .bad { color: var(--bad); }
    .notes { background: var(--warn); border-left: 4px solid var(--bad); padding: .5rem 1rem; margin: 1rem 0; }
    .notes p { margin: .35rem 0; }
    .wide { overflow-x: auto; }
    table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
    th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
    th { font-weight: 600; }
    thead th { color: var(--quiet); font-weight: 500; font-size: .88rem; vertical-align: bottom; }
    td.number, th.number { text-align: right; white-space: nowrap; }
    tr.told td { border-bottom: 0; padding-bottom: 0; }
    tr.note td { padding-top: .1rem; font-size: .88rem; }
    table.options { font-size: .93rem; }
    table.options th { font-weight: 400; color: var(--quiet); width: 40%; }
    figure { margin: 1.2rem 0 2.2rem; }
    figure .wide { border: 1px solid var(--line); border-radius: 6px; background: var(--card); }
    figure svg { display: block; width: 100%; min-width: 32rem; height: auto; }
    figure svg text, figure svg tspan { font-family: system-ui, -apple-system, "Segoe UI", sans-serif; }
    figcaption { font-size: .93rem; margin-top: .5rem; }
    code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .88rem; }
    pre { background: var(--soft); padding: .8rem 1rem; border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; }
    @media print { body { max-width: none; } figure { break-inside: avoid; } }
    """
}
