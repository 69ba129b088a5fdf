import { checkOptions } from '../options.js'
import { parseTitle } from '../parse.js'
import type { ChangeOptions } from '../service/change-options.js'
import { storeAfter } from '../service/store-after.js'
import type { LiveSession } from '../service/live-session.js'

/** Changes title or label. @throws `invalid` */
export async function editSession(
  live: LiveSession,
  change: { readonly title?: string; readonly label?: string },
  options?: ChangeOptions,
): Promise<void> {
  checkOptions(change, { title: 'text', label: 'text' }, 'change')
  const title = change.title === undefined ? undefined : parseTitle(change.title)
  const label = change.label === undefined ? undefined : parseTitle(change.label, 'label')
  const { redaction } = live.service
  const shown =
    title === undefined || redaction === undefined
      ? title
      : await storeAfter(live, redaction.title(title, 'title'))
  const { record, isRepeat } = await live.update((body) => body, {
    ...options,
    ...(shown === undefined ? {} : { title: shown }),
    ...(label === undefined ? {} : { label }),
  })
  if (isRepeat !== true) live.emit('session.edited', record, {})
}
