/** The style that reports and the live page share: colours for light and dark, text and tables. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --card: #f7f8f9; --ink: #16191d; --muted: #575f69; --line: #d9dde2; --accent: #1f5fa8;
  --s1: #1f5fa8; --s2: #b3480f; --s3: #17774f; --s4: #8a3f8f; --s5: #7a6200; --s6: #a8324a;
  --good: #17774f; --warn: #7a5a00; --bad: #a8324a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14171a; --card: #1c2024; --ink: #e8eaed; --muted: #a3abb5; --line: #343a41; --accent: #82b4ee;
    --s1: #82b4ee; --s2: #f0a070; --s3: #6fd0a5; --s4: #d79bdc; --s5: #dcc25a; --s6: #f08ca0;
    --good: #6fd0a5; --warn: #dcc25a; --bad: #f08ca0;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1.25rem 3rem; max-width: 72rem; background: var(--paper); color: var(--ink);
  font: 0.95rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 0.25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 0.75rem; }
h3 { font-size: 0.95rem; margin: 0 0 0.25rem; }
p { margin: 0.5rem 0; }
a { color: var(--accent); }
code, pre { font-family: ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.85rem; }
.muted { color: var(--muted); }
.scroll { overflow-x: auto; }
.scroll + .scroll { margin-top: 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.9rem 0.3rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { color: var(--muted); font-weight: 600; font-size: 0.85rem; vertical-align: bottom; }
tbody th { font-weight: 600; }
td.number, th.number { text-align: right; white-space: nowrap; padding-left: 0.6rem; }
thead th.number { white-space: normal; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 0.75rem; margin: 1.25rem 0; padding: 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 0.6rem 0.8rem; margin: 0; }
.tile dt { color: var(--muted); font-size: 0.8rem; }
.tile dd { margin: 0; font-size: 1.3rem; font-weight: 650; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.tile .note { display: block; color: var(--muted); font-size: 0.8rem; font-weight: 400; }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 999px; padding: 0 0.6rem; font-size: 0.8rem; font-weight: 600; }
.badge.done, .badge.running { color: var(--good); }
.badge.stopped, .badge.paused, .badge.starting, .badge.waiting { color: var(--warn); }
.badge.failed { color: var(--bad); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.25rem; }
figure { margin: 0; }
svg.chart { display: block; width: 100%; height: auto; }
.chart text { fill: var(--muted); font-size: 11px; }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart .curve { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
.chart .ink { fill: var(--ink); }
.chart .bar { fill: var(--s1); }
.chart .rest { fill: var(--line); }
.legend { display: flex; flex-wrap: wrap; gap: 0.15rem 1rem; margin: 0.25rem 0 0; padding: 0; list-style: none; font-size: 0.82rem; color: var(--muted); }
.legend svg { width: 22px; height: 8px; margin-right: 0.35rem; vertical-align: middle; }
${[1, 2, 3, 4, 5, 6].map((i) => `.s${i} { stroke: var(--s${i}); } .f${i} { fill: var(--s${i}); }`).join('\n')}
.s2 { stroke-dasharray: 6 2; } .s3 { stroke-dasharray: 2 2; } .s4 { stroke-dasharray: 8 2 2 2; }
.s5 { stroke-dasharray: 1 3; } .s6 { stroke-dasharray: 10 4; }
`
