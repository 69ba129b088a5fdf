import { markup, type Html } from './markup.js'

/** What every page is made of. */
export interface PageParts {
  readonly basePath: string
  readonly title: string
  /** Which of the sections it belongs to. */
  readonly section?: 'overview' | 'sessions' | 'insights'
  readonly tenantId?: string
  readonly body: Html
}

const sections = [
  ['overview', 'Overview', ''],
  ['sessions', 'Sessions', '/sessions'],
  ['insights', 'Insights', '/insights'],
] as const

/** A whole document. It has no script: every page works as it was sent. */
export function page({ basePath, title, section, tenantId, body }: PageParts): string {
  const links = sections.map(
    ([name, label, path]) =>
      markup`<li>
        <a href="${`${basePath}${path}` || '/'}" ${name === section && markup` aria-current="page"`}>${label}</a>
      </li>`,
  )
  const document = markup`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta name="robots" content="noindex" />
      <title>${title} · Inspector</title>
      <link rel="stylesheet" href="${basePath}/style.css" />
    </head>
    <body>
      <a class="skip" href="#content">To the content</a>
      <header class="top">
        <p class="brand">Inspector${tenantId !== undefined && markup` <span>${tenantId}</span>`}</p>
        <nav aria-label="Sections">
          <ul>
            ${links}
          </ul>
        </nav>
      </header>
      <main id="content" tabindex="-1">${body}</main>
    </body>
  </html> `
  return `<!doctype html>\n${document.toString()}`
}

/** A page that says why there is nothing to see. */
export function notice(basePath: string, title: string, text: string): string {
  return page({
    basePath,
    title,
    body: markup`<h1>${title}</h1>
      <p class="lead">${text}</p>`,
  })
}
