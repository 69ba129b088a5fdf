/** The one sheet of all pages. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#fbf8f1, #15181e);
  --desk: light-dark(#f4efe4, #101318);
  --tint: light-dark(#f0e9da, #20252e);
  --ink: light-dark(#26221b, #e8e3d8);
  --ink-soft: light-dark(#655d4f, #a6a196);
  --hairline: light-dark(#e2dac9, #2b303a);
  --hairline-firm: light-dark(#8f8571, #747b88);
  --accent: light-dark(#97391d, #e9a47f);
  --well: light-dark(#2f6b4f, #7fc3a0);
  --danger: light-dark(#a3201b, #f2918a);
  --c1: light-dark(#4a6a94, #7f9fca);
  --c2: light-dark(#b98a2f, #cda455);
  --c3: light-dark(#4c8076, #74aa9f);
  --c4: light-dark(#97391d, #e9a47f);
  --c5: light-dark(#8a5f86, #b48ab0);
  --c6: light-dark(#7d8799, #8a94a8);
  --c7: light-dark(#5d6f2c, #a9bd6f);
  --c8: light-dark(#b0a58e, #4a5160);
  --sans: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', sans-serif;
  --serif: 'Iowan Old Style', Charter, 'Bitstream Charter', 'Source Serif 4', 'Palatino Linotype', Palatino, Georgia,
    'Noto Serif', serif;
  --mono: ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace;
  --touch: 36px;
}
@media (pointer: coarse) {
  :root { --touch: 44px; }
}
*, *::before, *::after { box-sizing: border-box; }
html {
  background: var(--paper);
  color: var(--ink);
  font: 400 0.9375rem/1.6 var(--sans);
  -webkit-text-size-adjust: 100%;
  text-size-adjust: 100%;
  accent-color: var(--accent);
}
body { margin: 0; overflow-wrap: anywhere; }
h1, h2, p, ul, ol, dl, dd, figure { margin: 0; padding: 0; }
ul, ol { list-style: none; }
h1 { font: 400 1.75rem/1.25 var(--serif); letter-spacing: -0.01em; text-wrap: balance; }
h2 { margin: 0 0 0.75rem; font: 400 1.25rem/1.35 var(--serif); }
a { color: inherit; text-decoration-color: var(--hairline-firm); text-underline-offset: 0.2em; }
a:hover { text-decoration-color: currentcolor; }
code, pre { font: 0.875em/1.5 var(--mono); }
table { width: 100%; border-collapse: collapse; font-size: 0.875rem; }
th, td { padding: 0.45rem 0.75rem; border-bottom: 1px solid var(--hairline); text-align: start; vertical-align: top; }
th { font-weight: 400; }
thead th { color: var(--ink-soft); font-size: 0.8125rem; white-space: nowrap; }
tbody th { min-width: 11rem; }
th:first-child, td:first-child { padding-inline-start: 0; }
th:last-child, td:last-child { padding-inline-end: 0; }
.number, time { font-variant-numeric: tabular-nums; white-space: nowrap; }
th.number, td.number { text-align: end; }
.fine { color: var(--ink-soft); font-size: 0.8125rem; }
.none { color: var(--ink-soft); }
.lead { max-width: 52ch; margin-top: 0.75rem; color: var(--ink-soft); font: 400 1.0625rem/1.6 var(--serif); }
.ill { color: var(--danger); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.scroll { overflow-x: auto; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
main:focus-visible { outline: none; }
mark { padding: 0 0.1em; border-radius: 2px; background: color-mix(in srgb, var(--c2) 34%, transparent); color: inherit; }

.skip { position: absolute; inset: 0.5rem auto auto 0.5rem; padding: 0.4rem 0.75rem; background: var(--ink); color: var(--paper); transform: translateY(-200%); }
.skip:focus { transform: none; }
.top { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.25rem 2rem; padding: 0.75rem max(1.25rem, calc(50vw - 36rem)); border-bottom: 1px solid var(--hairline); background: var(--desk); }
.brand { font: 400 1.125rem/1.4 var(--serif); }
.brand span { margin-inline-start: 0.5rem; color: var(--ink-soft); font: 400 0.8125rem/1.4 var(--sans); }
.top ul, .tabs ul { display: flex; flex-wrap: wrap; gap: 0 1.25rem; }
.top a, .tabs a { display: inline-flex; align-items: center; min-height: var(--touch); border-bottom: 2px solid transparent; text-decoration: none; color: var(--ink-soft); }
.top a:hover, .tabs a:hover { color: var(--ink); }
.top a[aria-current], .tabs a[aria-current] { border-bottom-color: var(--accent); color: var(--ink); }
main { display: block; max-width: 74.5rem; margin: 0 auto; padding: 1.75rem 1.25rem 4rem; }
main > * + * { margin-top: 1.5rem; }
main > .fine + h1 { margin-top: 0.25rem; }
.tabs { border-bottom: 1px solid var(--hairline); }
.tabs li { margin-bottom: -1px; }

.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(11rem, 100%), 1fr)); gap: 1px; border: 1px solid var(--hairline); background: var(--hairline); }
.tiles > div { padding: 0.75rem 1rem 0.85rem; background: var(--paper); }
.tiles dt { color: var(--ink-soft); font-size: 0.8125rem; }
.tiles dd { font: 400 1.375rem/1.35 var(--serif); font-variant-numeric: tabular-nums; }
.facts { display: flex; flex-wrap: wrap; gap: 0.35rem 1.75rem; }
.facts > div { display: flex; gap: 0.5rem; }
.facts dt { color: var(--ink-soft); white-space: nowrap; }
.label { margin-inline-start: 0.35rem; padding: 0.05rem 0.4rem; border: 1px solid var(--hairline); border-radius: 3px; color: var(--ink-soft); font-size: 0.75rem; }
.health li { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.5rem; }
.health li::before { content: ''; width: 0.6rem; height: 0.6rem; border-radius: 50%; background: var(--well); }
.health .ill::before { border-radius: 1px; background: var(--danger); }

.filters { display: flex; flex-wrap: wrap; align-items: end; gap: 0.75rem 1rem; }
.filters label { display: grid; gap: 0.15rem; flex: 1 1 9rem; color: var(--ink-soft); font-size: 0.8125rem; }
.filters label:first-of-type { flex-grow: 2; }
input { width: 100%; min-height: var(--touch); padding: 0.25rem 0.6rem; border: 1px solid var(--hairline-firm); border-radius: 4px; background: var(--paper); color: var(--ink); font: inherit; }
input::placeholder { color: var(--ink-soft); opacity: 1; }
button, .button { display: inline-flex; align-items: center; min-height: var(--touch); padding: 0.25rem 1rem; border: 1px solid var(--hairline-firm); border-radius: 4px; background: var(--tint); color: var(--ink); font: inherit; text-decoration: none; cursor: pointer; }
button:hover, .button:hover { border-color: var(--ink); }

.messages > li + li { border-top: 1px solid var(--hairline); }
.message { padding: 0.9rem 0 0.9rem 1rem; border-inline-start: 3px solid var(--c6); }
.message.user { border-inline-start-color: var(--c1); }
.message.assistant { border-inline-start-color: var(--c2); }
.message.tool { border-inline-start-color: var(--c3); }
.message:target { background: var(--tint); }
.message .fine strong { color: var(--ink); font-weight: 500; }
.message .text { max-width: 74ch; white-space: pre-wrap; }
details > summary { display: inline-block; min-height: 24px; cursor: pointer; color: var(--ink-soft); font-size: 0.8125rem; }
details > summary::before { content: '▸ '; }
details[open] > summary::before { content: '▾ '; }
pre { max-height: 26rem; margin: 0.4rem 0 0.6rem; padding: 0.75rem 1rem; overflow: auto; border: 1px solid var(--hairline); background: var(--desk); white-space: pre-wrap; }
.found > li { padding: 0.75rem 0; border-bottom: 1px solid var(--hairline); }
.found > li > a { text-decoration: none; white-space: pre-wrap; }
.found > li > a:hover { text-decoration: underline; text-decoration-color: var(--hairline-firm); }
.events { columns: 22rem; column-gap: 2rem; }
.events li { break-inside: avoid; }
.events summary { color: var(--ink); }

.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)); gap: 2rem 2.5rem; align-items: start; }
.chart { min-width: 0; }
.chart figcaption { font: 400 1.125rem/1.4 var(--serif); }
.chart .fine { margin-top: 0.25rem; }
.chart details { margin-top: 0.35rem; }
.chart tbody th { min-width: 0; }
.chart details .scroll { max-width: 34rem; max-height: 20rem; overflow: auto; }
.drawing { overflow-x: auto; }
.plot { display: block; width: 100%; min-width: 21rem; max-width: 34rem; height: auto; margin-top: 0.5rem; color: var(--ink-soft); font-family: inherit; font-size: 12px; }
.plot.lying { min-width: 20rem; max-width: 30rem; }
.plot text { white-space: pre; }
.legend { display: flex; flex-wrap: wrap; gap: 0.15rem 1.1rem; margin-top: 0.35rem; color: var(--ink-soft); font-size: 0.8125rem; }
.legend li { display: inline-flex; align-items: center; gap: 0.4rem; }
.legend svg { width: 0.7rem; height: 0.7rem; }

@media (max-width: 40rem) {
  main { padding: 1.25rem 1rem 3rem; }
  .top { padding-inline: 1rem; }
  h1 { font-size: 1.5rem; }
  .stacking thead { display: none; }
  .stacking, .stacking tbody, .stacking tr, .stacking th, .stacking td { display: block; }
  .stacking tr { padding: 0.65rem 0; border-bottom: 1px solid var(--hairline); }
  .stacking th, .stacking td { padding: 0.1rem 0; border: 0; text-align: start; }
  .stacking td::before { content: attr(data-name) ' '; color: var(--ink-soft); }
  .tiles { grid-template-columns: 1fr 1fr; }
  .tiles dd { font-size: 1.125rem; }
  .tiles > div:last-child:nth-child(odd) { grid-column: 1 / -1; }
}
@media (forced-colors: active) {
  .health li::before { forced-color-adjust: none; }
}
`
