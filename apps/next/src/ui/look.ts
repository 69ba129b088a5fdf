import { cookies } from 'next/headers'
import type { Clock } from './clock.ts'
import type { ThemeChoice } from './desk/theme-switch.tsx'

/** The look that this browser has chosen before, from its cookies. */
export interface Look {
  readonly theme: ThemeChoice
  readonly isInspectorUnfolded: boolean
  readonly clock: Clock
}

export async function readLook(): Promise<Look> {
  const jar = await cookies()
  const theme = jar.get('chat_theme')?.value
  return {
    theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
    isInspectorUnfolded: jar.get('chat_inspector')?.value !== 'folded',
    clock: { now: Date.now(), timeZone: zoneOf(jar.get('chat_zone')?.value) },
  }
}

function zoneOf(value: string | undefined): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone
  } catch {
    return 'UTC'
  }
}
