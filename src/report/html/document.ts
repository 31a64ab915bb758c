import { type Html, html, raw } from './html.js'
import { style } from './style.js'

const reportStyle = `
.quote { border-left: 4px solid var(--accent); background: var(--card); margin: 0.75rem 0; padding: 0.6rem 0.9rem; border-radius: 0 8px 8px 0; }
.histograms { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 1rem; }
.picture { max-width: 100%; height: auto; border: 1px solid var(--line); border-radius: 8px; background: #fff; }
.settings { overflow-wrap: anywhere; }
footer { margin-top: 3rem; color: var(--muted); font-size: 0.85rem; }
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --card: #fff; --ink: #000; --muted: #444; --line: #bbb; --accent: #1f5fa8;
    --s1: #1f5fa8; --s2: #b3480f; --s3: #17774f; --s4: #8a3f8f; --s5: #7a6200; --s6: #a8324a;
  }
  body { font-size: 10pt; max-width: none; padding: 0; }
  .charts { grid-template-columns: 1fr 1fr; }
  figure, tr, .tile, .quote { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  .bar, .rest, .tile { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`

/** A self-contained page: it includes its style, has no scripts and loads nothing. */
export const documentOf = (title: string, body: Html): string =>
  `<!doctype html>\n${
    html`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"><title>${title}</title><style>${raw(style + reportStyle)}</style></head>
<body><main>
${body}
</main></body></html>
`.html
  }`
