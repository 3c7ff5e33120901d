// The style sheet of HTML reports. Only render_html.cpp includes this.
#pragma once

namespace tally::report {

inline constexpr const char* kHtmlStyle = R"css(
:root {
  color-scheme: light dark;
  --page: #fbfaf8; --card: #ffffff; --ink: #1d1f24; --soft: #667085; --line: #e4e2dd; --stripe: #f6f4f0;
  --accent: #d9542b; --track: #eeeae3; --good: #18794e; --bad: #c4281c; --warning: #996200;
  --mono: ui-monospace, "SF Mono", "Cascadia Code", "JetBrains Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #131519; --card: #1a1d23; --ink: #e7e6e3; --soft: #98a0ae; --line: #2c3038; --stripe: #20242b;
    --accent: #f5835c; --track: #2b2f37; --good: #4cc38a; --bad: #ff8577; --warning: #e5b454;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
}
main { max-width: 72rem; margin: 0 auto; padding: 3rem 1.5rem 4rem; }
h1, h2, h3, h4 { line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h1 { font-size: clamp(1.3rem, 4vw, 1.75rem); letter-spacing: -0.015em; }
h2 { font-size: 1.2rem; margin-top: 2.75rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
h3 { font-size: 0.95rem; margin: 1.75rem 0 0; }
p { margin: 0.6rem 0 0; max-width: 46rem; overflow-wrap: anywhere; }
dl + p, pre + p, section + p { margin-top: 1.25rem; }
.strong { font-weight: 650; } .muted { color: var(--soft); }
.good { color: var(--good); } .bad { color: var(--bad); } .warning { color: var(--warning); }
dl {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); margin: 1.25rem 0 0;
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow: hidden;
}
dl > div { padding: 0.8rem 1rem; box-shadow: 1px 0 var(--line), 0 1px var(--line), 1px 1px var(--line); }
dt { color: var(--soft); font-size: 0.8rem; }
dd { margin: 0.1rem 0 0; font-size: 1.05rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
pre {
  margin: 1.25rem 0 0; padding: 1rem 1.25rem; overflow-x: auto; background: var(--card);
  border: 1px solid var(--line); border-radius: 10px; font: 13px/1.5 var(--mono);
}
.scroll {
  margin-top: 1rem; overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
}
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
th, td { padding: 0.45rem 1rem; text-align: left; vertical-align: baseline; }
th, .head > span { color: var(--soft); font-weight: 500; font-size: 0.8rem; white-space: nowrap; }
thead th { border-bottom: 1px solid var(--line); }
tbody tr:nth-child(even) { background: var(--stripe); }
tfoot td { border-top: 1px solid var(--line); font-weight: 650; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td { overflow-wrap: break-word; }
td:first-child { min-width: 12rem; overflow-wrap: anywhere; }
td:first-child, .name { font-family: var(--mono); font-size: 0.94em; }
td.share { width: 8rem; min-width: 5rem; }
.bar { display: inline-block; width: 100%; height: 6px; vertical-align: middle; border-radius: 3px; }
.bar .track { fill: var(--track); } .bar .fill { fill: var(--accent); }
.tree { min-width: 46rem; font-size: 0.9rem; }
/* Sizes and weights are set on the cells, not the rows: `ch` must mean the same in every grid. */
.row {
  display: grid; grid-template-columns: var(--columns); column-gap: 1.25rem; padding: 0 1rem; list-style: none;
}
.row > span { padding-block: 0.35rem; align-self: center; overflow-wrap: anywhere; }
.row.head { border-bottom: 1px solid var(--line); }
.row.total { border-top: 1px solid var(--line); }
.row.strong, .row.total { font-weight: inherit; }
.row.strong > span, .row.total > span { font-weight: 650; }
.row:not(.head):not(.total):hover { background: var(--stripe); }
.row > .name {
  position: relative; align-self: stretch; padding-left: calc(var(--depth, 0) * 1.15rem + 1.1rem);
  background: repeating-linear-gradient(to right, transparent 0 0.35rem, var(--line) 0.35rem calc(0.35rem + 1px),
                                        transparent calc(0.35rem + 1px) 1.15rem) no-repeat;
  background-size: calc(var(--depth, 0) * 1.15rem) 100%;
}
.head > .name { font-family: inherit; font-size: 0.8rem; }
summary { cursor: pointer; }
summary::-webkit-details-marker { display: none; }
summary > .name::before {
  content: ""; position: absolute; left: calc(var(--depth, 0) * 1.15rem + 0.15rem); top: calc(0.35rem + 0.42em);
  border: 0.3em solid transparent; border-left: 0.42em solid var(--soft); border-right: 0;
}
details[open] > summary > .name::before { transform: rotate(90deg); }
summary:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
@media (max-width: 46rem) {
  main { padding-inline: 1rem; } .tree { min-width: 38rem; --name: 11rem; --bar: 5rem; }
}
@media print {
  :root { --page: #fff; --card: #fff; --ink: #000; --soft: #555; --line: #ccc; --stripe: #f5f5f5; --track: #e5e5e5; }
  body { font-size: 10pt; } main { max-width: none; padding: 0; }
  .scroll, pre { overflow: visible; } .tree { min-width: 0; font-size: 8pt; --name: 13rem; --bar: 4rem; }
  table { font-size: 8pt; } .row { column-gap: 0.75rem; } th, td { padding-inline: 0.6rem; }
  tfoot { display: table-row-group; }  /* once, not on every page */
  tr, .row, dl > div { break-inside: avoid; } h2, h3 { break-after: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  details::details-content { content-visibility: visible; }
}
)css";

}  // namespace tally::report
