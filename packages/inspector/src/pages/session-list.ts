import type { SessionRecord } from '@sessions/core'
import { bytes, count, moment } from '../format.js'
import { markup, type Html } from '../markup.js'
import type { Look } from '../options.js'

const pageSize = 50

/** The sessions of the tenant, or what a search finds in them. */
export async function sessionListPage(look: Look): Promise<Html> {
  const { searchParams } = look.url
  const text = searchParams.get('q') ?? ''
  const userId = searchParams.get('user') ?? ''
  const label = searchParams.get('label') ?? ''
  const cursor = searchParams.get('cursor') ?? ''
  const filters = { q: text, user: userId, label }
  return markup`<h1>Sessions</h1>
    <form class="filters" method="get" action="${look.basePath}/sessions">
      <label
        >Said <input type="search" name="q" value="${text}" maxlength="500" placeholder="Words of a message"
      /></label>
      <label>User <input name="user" value="${userId}" maxlength="200" /></label>
      <label>Label <input name="label" value="${label}" maxlength="200" /></label>
      <button>Find</button>
    </form>
    ${text === '' ? await listed(look, { userId, label, cursor }, filters) : await found(look, { text, userId, cursor }, filters)}`
}

interface Wanted {
  readonly userId: string
  readonly cursor: string
}

async function listed(
  look: Look,
  { userId, label, cursor }: Wanted & { readonly label: string },
  filters: Readonly<Record<string, string>>,
): Promise<Html> {
  const page = await look.sessions.for(look.identity).list({
    limit: pageSize,
    ...(userId === '' ? {} : { userId }),
    ...(label === '' ? {} : { label }),
    ...(cursor === '' ? {} : { cursor }),
  })
  return markup`${sessionTable(look, page.items)}${more(look, filters, page.cursor)}`
}

async function found(
  look: Look,
  { text, userId, cursor }: Wanted & { readonly text: string },
  filters: Readonly<Record<string, string>>,
): Promise<Html> {
  const { items, complete, ...page } = await look.sessions.for(look.identity).search({
    text,
    limit: pageSize,
    ...(userId === '' ? {} : { userId }),
    ...(cursor === '' ? {} : { cursor }),
  })
  const rows = items.map(
    ({ sessionId, seq, role, at, excerpt }) =>
      markup`<li>
        <a dir="auto" href="${sessionPath(look, sessionId)}?before=${seq + 1}#m${seq}">${marked(excerpt)}</a>
        <p class="fine">${role}, ${moment(at)}, message ${seq} of ${sessionId}</p>
      </li>`,
  )
  return markup`${
    items.length === 0
      ? markup`<p class="none">
          ${page.cursor === undefined ? 'Nothing was found.' : 'Nothing yet; there is more to look at.'}
        </p>`
      : markup`<ol class="found">
          ${rows}
        </ol>`
  }${!complete && markup`<p class="fine">There may be more: the index is not complete.</p>`}${more(look, filters, page.cursor)}`
}

function marked({
  text,
  marks,
}: {
  readonly text: string
  readonly marks: readonly (readonly [number, number])[]
}): Html {
  let last = 0
  const pieces = marks.map(([from, to]) => {
    const before = text.slice(last, from)
    last = to
    return markup`${before}<mark>${text.slice(from, to)}</mark>`
  })
  return markup`${pieces}${text.slice(last)}`
}

function more(
  look: Look,
  filters: Readonly<Record<string, string>>,
  cursor: string | undefined,
): Html | undefined {
  if (cursor === undefined) return undefined
  const query = new URLSearchParams({ ...filters, cursor })
  return markup`<p class="more">
    <a class="button" href="${look.basePath}/sessions?${query.toString()}">Earlier</a>
  </p>`
}

// As a segment of a path, `.` and `..` would lead elsewhere, however they are spelled.
const before = '~'
const needsMark = /^(?:~|\.{1,2}$)/

export const sessionPath = ({ basePath }: Look, id: string): string =>
  `${basePath}/sessions/${needsMark.test(id) ? before : ''}${encodeURIComponent(id)}`

/** The id in a segment that `sessionPath` has made; undefined when it made none like it. */
export function idIn(segment: string): string | undefined {
  try {
    const id = decodeURIComponent(segment)
    return id.startsWith(before) ? id.slice(before.length) : id
  } catch {
    return undefined
  }
}

/** A row a session, each of which leads to it. */
export function sessionTable(look: Look, records: readonly SessionRecord[]): Html {
  if (records.length === 0) return markup`<p class="none">There is no session.</p>`
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="Sessions">
    <table class="stacking">
      <thead>
        <tr>
          <th scope="col">Session</th>
          <th scope="col">User</th>
          <th scope="col">Last written</th>
          <th scope="col">Ends</th>
          <th scope="col" class="number">Messages</th>
          <th scope="col" class="number">Text</th>
        </tr>
      </thead>
      <tbody>
        ${records.map(
          (record) =>
            markup`<tr>
              <th scope="row">
                <a dir="auto" href="${sessionPath(look, record.id)}">${record.title ?? record.id}</a
                >${record.label !== undefined && markup` <span class="label">${record.label}</span>`}
              </th>
              <td data-name="User">${record.userId ?? markup`<span class="none">guest</span>`}</td>
              <td data-name="Last written">${moment(record.updatedAt)}</td>
              <td data-name="Ends">${moment(record.expiresAt)}</td>
              <td data-name="Messages" class="number">${count(record.lastSeq - record.trimmedSeq)}</td>
              <td data-name="Text" class="number">${bytes(record.bytes)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}
