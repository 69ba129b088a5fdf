import { type Html, html } from './html.js'

/** A whole page. Everything on it works without JavaScript; the script adds what comes while one waits. */
export function page(title: string, body: Html, { hasScript = false } = {}): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/page.css" />
        ${hasScript ? html`<script type="module" src="/page.js"></script>` : undefined}
      </head>
      <body class="${hasScript ? 'shop' : 'sheet'}">
        ${body}
      </body>
    </html>`.text
}

/** A page of its own, for one thing. */
export function sheet(title: string, body: Html): string {
  return page(
    title,
    html`<header><a class="name" href="/">Shopping Assistant</a></header>
      <main>
        <h1>${title}</h1>
        ${body}
        <p><a href="/">Back to the shop</a></p>
      </main>`,
  )
}
