import { checkOptions } from '../options.js'
import { parseTitle } from '../parse.js'
import type { ChangeOptions } from '../service/change-options.js'
import type { LiveSession } from '../service/live-session.js'

/** Changes title or label. @throws `invalid` */
export async function editSession(
  live: LiveSession,
  change: { readonly title?: string; readonly label?: string },
  options?: ChangeOptions,
): Promise<void> {
  checkOptions(change, { title: 'text', label: 'text' }, 'change')
  const { record } = await live.update((body) => body, {
    ...options,
    ...(change.title === undefined ? {} : { title: parseTitle(change.title) }),
    ...(change.label === undefined ? {} : { label: parseTitle(change.label, 'label') }),
  })
  live.emit('session.edited', record, {})
}
